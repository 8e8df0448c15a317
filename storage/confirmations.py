"""Questions whether something dangerous is meant: bound to a person, for a short time, used once."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from storage.database import Transaction
from storage.records import Confirmation
from storage.tables import confirmations

_COLUMNS = [confirmations.c[name] for name in Confirmation.__slots__]


def put(tx: Transaction, row: Confirmation) -> None:
    """Store a question."""
    tx.execute(insert(confirmations).values({name: getattr(row, name) for name in Confirmation.__slots__}))


def by_token(tx: Transaction, token: str) -> Confirmation | None:
    """The question behind a button."""
    row = tx.execute(select(*_COLUMNS).where(confirmations.c.token == token)).one_or_none()
    return Confirmation(*row) if row else None


def use(tx: Transaction, token: str, *, at: datetime) -> bool:
    """Use a question up; False when somebody was faster."""
    unused = update(confirmations).where(confirmations.c.token == token, confirmations.c.used_at.is_(None))
    return tx.execute(unused.values(used_at=at)).rowcount == 1


def forget(tx: Transaction, before: datetime, *, most: int) -> int:
    """Delete so many that ran out before then; how many there were."""
    old = select(confirmations.c.token).where(confirmations.c.expires_at < before).limit(most)
    return tx.execute(delete(confirmations).where(confirmations.c.token.in_(old.scalar_subquery()))).rowcount
