"""Members: Telegram's word about who is what in a chat, kept in the database and believed for a minute."""

from datetime import datetime, timedelta
from typing import Protocol

from services.engine.clock import Clock
from services.engine.errors import HubError, Unavailable
from storage import chats, members
from storage.database import Database, Transaction
from storage.records import Member

BELIEVED = timedelta(seconds=60)  # how long the last word is good for
TRUSTED = timedelta(hours=1)  # how long it is made do with while Telegram does not answer
ADMINISTERS = frozenset({"creator", "administrator"})
BELONGS = ADMINISTERS | {"member", "restricted"}
# Telegram dates what it tells in whole seconds: within one, what it tells is newer than what it answered.
SECOND = timedelta(seconds=1)


class ChatMoved(HubError):
    """The group has become `chat_id`."""

    def __init__(self, chat_id: int) -> None:
        super().__init__(f"the group is now {chat_id}")
        self.chat_id = chat_id


class ChatMembers(Protocol):
    """Telegram's own word about who is what in a chat."""

    async def status(self, chat_id: int, user_id: int) -> str:
        """creator, administrator, member, restricted, left or kicked. Raises Unavailable, ChatMoved."""
        ...

    async def administrators(self, chat_id: int) -> dict[int, str]:
        """Who administers a chat: user id → status; no bots. Raises Unavailable, ChatMoved."""
        ...


class Members:
    """Asks Telegram, or believes what it said lately."""

    def __init__(self, database: Database, clock: Clock, telegram: ChatMembers) -> None:
        self._database = database
        self._clock = clock
        self._telegram = telegram

    async def status(self, chat_id: int, user_id: int, *, afresh: bool = False) -> str:
        """What somebody is in a chat. Raises Unavailable.

        An outage of Telegram leaves the last word for an hour, but not to who asks `afresh`.
        """
        known = await self._database.read(lambda tx: members.of(tx, chat_id, user_id))
        asked = self._clock.now()
        if known and not afresh and asked - known.checked_at <= BELIEVED:
            return known.status
        try:
            status = await self._telegram.status(chat_id, user_id)
        except ChatMoved as moved:
            await self._move(chat_id, moved.chat_id)
            return await self.status(moved.chat_id, user_id, afresh=afresh)
        except Unavailable:
            if known is None or afresh or asked - known.checked_at > TRUSTED:
                raise
            return known.status
        member = Member(chat_id, user_id, status, asked)
        await self._database.write(lambda tx: members.note(tx, member))
        return status

    async def refresh(self, chat_id: int) -> None:
        """Ask for all administrators of a chat, so that `administrators` knows them. Raises Unavailable."""
        asked = self._clock.now()
        try:
            found = await self._telegram.administrators(chat_id)
        except ChatMoved as moved:
            await self._move(chat_id, moved.chat_id)
            return await self.refresh(moved.chat_id)

        def unit(tx: Transaction) -> None:
            members.forget(tx, chat_id, ADMINISTERS, but=found, until=asked)
            for user_id in sorted(found):  # in one order, so that two processes do not wait for each other
                members.note(tx, Member(chat_id, user_id, found[user_id], asked))

        await self._database.write(unit)
        return None

    def told(self, tx: Transaction, chat_id: int, user_id: int, status: str, at: datetime) -> None:
        """Keep what Telegram tells by itself. `at` is Telegram's date, in whole seconds."""
        heard = min(at + SECOND, self._clock.now())
        members.note(tx, Member(chat_id, user_id, status, heard))

    async def those(self, chat_id: int, statuses: frozenset[str]) -> list[int]:
        """Who was last said to be one of these in a chat."""
        return await self._database.read(lambda tx: members.with_status(tx, chat_id, statuses))

    async def _move(self, old: int, new: int) -> None:
        now = self._clock.now()
        await self._database.write(lambda tx: chats.move(tx, old, new, at=now))
