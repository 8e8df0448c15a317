"""Dead jobs: what there is of them, and back to the waiting ones when somebody wants them worked anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)

from storage.database import Transaction
from storage.tables import jobs, journal

ACTION, KIND = "replay", "job"  # as the journal calls it

# Written out, not bound: only so does the planner see that the partial index applies.
_DEAD: ColumnElement[bool] = jobs.c.state == literal_column("'dead'")
_why: ColumnElement[str] = func.coalesce(jobs.c.reason, "")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead jobs: those that were dead at `before`, and of those all that the rest fits.

    `reason` is the whole of one; the other texts are parts: of the reason, of the key, or of either of them.
    Latin letters are found in capitals or not; others as typed, in small letters, in capitals, and beginning
    with one: databases know the capitals of the Latin alphabet alone, or of what their locale says.
    """

    before: datetime
    topic: str | None = None
    reason: str | None = None
    job_id: int | None = None
    reason_part: str | None = None
    key_part: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job given up. `first_failed_at` is None when none of its attempts came to an end."""

    id: int
    topic: str
    key: str
    attempts: int
    lapses: int
    replays: int
    reason: str
    accepted_at: datetime
    first_failed_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """All dead jobs of one topic and reason; `newest` is the number of the one that died last."""

    topic: str
    reason: str
    count: int
    newest: int
    last_at: datetime | None


def chooses(part: str) -> bool:
    """Whether it says which: without a letter or a digit nearly every reason holds it."""
    return any(letter.isalnum() for letter in part)


_COLUMNS = [jobs.c[name] if name != "reason" else _why for name in DeadJob.__slots__]


def by_id(tx: Transaction, job_id: int) -> DeadJob | None:
    """One dead job; None when there is none of that number, or it is not dead."""
    row = tx.execute(select(*_COLUMNS).where(_DEAD, jobs.c.id == job_id)).one_or_none()
    return DeadJob(*row) if row else None


def payload(tx: Transaction, job_id: int) -> str:
    """What a job is about, as it was accepted; empty when there is no such job."""
    return tx.execute(select(jobs.c.payload).where(jobs.c.id == job_id)).scalar() or ""


def groups(tx: Transaction, *, most: int, after: int = 0, chosen: Chosen | None = None) -> list[DeadGroup]:
    """Dead jobs, or those chosen, by topic and reason, the group that grew last first."""
    last = func.max(jobs.c.finished_at)
    query = (
        select(jobs.c.topic, _why, func.count(), func.max(jobs.c.id), last)
        .where(_fits(chosen) if chosen else _DEAD)
        .group_by(jobs.c.topic, _why)
        .order_by(last.desc(), func.max(jobs.c.id).desc())
        .limit(most)
        .offset(after)
    )
    return [DeadGroup(*row) for row in tx.execute(query)]


def group_count(tx: Transaction) -> int:
    """How many groups there are."""
    distinct = select(jobs.c.topic, _why).where(_DEAD).distinct().subquery()
    return int(tx.execute(select(func.count()).select_from(distinct)).scalar_one())


def newest_of(tx: Transaction, group: DeadGroup, *, most: int) -> list[DeadJob]:
    """The jobs of a group that died last."""
    query = select(*_COLUMNS).where(_DEAD, jobs.c.topic == group.topic, _why == group.reason)
    latest = query.order_by(jobs.c.finished_at.desc(), jobs.c.id.desc()).limit(most)
    return [DeadJob(*row) for row in tx.execute(latest)]


def counts(tx: Transaction, chosen: Chosen) -> dict[str, int]:
    """How many are chosen, by topic."""
    query = select(jobs.c.topic, func.count()).where(_fits(chosen)).group_by(jobs.c.topic)
    return dict(tx.execute(query.order_by(jobs.c.topic)).all())


def replay(tx: Transaction, chosen: Chosen, *, after: int, now: datetime, most: int) -> list[DeadJob]:
    """Put the next chosen ones beyond a number back to the waiting ones, as if they were new.

    What they were at their end comes back, in order. What they are about stays: payload, dedup id and
    correlation id. Whoever replays the same at this moment gets others, or none.
    """
    found: Select[Any] = select(*_COLUMNS).where(_fits(chosen), jobs.c.id > after).order_by(jobs.c.id)
    ended = [DeadJob(*row) for row in tx.execute(found.limit(most).with_for_update())]
    if ended:
        anew = {"state": "waiting", "due_at": now, "attempts": 0, "lapses": 0, "replays": jobs.c.replays + 1}
        nothing = dict.fromkeys(("reason", "result", "first_failed_at", "finished_at"))
        mine = and_(jobs.c.id.in_([job.id for job in ended]), _DEAD)
        tx.execute(update(jobs).where(mine).values({**anew, **nothing}))
    return ended


def outcome(tx: Transaction, correlation_id: str, *, since: int) -> dict[str, int]:
    """How the jobs stand that were replayed under a correlation id: how many of them by state.

    `since` is the journal's last number from before, so that only what follows it is looked at.
    """
    number = cast(journal.c.key, jobs.c.id.type)
    mine = and_(journal.c.id > since, journal.c.kind == KIND, journal.c.action == ACTION)
    query = (
        select(jobs.c.state, func.count())
        .select_from(journal.join(jobs, jobs.c.id == number))
        .where(mine, journal.c.correlation_id == correlation_id)
        .group_by(jobs.c.state)
    )
    return dict(tx.execute(query).all())


def _fits(chosen: Chosen) -> ColumnElement[bool]:
    wanted = [_DEAD, jobs.c.finished_at <= chosen.before]
    wanted.append(jobs.c.topic == chosen.topic if chosen.topic is not None else true())
    wanted.append(_why == chosen.reason if chosen.reason is not None else true())
    wanted.append(jobs.c.id == chosen.job_id if chosen.job_id is not None else true())
    wanted.append(_holds(chosen.reason_part, _why))
    wanted.append(_holds(chosen.key_part, jobs.c.key))
    wanted.append(_holds(chosen.part, jobs.c.key, _why))
    return and_(*wanted)


def _holds(part: str | None, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether one of the columns holds the part; `%` and `_` mean themselves, and "" is held by none."""
    if not part:
        return true() if part is None else false()
    spellings = dict.fromkeys((part, part.lower(), part.upper(), part.capitalize()))
    wanted = [part] if part.isascii() else list(spellings)
    return or_(*(column.icontains(each, autoescape=True) for column in columns for each in wanted))
