"""The job that set the command menus last: what it set is known by its dedup id."""

from sqlalchemy import select

from storage.database import Transaction
from storage.tables import jobs


def last(tx: Transaction, topic: str, key: str) -> tuple[str, str, str] | None:
    """The dedup id, the state and the payload of the newest job of a topic's key."""
    # All jobs of such a topic are few; those of its key have no index of their own.
    query = select(jobs.c.dedup_id, jobs.c.state, jobs.c.payload)
    query = query.where(jobs.c.topic == topic, jobs.c.key == key).order_by(jobs.c.id.desc())
    row = tx.execute(query.limit(1)).one_or_none()
    return (row.dedup_id or "", row.state, row.payload) if row else None
