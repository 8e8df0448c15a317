"""Jobs that something is wrong with, as the watch looks for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, select

from storage.database import Transaction
from storage.tables import jobs

# Written out, not bound: only so do the planners see that the partial indexes apply.
_WAITING = jobs.c.state == literal_column("'waiting'")
_DEAD = jobs.c.state == literal_column("'dead'")


@dataclass(frozen=True, slots=True)
class Overdue:
    """So many jobs of a topic wait, `oldest` being when the first of them was due."""

    topic: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the newest job of a topic that came to anything went: `failure` is None when it was done.

    `due_at` is when it is tried again, None when it is not.
    """

    failure: str | None
    attempts: int
    due_at: datetime | None


def overdue(tx: Transaction, limit: datetime) -> list[Overdue]:
    """Topics with jobs that were due before then and are not being worked."""
    query = (
        select(jobs.c.topic, func.count(), func.min(jobs.c.due_at))
        .where(_WAITING, jobs.c.due_at < limit)
        .group_by(jobs.c.topic)
        .order_by(jobs.c.topic)
    )
    return [Overdue(*row) for row in tx.execute(query)]


def died(tx: Transaction, after: datetime) -> list[tuple[str, datetime]]:
    """(topic, moment) of each job that was given up after then, oldest first."""
    query = select(jobs.c.topic, jobs.c.finished_at).where(_DEAD, jobs.c.finished_at > after)
    return [(topic, at) for topic, at in tx.execute(query.order_by(jobs.c.finished_at, jobs.c.id))]


def last_verdict(tx: Transaction, topic: str) -> Verdict | None:
    """How the newest job of a topic went that has few; one that was not tried yet says nothing."""
    columns = (jobs.c.id, jobs.c.state, jobs.c.reason, jobs.c.attempts, jobs.c.due_at, jobs.c.first_failed_at)
    # Sorted here: sorted there, a database may go back through all jobs for a few of them.
    found = sorted(tx.execute(select(*columns).where(jobs.c.topic == topic)), key=lambda row: -row.id)
    for row in found:
        if row.state == "done":
            return Verdict(None, row.attempts, None)
        if row.state == "dead" or row.first_failed_at is not None:
            return Verdict(row.reason or "", row.attempts, row.due_at if row.state == "waiting" else None)
    return None
