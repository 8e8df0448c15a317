"""The journal: rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from storage.database import Transaction
from storage.records import JournalEntry
from storage.tables import journal

_COLUMNS = [journal.c[name] for name in JournalEntry.__slots__]


def add(
    tx: Transaction,
    *,
    at: datetime,
    actor: str,
    action: str,
    kind: str,
    key: str,
    before: Any = None,
    after: Any = None,
    job_id: int | None = None,
    correlation_id: str | None = None,
) -> None:
    """Write one entry."""
    tx.execute(
        insert(journal).values(
            at=at,
            actor=actor,
            action=action,
            kind=kind,
            key=key,
            before=before,
            after=after,
            job_id=job_id,
            correlation_id=correlation_id,
        )
    )


def of_item(tx: Transaction, kind: str, key: str) -> list[JournalEntry]:
    """One item's story, oldest first."""
    query = select(*_COLUMNS).where(journal.c.kind == kind, journal.c.key == key).order_by(journal.c.id)
    return [JournalEntry(*row) for row in tx.execute(query)]
