"""Parts of a long text: each is a message of its own, the last of them the text's own row."""

from typing import Any

from sqlalchemy import and_, insert, update

from storage.database import Transaction
from storage.records import Message
from storage.tables import messages

PART = "part"  # in the content of a long text: how many messages of it are out already
_KEPT = (
    "kind",
    "chat_id",
    "thread_id",
    "language",
    "content",
    "due_at",
    "attempts",
    "doubts",
    "correlation_id",
    "created_at",
)


def part_of(message: Message) -> int:
    """Which part of a text is next, from 0."""
    return int(message.content.get(PART, 0))


def end(tx: Transaction, message: Message, outcome: dict[str, Any], *, by: str) -> None:
    """Write how a part of a long text ended, as a row of its own; the text waits for its next part.

    It keeps its number, so nothing written later for its chat comes between. `outcome` has the columns state,
    sent_id, reason and sent_at. Once it waits again, a second time changes nothing.
    """
    part = part_of(message)
    due_at = min(message.due_at, outcome["sent_at"])  # should the clock be set back, it is due all the same
    rest = {"content": {**message.content, PART: part + 1}, "due_at": due_at}
    is_mine = and_(messages.c.state == "sending", messages.c.sender == by)
    text = update(messages).where(messages.c.id == message.id, is_mine)
    if tx.execute(text.values(state="waiting", doubts=0, attempts=0, **rest)).rowcount:
        kept = {name: getattr(message, name) for name in _KEPT}
        known = {"dedup_id": f"part:{message.id}:{part}", "reply_to": None if part else message.reply_to}
        tx.execute(insert(messages).values(**kept, **known, **outcome))
