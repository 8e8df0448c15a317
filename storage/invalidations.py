"""Numbered rows that tell every process which cache entries are out of date."""

from datetime import datetime

from sqlalchemy import func, insert, select

from storage.database import Transaction
from storage.tables import invalidations


def add(tx: Transaction, region: str, key: str | None, *, at: datetime) -> None:
    """Say that an entry, or with no key a whole region, is out of date."""
    tx.execute(insert(invalidations).values(region=region, key=key, at=at))


def after(tx: Transaction, last: int) -> list[tuple[int, str, str | None]]:
    """What was said since number `last`, in order: (number, region, key)."""
    query = select(invalidations.c.id, invalidations.c.region, invalidations.c.key)
    rows = tx.execute(query.where(invalidations.c.id > last).order_by(invalidations.c.id))
    return [(row.id, row.region, row.key) for row in rows]


def last(tx: Transaction) -> int:
    """The newest number."""
    return int(tx.execute(select(func.coalesce(func.max(invalidations.c.id), 0))).scalar_one())
