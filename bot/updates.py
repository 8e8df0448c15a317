"""A raw update on its way into the inbox: only what storing it needs is looked at."""

from collections.abc import Sequence
from typing import Any

import msgspec

from services.engine.errors import Refused
from services.engine.inbox import Inbox, Offer, Receipt
from services.engine.observability import Counters, bound, current_correlation_id, new_correlation_id
from services.flow.places import chat_key

TOPIC = "telegram"

# core.telegram.org/bots/api#update; asked for by name, because an omitted list keeps the previous one.
ALLOWED = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
    "message_reaction_count",
)


class _Chat(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    chat: _Chat


class _Person(msgspec.Struct):
    id: int
    language_code: Any = None


class _Event(msgspec.Struct):
    """Whatever an update is about, as far as it names a chat or at least a person."""

    chat: _Chat | None = None
    message: _Message | None = None
    sender: _Person | None = msgspec.field(default=None, name="from")
    user: _Person | None = None


class Peek(msgspec.Struct, frozen=True):
    """What storing an update needs: its number, its kind and its chat (or person, or 0).

    `language` is what its person's Telegram speaks, for when nobody gets to read more of it than this.
    """

    update_id: int
    kind: str
    chat_id: int
    language: str | None = None


def peek(raw: bytes) -> Peek:
    """Look at an update without building it. Raises Refused for what is no update at all."""
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        update_id = msgspec.json.decode(fields.pop("update_id"), type=int)
        raw.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError) as error:
        raise Refused(f"not an update: {error}") from error
    if not 0 <= update_id < 2**63:
        raise Refused("not an update: its number is out of range")
    kind = next(iter(fields), "empty")
    event = _event(fields.get(kind))
    return Peek(update_id, kind, _chat_of(event), _language_of(event))


def _event(raw: msgspec.Raw | None) -> _Event:
    try:
        return msgspec.json.decode(raw or b"{}", type=_Event)
    except (msgspec.DecodeError, RecursionError):
        return _Event()  # of a shape nobody knows yet: stored all the same, the worker counts it


def _chat_of(event: _Event) -> int:
    chat = event.chat or (event.message.chat if event.message else event.sender)
    return chat.id if chat and -(2**63) <= chat.id < 2**63 else 0


def _language_of(event: _Event) -> str | None:
    person = event.sender or event.user
    return person.language_code if person and isinstance(person.language_code, str) else None


class Intake:
    """Stores updates once, however they come."""

    def __init__(self, inbox: Inbox, counters: Counters, bot_id: int) -> None:
        """`bot_id` keeps the update numbers of different bots on one database apart."""
        self._inbox = inbox
        self._counters = counters
        self._bot_id = bot_id

    async def accept(self, raw: bytes) -> Receipt:
        """Store an update; durable when this returns. Raises Refused, StorageUnavailable."""
        with bound(current_correlation_id() or new_correlation_id()):
            return await self._inbox.accept(TOPIC, *self._offer(raw))

    async def accept_all(self, raws: Sequence[bytes]) -> list[Receipt | Refused]:
        """Store the updates of one answer in one commit; what is no update comes back as Refused.

        Raises StorageUnavailable, and then some of them may be stored.
        """
        seen = [self._offer_or_refusal(raw) for raw in raws]
        offers = [each for each in seen if isinstance(each, Offer)]
        stored = iter(await self._inbox.accept_all(TOPIC, offers))
        return [next(stored) if isinstance(each, Offer) else each for each in seen]

    def _offer_or_refusal(self, raw: bytes) -> Offer | Refused:
        try:
            return self._offer(raw)
        except Refused as error:
            return error

    def _offer(self, raw: bytes) -> Offer:
        seen = peek(raw)
        self._counters.telegram_update(seen.kind if seen.kind in ALLOWED else "other")
        return Offer(chat_key(seen.chat_id), f"{self._bot_id}:{seen.update_id}", raw.decode())
