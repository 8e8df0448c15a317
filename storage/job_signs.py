"""Jobs that something is wrong with, as the watch looks for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, or_, select

from storage.database import Transaction
from storage.tables import jobs

# Written out, not bound: only so do the planners see that the partial indexes apply.
_WAITING = jobs.c.state == literal_column("'waiting'")
_CLAIMED = jobs.c.state == literal_column("'claimed'")
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


@dataclass(frozen=True, slots=True)
class HeldUp:
    """So many jobs of a topic wait for the same reason, the first since then.

    `stem` is what their keys have in common: all but the number at the end.
    """

    stem: str
    reason: str
    count: int
    since: datetime


def overdue(tx: Transaction, limit: datetime) -> list[Overdue]:
    """Topics with jobs that were due before then and are not being worked."""
    query = (
        select(jobs.c.topic, func.count(), func.min(jobs.c.due_at))
        .where(_WAITING, jobs.c.due_at < limit)
        .group_by(jobs.c.topic)
        .order_by(jobs.c.topic)
    )
    return [Overdue(*row) for row in tx.execute(query)]


def held_up(tx: Transaction, topic: str, before: datetime) -> list[HeldUp]:
    """Jobs of a topic that could not be done at some time before then and wait for another try, or are at it.

    By stem and reason, the most first.
    """
    since = func.coalesce(jobs.c.first_failed_at, jobs.c.accepted_at)
    stem = func.rtrim(jobs.c.key, "0123456789").label("stem")
    found = (
        select(stem, jobs.c.reason, func.count(), func.min(since))
        .where(or_(_WAITING, _CLAIMED), jobs.c.topic == topic, jobs.c.reason.is_not(None), since <= before)
        .group_by("stem", jobs.c.reason)
    )
    return [HeldUp(*row) for row in tx.execute(found.order_by(func.count().desc(), "stem", jobs.c.reason))]


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
