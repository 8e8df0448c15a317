"""Notices: a row for each cause, and one for each chat's message that tells of it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, literal_column, select, update

from storage.database import Transaction
from storage.records import Notice, NoticeMessage
from storage.tables import messages, notice_messages, notices
from storage.upserts import upsert

_COLUMNS = [notices.c[name] for name in Notice.__slots__]
_OF_MESSAGES = [notice_messages.c[name] for name in NoticeMessage.__slots__]
# Written out, not bound: only so do the planners see that the partial indexes apply.
_OPEN = notices.c.state == literal_column("'open'")
_WAITING = messages.c.state == literal_column("'waiting'")


def tell(
    tx: Transaction,
    kind: str,
    subject: str,
    *,
    count: int,
    params: Any,
    at: datetime,
    again_within: timedelta,
) -> None:
    """Open a cause's notice, or bring it up to date; one closed less than `again_within` ago goes on."""
    told = {"count": count, "params": params}
    changed = {**told, "changes": notices.c.changes + 1}
    mine = (notices.c.kind == kind, notices.c.subject == subject)
    row = tx.execute(select(*_COLUMNS).where(*mine).order_by(notices.c.id.desc()).limit(1)).one_or_none()
    last = Notice(*row) if row else None
    if last and last.state == "open":
        if (last.count, last.params) != (count, params):
            tx.execute(update(notices).where(notices.c.id == last.id, _OPEN).values(changed))
        return
    if last and last.closed_at and last.closed_at > at - again_within:
        back = {"state": "open", "closed_at": None, "returns": notices.c.returns + 1, **changed}
        if tx.execute(update(notices).where(notices.c.id == last.id, ~_OPEN).values(back)).rowcount:
            return
    first = upsert(tx, notices).values(kind=kind, subject=subject, state="open", since=at, **told)
    # Another process may have opened it just now.
    tx.execute(
        first.on_conflict_do_update(index_elements=["kind", "subject"], index_where=_OPEN, set_=changed)
    )


def close(tx: Transaction, kind: str, subject: str, *, at: datetime) -> bool:
    """The cause is gone; False when there was no open notice of it."""
    mine = update(notices).where(notices.c.kind == kind, notices.c.subject == subject, _OPEN)
    return tx.execute(mine.values(state="closed", closed_at=at)).rowcount > 0


def settle(tx: Transaction, notice_id: int) -> None:
    """Everybody who is to know of a closed notice's end does."""
    closed = update(notices).where(notices.c.id == notice_id, notices.c.state == "closed")
    tx.execute(closed.values(state="told"))


def unsettled(tx: Transaction) -> list[Notice]:
    """What is open, or closed and to be told yet, oldest first."""
    query = select(*_COLUMNS).where(notices.c.state.in_(("open", "closed"))).order_by(notices.c.id)
    return [Notice(*row) for row in tx.execute(query)]


def last(tx: Transaction, kind: str) -> Notice | None:
    """The newest notice of a kind, whatever its state."""
    query = select(*_COLUMNS).where(notices.c.kind == kind).order_by(notices.c.id.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return Notice(*row) if row else None


def shown(tx: Transaction, notice_id: int) -> list[NoticeMessage]:
    """The messages that tell of a notice."""
    query = select(*_OF_MESSAGES).where(notice_messages.c.notice == notice_id)
    return [NoticeMessage(*row) for row in tx.execute(query.order_by(notice_messages.c.id))]


def show(tx: Transaction, notice: Notice, chat_id: int, language: str, *, row: int, at: datetime) -> None:
    """Keep which message tells a chat; one that told it before is let go."""
    forget(tx, notice.id, chat_id)
    values = {"notice": notice.id, "chat_id": chat_id, "language": language, "shown_row": row}
    tx.execute(insert(notice_messages).values(written_at=at, changes=notice.changes, **values))


def edited(tx: Transaction, message_id: int, *, changes: int, at: datetime) -> None:
    """A message tells the notice anew."""
    mine = update(notice_messages).where(notice_messages.c.id == message_id)
    tx.execute(mine.values(written_at=at, changes=changes))


def end_shown(tx: Transaction, message_id: int, *, row: int) -> None:
    """Keep which message tells the chat that it is over."""
    tx.execute(update(notice_messages).where(notice_messages.c.id == message_id).values(over_row=row))


def forget(tx: Transaction, notice_id: int, chat_id: int) -> None:
    """The chat knows nothing of the notice any more."""
    mine = (notice_messages.c.notice == notice_id, notice_messages.c.chat_id == chat_id)
    tx.execute(delete(notice_messages).where(*mine))


def withdraw(tx: Transaction, row: int) -> bool:
    """Take back a message that surely has not gone out yet; whether that was so."""
    waits = update(messages).where(messages.c.id == row, _WAITING, messages.c.doubts == 0)
    return tx.execute(waits.values(state="dropped", reason="taken back")).rowcount > 0


def gave_up(tx: Transaction, row: int, age: timedelta) -> bool:
    """Whether a message was that old when it ended."""
    query = select(messages.c.created_at, messages.c.sent_at).where(messages.c.id == row)
    created_at, ended_at = tx.execute(query).one()
    return ended_at is not None and ended_at - created_at >= age


def move(tx: Transaction, old: int, new: int) -> None:
    """What a chat was told it knows under its new number, too."""
    there = select(notice_messages.c.notice).where(notice_messages.c.chat_id == new).scalar_subquery()
    mine = notice_messages.c.chat_id == old
    known = notice_messages.c.notice.in_(there)
    tx.execute(update(notice_messages).where(mine, ~known).values(chat_id=new))
    tx.execute(delete(notice_messages).where(mine))


def edit_waits(tx: Transaction, chat_id: int, row: int) -> bool:
    """Whether an edit of what a row shows has not gone out yet."""
    edit = (messages.c.kind == "edit", messages.c.target_row == row)
    query = select(messages.c.id).where(_WAITING, messages.c.chat_id == chat_id, *edit)
    return tx.execute(query.limit(1)).one_or_none() is not None


def language_spoken(tx: Transaction, chat_id: int) -> str | None:
    """The language of the last text that a chat got."""
    query = select(messages.c.language).where(messages.c.chat_id == chat_id, messages.c.sent_id.is_not(None))
    row = tx.execute(query.order_by(messages.c.sent_id.desc()).limit(1)).one_or_none()
    return row.language if row else None
