"""What Telegram said about people in chats."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from storage.database import Transaction
from storage.records import Member
from storage.tables import members
from storage.upserts import upsert

STATUS = 16  # characters kept
_COLUMNS = [members.c[name] for name in Member.__slots__]


def of(tx: Transaction, chat_id: int, user_id: int) -> Member | None:
    """The last word about somebody in a chat."""
    query = select(*_COLUMNS).where(members.c.chat_id == chat_id, members.c.user_id == user_id)
    row = tx.execute(query).one_or_none()
    return Member(*row) if row else None


def note(tx: Transaction, member: Member) -> None:
    """Keep Telegram's word, unless a later one is known already."""
    fresh = {"status": member.status[:STATUS], "checked_at": member.checked_at}
    row = upsert(tx, members).values(chat_id=member.chat_id, user_id=member.user_id, **fresh)
    is_later = members.c.checked_at <= member.checked_at
    tx.execute(row.on_conflict_do_update(index_elements=["chat_id", "user_id"], set_=fresh, where=is_later))


def forget(
    tx: Transaction, chat_id: int, statuses: Collection[str], *, but: Collection[int], until: datetime
) -> None:
    """Drop what was said by then about people of these statuses, but for some."""
    tx.execute(
        delete(members).where(
            members.c.chat_id == chat_id,
            members.c.status.in_(statuses),
            members.c.user_id.not_in(list(but)),
            members.c.checked_at <= until,
        )
    )


def with_status(tx: Transaction, chat_id: int, statuses: Collection[str]) -> list[int]:
    """Who was last said to be one of these in a chat."""
    query = select(members.c.user_id).where(members.c.chat_id == chat_id, members.c.status.in_(statuses))
    return list(tx.execute(query.order_by(members.c.user_id)).scalars())
