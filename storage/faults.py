"""Faults: one row for all occurrences of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from storage.database import Transaction
from storage.records import Fault
from storage.tables import faults
from storage.texts import storable
from storage.upserts import upsert

KIND = 80  # characters of a kind's name
_COLUMNS = [faults.c[name] for name in Fault.__slots__]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One fault as it happened."""

    kind: str
    sample: str
    correlation_id: str | None
    at: datetime


def record(tx: Transaction, rows: Sequence[Occurrence]) -> list[None]:
    """Count each occurrence; the newest is kept as sample."""
    for row in rows:
        _record_one(tx, row)
    return [None] * len(rows)


def _record_one(tx: Transaction, row: Occurrence) -> None:
    kind = storable(row.kind)[:KIND]
    fresh = {"last_at": row.at, "sample": storable(row.sample), "correlation_id": row.correlation_id}
    counted = {"count": faults.c.count + 1}
    # Most are known: and on PostgreSQL every insert that is tried takes a number, which people type.
    if tx.execute(update(faults).where(faults.c.kind == kind).values(**fresh, **counted)).rowcount:
        return
    first = upsert(tx, faults).values(kind=kind, count=1, first_at=row.at, **fresh)
    tx.execute(first.on_conflict_do_update(index_elements=["kind"], set_=fresh | counted))


def newest(tx: Transaction, *, most: int) -> list[Fault]:
    """The kinds that happened last, newest first."""
    query = select(*_COLUMNS).order_by(faults.c.last_at.desc()).limit(most)
    return [Fault(*row) for row in tx.execute(query)]


def by_id(tx: Transaction, fault_id: int) -> Fault | None:
    """One kind by its number."""
    row = tx.execute(select(*_COLUMNS).where(faults.c.id == fault_id)).one_or_none()
    return Fault(*row) if row else None


def totals(tx: Transaction) -> dict[str, int]:
    """Occurrences per kind."""
    return dict(tx.execute(select(faults.c.kind, faults.c.count)).all())


def total(tx: Transaction) -> int:
    """Occurrences of all kinds."""
    return int(tx.execute(select(func.coalesce(func.sum(faults.c.count), 0))).scalar_one())
