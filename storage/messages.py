"""The outbox's rows: waiting → sending → sent | failed | dropped | unknown."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from storage.database import Transaction
from storage.records import Message
from storage.tables import messages
from storage.texts import storable
from storage.upserts import insert_of, is_postgres

_COLUMNS = (
    messages.c.id,
    messages.c.kind,
    messages.c.chat_id,
    messages.c.thread_id,
    messages.c.reply_to,
    messages.c.target,
    messages.c.target_row,
    messages.c.language,
    messages.c.content,
    messages.c.state,
    messages.c.due_at,
    messages.c.attempts,
    messages.c.doubts,
    messages.c.sent_id,
    messages.c.correlation_id,
    messages.c.created_at,
)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A row to be written; see records.Message for the fields."""

    kind: str
    chat_id: int
    content: Any
    language: str
    correlation_id: str
    created_at: datetime
    due_at: datetime
    thread_id: int | None = None
    reply_to: int | None = None
    target: int | None = None
    target_row: int | None = None
    dedup_id: str | None = None
    job_id: int | None = None


def put(tx: Transaction, row: NewMessage) -> int | None:
    """Store a message; its id, or None when its dedup id is known already."""
    values = {name: getattr(row, name) for name in NewMessage.__slots__} | {"state": "waiting"}
    row_id: int | None = tx.execute(_put(is_postgres(tx)), values).scalar()
    return row_id


@functools.cache
def _put(postgres: bool) -> Any:
    return (
        insert_of(postgres, messages)
        .on_conflict_do_nothing(index_elements=["dedup_id"])
        .returning(messages.c.id)
    )


# Written out, not bound: only so does the planner see that the partial indexes apply.
_WAITING: ColumnElement[str] = literal_column("'waiting'")
_first_answer = func.min(case((messages.c.kind == "answer", messages.c.id)))
_first_but_reactions = func.min(case((messages.c.kind != "reaction", messages.c.id)))
_turns = (
    select(func.coalesce(_first_answer, _first_but_reactions, func.min(messages.c.id)))
    .where(
        messages.c.state == _WAITING,
        or_(messages.c.due_at <= bindparam("now"), messages.c.attempts > 0),
        messages.c.chat_id.not_in(bindparam("busy", expanding=True)),
        or_(messages.c.kind == "answer", messages.c.chat_id.not_in(bindparam("resting", expanding=True))),
    )
    .group_by(messages.c.chat_id)
)
_DUE: Select[Any] = (
    select(*_COLUMNS)
    .where(messages.c.id.in_(_turns), messages.c.due_at <= bindparam("now"))
    # Somebody waits for the answer to a press; texts, which leave one by one, must not crowd out the rest.
    .order_by(case((messages.c.kind == "answer", 0), (messages.c.kind == "text", 2), else_=1), messages.c.id)
    .limit(bindparam("most"))
)


def due(
    tx: Transaction, now: datetime, *, busy_chats: Sequence[int], resting_chats: Sequence[int] = (), most: int
) -> list[Message]:
    """The next message of each chat that is not busy: answers to presses first, then in order written.

    Of a resting chat only answers. Reactions hang on nothing we wrote: they come after what else waits, so
    that many of them make no text late. A message that waits for another try holds up the later ones of its
    chat, one put off on purpose does not.
    """
    values = {"now": now, "busy": list(busy_chats), "resting": list(resting_chats), "most": most}
    return [Message(*row) for row in tx.execute(_DUE, values).all()]


_NEXT_DUE = select(func.min(messages.c.due_at)).where(
    messages.c.state == _WAITING, messages.c.due_at > bindparam("now")
)


def next_due(tx: Transaction, now: datetime) -> datetime | None:
    """When the next message that waits for its time will be due."""
    moment: datetime | None = tx.execute(_NEXT_DUE, {"now": now}).scalar()
    return moment


def _in_hand(by: Any) -> ColumnElement[bool]:
    """Not ended, and not in the hands of another process: one that took over knows better."""
    mine = and_(messages.c.state == "sending", messages.c.sender == by)
    return or_(messages.c.state == _WAITING, mine)


_BEGIN = (
    update(messages)
    .where(messages.c.id == bindparam("of_id"), _in_hand(bindparam("by")))
    .values(state="sending", sender=bindparam("by"), begun_at=bindparam("at"))
)


def begin(tx: Transaction, message_id: int, *, by: str, at: datetime) -> bool:
    """Mark a message as being sent by a process, before the call; False when it is not waiting any more.

    The same process may do it again, when it does not know whether the first time was kept.
    """
    return tx.execute(_BEGIN, {"of_id": message_id, "by": by, "at": at}).rowcount == 1


_END = (
    update(messages)
    .where(messages.c.id == bindparam("of_id"), _in_hand(bindparam("by")))
    .values(
        state=bindparam("new_state"),
        sent_id=func.coalesce(bindparam("new_sent_id", type_=messages.c.sent_id.type), messages.c.sent_id),
        sent_at=bindparam("at", type_=messages.c.sent_at.type),
        reason=bindparam("new_reason"),
    )
)


