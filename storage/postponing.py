"""Jobs that wait for something outside: back to the waiting ones, as if they had not been claimed."""

from datetime import datetime

from sqlalchemy import bindparam, update

from storage.database import Transaction
from storage.records import Job
from storage.tables import jobs
from storage.texts import storable

_PUT_OFF = (
    update(jobs)
    .where(jobs.c.id == bindparam("of_id"), jobs.c.owner == bindparam("of_owner"))
    .values(
        state="waiting",
        due_at=bindparam("new_due"),
        reason=bindparam("new_reason"),  # also what tells it from a job that was put off on purpose
        attempts=jobs.c.attempts - 1,
        owner=None,
        lease_until=None,
    )
)


def put_off(tx: Transaction, job: Job, *, due_at: datetime, reason: str) -> bool:
    """Give a claim and its attempt back until then. False when it is not ours any more.

    The job keeps its turn among those of its key.
    """
    values = {"of_id": job.id, "of_owner": job.owner, "new_due": due_at, "new_reason": storable(reason)}
    return tx.execute(_PUT_OFF, values).rowcount == 1
