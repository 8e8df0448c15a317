"""Roles: who may look up, and who may change how the hub runs.

admin: named by ADMIN_IDS, claimed by /start CODE, or an administrator of ADMIN_CHAT_ID. staff: named by
STAFF_IDS or /staff add, or a member of ADMIN_CHAT_ID. Administrators of other groups have no say here.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from services.engine.clock import Clock
from services.engine.errors import Anonymous, NotAllowed, Unavailable
from services.flow.places import Asker, Place
from storage import chats, members, people
from storage.database import Database
from storage.records import Member

Role = Literal["everyone", "staff", "admin"]
RANK = {"everyone": 0, "staff": 1, "admin": 2}
BELIEVED = timedelta(seconds=60)  # how long Telegram's word about a member is good for
ADMINISTERS = {"creator", "administrator"}
BELONGS = {*ADMINISTERS, "member", "restricted"}


class ChatMembers(Protocol):
    """Telegram's own word about who is what in a chat."""

    async def status(self, chat_id: int, user_id: int) -> str:
        """creator, administrator, member, restricted, left or kicked. Raises Unavailable."""
        ...

    async def administrators(self, chat_id: int) -> dict[int, str]:
        """Who administers a chat and may be named: user id → status; no bots. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """Who the settings name."""

    admins: frozenset[int] = frozenset()
    staff: frozenset[int] = frozenset()
    admin_chat: int | None = None


class Roles:
    """Answers who may do what. What Telegram says is kept in the database and believed for a minute."""

    def __init__(self, database: Database, clock: Clock, members: ChatMembers, named: Named) -> None:
        self._database = database
        self._clock = clock
        self._members = members
        self._named = named

    async def of(self, user_id: int | None, *, afresh: bool = False) -> Role:
        """A person's role. `afresh` asks Telegram now, for decisions, and raises Unavailable without it."""
        if user_id is None:
            return "everyone"
        if user_id in self._named.admins:
            return "admin"
        person = await self._database.read(lambda tx: people.by_id(tx, user_id))
        given = person.role if person else None
        if given == "admin":
            return "admin"
        chat = await self.admin_chat()
        status = await self.status(chat, user_id, afresh=afresh) if chat else "left"
        if status in ADMINISTERS:
            return "admin"
        is_staff = given == "staff" or user_id in self._named.staff or status in BELONGS
        return "staff" if is_staff else "everyone"

    async def is_admin(self, user_id: int | None, *, afresh: bool = False) -> bool:
        """Whether this person may change how the hub runs."""
        return await self.of(user_id, afresh=afresh) == "admin"

    async def require(self, asker: Asker, role: Role, place: Place, *, changes: bool) -> None:
        """Raise NotAllowed unless the asker has the role, or Anonymous when nobody knows who they are.

        What `changes` something asks Telegram afresh. In ADMIN_CHAT_ID the nameless may read.
        """
        if role == "everyone":
            return
        if asker.user_id is None:
            if changes or place.chat_id != await self.admin_chat():
                raise Anonymous("asked in a group's name")
            return
        if RANK[await self.of(asker.user_id, afresh=changes)] < RANK[role]:
            raise NotAllowed(f"needs {role}")

    async def admin_chat(self) -> int | None:
        """The group of ADMIN_CHAT_ID by the number it has now."""
        number = self._named.admin_chat
        if number is None:
            return None
        chat = await self._database.read(lambda tx: chats.by_id(tx, number))
        return (chat.moved_to if chat else None) or number

    async def admins(self) -> frozenset[int]:
        """The admins that are known by name, however they became it."""
        claimed = await self._database.read(lambda tx: people.with_role(tx, "admin"))
        chat = await self.admin_chat()
        there = await self._administrators(chat) if chat else frozenset()
        return self._named.admins | frozenset(claimed) | there

    async def has_admin(self) -> bool:
        """Whether there is anybody to decide."""
        return self._named.admin_chat is not None or bool(await self.admins())

    async def status(self, chat_id: int, user_id: int, *, afresh: bool = False) -> str:
        """What somebody is in a chat. An outage of Telegram leaves the last word, except `afresh`."""
        known = await self._database.read(lambda tx: members.of(tx, chat_id, user_id))
        now = self._clock.now()
        if known and not afresh and now - known.checked_at <= BELIEVED:
            return known.status
        try:
            status = await self._members.status(chat_id, user_id)
        except Unavailable:
            if known is None or afresh:
                raise
            return known.status
        member = Member(chat_id, user_id, status, self._clock.now())
        await self._database.write(lambda tx: members.note(tx, member))
        return status

    async def administers(self, chat_id: int, user_id: int) -> bool:
        """Whether somebody administers that chat, as Telegram says now. Raises Unavailable."""
        return await self.status(chat_id, user_id, afresh=True) in ADMINISTERS

    async def _administrators(self, chat_id: int) -> frozenset[int]:
        known = await self._database.read(lambda tx: members.with_status(tx, chat_id, ADMINISTERS))
        return frozenset(known)