def end(
    tx: Transaction,
    message_id: int,
    state: str,
    *,
    at: datetime,
    by: str | None = None,
    sent_id: int | None = None,
    reason: str | None = None,
) -> None:
    """Write the outcome: sent (with the chat's number of it), failed, dropped or unknown (with a reason)."""
    values = {
        "of_id": message_id,
        "by": by,
        "new_state": state,
        "new_sent_id": sent_id,
        "at": at,
        "new_reason": storable(reason) if reason else None,
    }
    tx.execute(_END, values)


def gone_since(tx: Transaction, since: datetime) -> list[tuple[int, str, datetime]]:
    """(chat, kind, moment) of what went to Telegram since then, or may have; oldest first."""
    ended: ColumnElement[bool] = literal_column("messages.state IN ('sent', 'failed', 'dropped', 'unknown')")
    went = and_(ended, messages.c.sent_at > since, messages.c.state.in_(("sent", "failed", "unknown")))
    going = and_(messages.c.state == literal_column("'sending'"), messages.c.begun_at > since)
    found = [
        (row.chat_id, row.kind, row.moment)
        for moment, condition in ((messages.c.sent_at, went), (messages.c.begun_at, going))
        for row in tx.execute(
            select(messages.c.chat_id, messages.c.kind, moment.label("moment")).where(condition)
        )
    ]
    return sorted(found, key=lambda each: each[2])


def again(
    tx: Transaction,
    message_id: int,
    *,
    due_at: datetime,
    reason: str,
    by: str | None = None,
    doubtful: bool = False,
) -> None:
    """Put a message back after a try; `doubtful` when it may have arrived all the same."""
    changed = {
        "state": "waiting",
        "due_at": due_at,
        "reason": storable(reason),
        "attempts": messages.c.attempts + 1,
        "doubts": messages.c.doubts + (1 if doubtful else 0),
    }
    tx.execute(update(messages).where(messages.c.id == message_id, _in_hand(by)).values(changed))


def move_to_general(tx: Transaction, message_id: int) -> None:
    """Forget the topic of a message whose topic is gone."""
    tx.execute(update(messages).where(messages.c.id == message_id).values(thread_id=None))


def hold(tx: Transaction, message_id: int) -> None:
    """Keep a row to this transaction, so that of two that tell what it shows the later sees the earlier."""
    tx.execute(select(messages.c.id).where(messages.c.id == message_id).with_for_update())


def cancel(tx: Transaction, dedup_id: str) -> None:
    """Take back a message that has not gone out yet."""
    tx.execute(
        update(messages)
        .where(messages.c.dedup_id == dedup_id, messages.c.state == "waiting")
        .values(state="dropped", reason="taken back")
    )


def drop_older_edits(tx: Transaction, newer_id: int, newer: NewMessage) -> None:
    """Drop the edits of the same message that have not gone out yet."""
    same = (
        messages.c.chat_id == newer.chat_id,
        messages.c.target_row.is_not_distinct_from(newer.target_row),
        messages.c.target.is_not_distinct_from(newer.target),
    )
    older = (messages.c.state == _WAITING, messages.c.kind == "edit", messages.c.id < newer_id, *same)
    dropped = {"state": "dropped", "reason": "a newer edit", "sent_at": newer.created_at}
    tx.execute(update(messages).where(*older).values(dropped))


def drop_for_chat(tx: Transaction, chat_id: int, *, at: datetime, reason: str) -> int:
    """Drop what still waits for a chat that takes nothing any more."""
    return tx.execute(
        update(messages)
        .where(messages.c.chat_id == chat_id, messages.c.state == "waiting")
        .values(state="dropped", reason=reason, sent_at=at)
    ).rowcount


def _count_of(state: str) -> Any:
    written: ColumnElement[str] = literal_column(f"'{state}'")
    return select(written, func.count()).where(messages.c.state == written)


# One look a state: each has a partial index that holds few rows.
_COUNTS = union_all(*map(_count_of, ("waiting", "sending")))
_LOST_COUNTS = (
    select(messages.c.state, func.count())
    .where(literal_column("messages.state IN ('failed', 'unknown')"))
    .group_by(messages.c.state)
)


def counts(tx: Transaction) -> dict[str, int]:
    """How many messages per state, sent and dropped ones left out."""
    found = [*tx.execute(_COUNTS).all(), *tx.execute(_LOST_COUNTS).all()]
    return {state: count for state, count in found if count}


def doubled(tx: Transaction) -> int:
    """How many texts were sent a second time because nobody knew whether the first arrived."""
    query = select(func.count()).where(messages.c.doubts > 0, messages.c.state == "sent")
    return int(tx.execute(query).scalar_one())
