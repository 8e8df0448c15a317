"""How several jobs stand at once."""

from collections.abc import Collection

from sqlalchemy import select

from storage.database import Transaction
from storage.records import JobState
from storage.tables import jobs


def of(tx: Transaction, job_ids: Collection[int]) -> dict[int, JobState]:
    """Those of them that there are, by number."""
    columns = (jobs.c.id, jobs.c.topic, jobs.c.state, jobs.c.attempts, jobs.c.lapses, jobs.c.result)
    rows = tx.execute(select(*columns, jobs.c.reason).where(jobs.c.id.in_(job_ids)))
    return {row.id: JobState(*row) for row in rows}
