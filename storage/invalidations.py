"""Numbered rows that tell every process which cache entries are out of date.

On PostgreSQL a number is given out before its row can be seen: row 6 may be there before row 5 is. So
readers look back, in time and a bounded way in numbers, and know by the number what they have applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, or_, select

from storage.database import Transaction
from storage.tables import invalidations

LOOK_BACK = 10_000  # numbers; more are not handed out while a transaction lasts


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One row; with no key the whole region is out of date."""

    number: int
    region: str
    key: str | None


def add(tx: Transaction, region: str, key: str | None, *, at: datetime) -> None:
    """Say that an entry, or with no key a whole region, is out of date."""
    tx.execute(insert(invalidations).values(region=region, key=key, at=at))


def newer(tx: Transaction, last: int, since: datetime) -> Sequence[Invalidation]:
    """What has a number beyond `last`, or was said since that moment, in order of number."""
    columns = invalidations.c
    query = (
        select(columns.id, columns.region, columns.key)
        .where(columns.id > last - LOOK_BACK, or_(columns.id > last, columns.at > since))
        .order_by(columns.id)
    )
    return [Invalidation(*row) for row in tx.execute(query)]


def last(tx: Transaction) -> int:
    """The newest number; 0 when there is none."""
    return int(tx.execute(select(func.coalesce(func.max(invalidations.c.id), 0))).scalar_one())
