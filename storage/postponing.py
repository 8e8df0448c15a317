"""Another time for jobs: later, when they wait for something outside; at once, when somebody asks."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, select, update

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


def hurry(tx: Transaction, topic: str, *, now: datetime) -> int | None:
    """The topic's first job that is not at its end, due at once if it waits; None when there is none."""
    unfinished = jobs.c.state.in_(("waiting", "claimed"))
    query = select(jobs.c.id, jobs.c.state).where(jobs.c.topic == topic, unfinished).order_by(jobs.c.id)
    row = tx.execute(query.limit(1)).one_or_none()
    if row is None:
        return None
    tx.execute(
        update(jobs)
        .where(jobs.c.id == row.id, jobs.c.state == "waiting", jobs.c.due_at > now)
        .values(due_at=now, reason=None)  # why it was late is no matter now
    )
    return int(row.id)


def done_since(tx: Transaction, topic: str, since: datetime) -> Any:
    """The result of the topic's newest job that came to its end after a moment; None when none did."""
    done = jobs.c.state == literal_column("'done'")
    query = select(jobs.c.result).where(done, jobs.c.topic == topic, jobs.c.finished_at > since)
    return tx.execute(query.order_by(jobs.c.finished_at.desc()).limit(1)).scalar()
