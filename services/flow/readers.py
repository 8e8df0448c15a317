"""Who reads notices: the chats that want them, in their language, and when they want quiet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.flow.notice_kinds import NoticeKind
from services.flow.people import ours
from services.flow.quiet_hours import QuietHours
from storage import chat_notices, chats, notices, people
from storage.database import Transaction
from storage.records import Chat


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat that may get notices; `home` ones get every kind that was not switched off there.

    One that was not `seen` may be a number in the settings with no chat behind it.
    """

    chat_id: int
    seen: bool
    language: str
    home: bool
    switched: dict[str, bool]
    quiet: QuietHours | None

    @property
    def private(self) -> bool:
        """Whether it is one person's chat with the bot."""
        return self.chat_id > 0

    def wants(self, kind: NoticeKind) -> bool:
        """Whether it gets notices of the kind."""
        return self.switched.get(kind.name, self.home)

    def hears(self, kind: NoticeKind, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it may be written to now: quiet hours are for what can wait."""
        return kind.urgent or self.quiet is None or not self.quiet.cover(now, zone)


class Readers:
    """Finds the readers. ADMIN_CHAT_ID is their home, without it each admin's private chat."""

    def __init__(self, language: str) -> None:
        """`language` is that of chats which never chose nor spoke one."""
        self._default = language

    def all(self, tx: Transaction, admins: frozenset[int], admin_chat: int | None) -> Iterator[Reader]:
        """Everybody who may want to be told something."""
        switched = chat_notices.switches(tx)
        homes = {admin_chat} if admin_chat else set(admins)
        for chat_id in sorted(homes | switched.keys()):
            if chat_id > 0 and chat_id not in admins:  # one who was an admin once
                continue
            chat = chats.by_id(tx, chat_id)
            if chat_id == admin_chat if chat is None else chat.active:
                yield self.of(tx, chat_id, chat, chat_id in homes, switched.get(chat_id, {}))

    def of(
        self, tx: Transaction, chat_id: int, chat: Chat | None, home: bool, switched: dict[str, bool]
    ) -> Reader:
        """One chat as a reader."""
        quiet = QuietHours.of(chat.quiet_from, chat.quiet_until) if chat else None
        return Reader(chat_id, chat is not None, self._language(tx, chat_id, chat), home, switched, quiet)

    def _language(self, tx: Transaction, chat_id: int, chat: Chat | None) -> str:
        """The chat's own; a person's chosen one, their Telegram's, what was last spoken; else the hub's."""
        chosen = chat.language if chat else None
        if chosen is None and chat_id > 0:
            person = people.by_id(tx, chat_id)
            own = (person.language or ours(person.spoken)) if person else None
            chosen = own or notices.language_spoken(tx, chat_id)
        return chosen or self._default
