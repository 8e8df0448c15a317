"""Samples: what happened in five minutes, a row a process, series and label."""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import delete, func, literal_column, select

from storage.database import Transaction
from storage.tables import jobs, samples
from storage.upserts import upsert

LABEL = 40  # characters kept
_DONE = jobs.c.state == literal_column("'done'")


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of the time before `at`, or as it was then."""

    at: datetime
    process: str
    series: str
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Total:
    """The same of all processes together."""

    at: datetime
    series: str
    label: str
    value: int


def put(tx: Transaction, rows: Sequence[Sample]) -> None:
    """Keep figures; one that is there already is replaced, as when a write is repeated."""
    for row in rows:
        at, process, series, label, value = astuple(row)
        key = {"at": at, "process": process, "series": series, "label": label[:LABEL]}
        new = upsert(tx, samples).values(value=value, **key)
        tx.execute(new.on_conflict_do_update(index_elements=list(key), set_={"value": value}))


def totals(tx: Transaction, series: Collection[str], after: datetime) -> list[Total]:
    """What was kept after that moment, oldest first."""
    query = (
        select(samples.c.at, samples.c.series, samples.c.label, func.sum(samples.c.value))
        .where(samples.c.at > after, samples.c.series.in_(series))
        .group_by(samples.c.at, samples.c.series, samples.c.label)
        .order_by(samples.c.at)
    )
    return [Total(at, name, label, int(value)) for at, name, label, value in tx.execute(query)]


def jobs_done(
    tx: Transaction, since: datetime, until: datetime, *, without: Collection[str]
) -> dict[str, int]:
    """How many jobs of each topic were done then, `until` excluded."""
    query = (
        select(jobs.c.topic, func.count())
        .where(_DONE, jobs.c.finished_at >= since, jobs.c.finished_at < until, jobs.c.topic.not_in(without))
        .group_by(jobs.c.topic)
    )
    return dict(tx.execute(query).all())


def drop(tx: Transaction, before: datetime, *, most: int) -> int:
    """Delete what was kept before then, of at most so many moments; how many moments there were."""
    moments = select(samples.c.at).where(samples.c.at < before).distinct().limit(most)
    found = tx.execute(moments).scalars().all()
    tx.execute(delete(samples).where(samples.c.at.in_(found)))
    return len(found)
