"""The inbox's rows. A job is waiting, claimed, done or dead; every write after a claim names its owner."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, literal_column, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from storage.database import Transaction
from storage.records import Job, JobState, NewJob
from storage.tables import jobs

LAPSES_TO_BURY = 5  # claims that ended without a result: such a job kills its worker

_ACCEPT = (
    upsert(jobs)
    .values(
        {
            name: bindparam(name)
            for name in (
                "topic",
                "key",
                "dedup_id",
                "dedup_until",
                "payload",
                "due_at",
                "correlation_id",
                "accepted_at",
            )
        }
        | {"state": "waiting"}
    )
    .on_conflict_do_nothing(index_elements=["topic", "dedup_id"])
)


def accept(tx: Transaction, rows: Sequence[NewJob]) -> list[tuple[int, bool]]:
    """Store each row once; the answers are (job id, new) in the same order."""
    return [_accept_one(tx, row) for row in rows]


def _accept_one(tx: Transaction, row: NewJob) -> tuple[int, bool]:
    values = {
        "topic": row.topic,
        "key": row.key,
        "dedup_id": row.dedup_id,
        "dedup_until": row.dedup_until,
        "payload": row.payload,
        "due_at": row.due_at,
        "correlation_id": row.correlation_id,
        "accepted_at": row.accepted_at,
    }
    result = tx.execute(_ACCEPT, values)
    if result.rowcount == 1:
        return result.lastrowid, True
    known = tx.execute(_KNOWN, {"of_topic": row.topic, "of_dedup_id": row.dedup_id}).one()
    if known.dedup_until is None or known.dedup_until > row.accepted_at:
        return known.id, False
    # The window is over: the old job lets go of the id.
    tx.execute(update(jobs).where(jobs.c.id == known.id).values(dedup_id=None, dedup_until=None))
    return _accept_one(tx, row)


_KNOWN = select(jobs.c.id, jobs.c.dedup_until).where(
    jobs.c.topic == bindparam("of_topic"), jobs.c.dedup_id == bindparam("of_dedup_id")
)

_other = jobs.alias("other")
# States are written out, not bound: only so does the planner see that the partial indexes apply.
_WAITING: ColumnElement[str] = literal_column("'waiting'")
_CLAIMED: ColumnElement[str] = literal_column("'claimed'")
# One at a time and in order within a key: nothing of it is claimed, and no earlier one is ready or
# waits for another attempt. A job put off on purpose (due later, never tried) holds up nobody.
_key_is_claimed = exists().where(_other.c.key == jobs.c.key, _other.c.state == _CLAIMED)
_key_has_earlier = exists().where(
    _other.c.key == jobs.c.key,
    _other.c.state == _WAITING,
    _other.c.id < jobs.c.id,
    or_(_other.c.due_at <= bindparam("now"), _other.c.attempts > 0),
)
# In the order of the index, so that the look ends with the last row it takes.
_ready = (
    select(jobs.c.id)
    .where(
        jobs.c.topic == bindparam("of_topic"),
        jobs.c.state == _WAITING,
        jobs.c.due_at <= bindparam("now"),
        ~_key_is_claimed,
        ~_key_has_earlier,
    )
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(jobs)
    .where(jobs.c.id.in_(_ready.scalar_subquery()))
    .values(
        state="claimed",
        owner=bindparam("new_owner"),
        lease_until=bindparam("new_lease"),
        attempts=jobs.c.attempts + 1,
    )
    .returning(
        jobs.c.id,
        jobs.c.topic,
        jobs.c.key,
        jobs.c.payload,
        jobs.c.attempts,
        jobs.c.lapses,
        jobs.c.owner,
        jobs.c.first_failed_at,
        jobs.c.accepted_at,
        jobs.c.correlation_id,
    )
)


def claim(
    tx: Transaction, topic: str, *, owner: str, now: datetime, lease_until: datetime, most: int
) -> list[Job]:
    """Take up to `most` ready jobs, earliest due first, at most one of a key; the attempt is counted here."""
    values = {
        "of_topic": topic,
        "now": now,
        "most": most,
        "new_owner": owner,
        "new_lease": lease_until,
    }
    rows = tx.execute(_CLAIM, values).all()
    return sorted((Job(*row) for row in rows), key=lambda job: job.id)


def _mine() -> Any:
    return and_(jobs.c.id == bindparam("of_id"), jobs.c.owner == bindparam("of_owner"))


_FINISH = (
    update(jobs)
    .where(_mine())
    .values(
        state=bindparam("new_state"),
        result=bindparam("new_result"),
        reason=bindparam("new_reason"),
        finished_at=bindparam("at"),
        owner=None,
        lease_until=None,
    )
)


def finish(tx: Transaction, job: Job, *, at: datetime, result: Any = None) -> bool:
    """Mark the job done. False when somebody else owns it by now."""
    return _end(tx, job, "done", at, result=result)


def bury(tx: Transaction, job: Job, *, at: datetime, reason: str) -> bool:
    """Mark the job dead, with the reason; its key is free again. False when it is not ours any more."""
    return _end(tx, job, "dead", at, reason=reason)


def _end(
    tx: Transaction, job: Job, state: str, at: datetime, *, result: Any = None, reason: str | None = None
) -> bool:
    values = {
        "of_id": job.id,
        "of_owner": job.owner,
        "new_state": state,
        "new_result": result,
        "new_reason": reason,
        "at": at,
    }
    return tx.execute(_FINISH, values).rowcount == 1


_RETRY = (
    update(jobs)
    .where(_mine())
    .values(
        state="waiting",
        due_at=bindparam("new_due"),
        reason=bindparam("new_reason"),
        first_failed_at=func.coalesce(jobs.c.first_failed_at, bindparam("at", type_=jobs.c.due_at.type)),
        owner=None,
        lease_until=None,
    )
)


def retry(tx: Transaction, job: Job, *, at: datetime, due_at: datetime, reason: str) -> bool:
    """Put the job back for another attempt. False when it is not ours any more."""
    values = {"of_id": job.id, "of_owner": job.owner, "new_due": due_at, "new_reason": reason, "at": at}
    return tx.execute(_RETRY, values).rowcount == 1


def release_all(tx: Transaction, process: str) -> int:
    """Hand a process's claims back untouched, as on a graceful stop: no attempt was made."""
    mine = and_(jobs.c.state == "claimed", jobs.c.owner.startswith(process + ".", autoescape=True))
    handed_back = {"state": "waiting", "attempts": jobs.c.attempts - 1, "owner": None, "lease_until": None}
    return tx.execute(update(jobs).where(mine).values(handed_back)).rowcount


_RENEW = update(jobs).where(_mine()).values(lease_until=bindparam("new_lease"))


def renew(tx: Transaction, claims: Sequence[tuple[int, str]], *, lease_until: datetime) -> None:
    """Prolong the leases of (job id, owner) pairs; one that is not ours any more stays as it is."""
    if claims:
        tx.execute(
            _RENEW,
            [{"of_id": id_, "of_owner": owner, "new_lease": lease_until} for id_, owner in claims],
        )


def free_lapsed(tx: Transaction, *, now: datetime, everything: bool = False) -> tuple[int, int]:
    """Free claims whose lease is over (`everything`: all, for a process that is alone at its start).

    Returns (freed, buried): a job that lapsed five times goes to the dead.
    """
    over = jobs.c.state == "claimed"
    if not everything:
        over = and_(over, jobs.c.lease_until < now)
    deadly = jobs.c.lapses + 1 >= LAPSES_TO_BURY
    rows = tx.execute(
        update(jobs)
        .where(over)
        .values(
            state=case((deadly, "dead"), else_="waiting"),
            reason=case((deadly, "its worker died five times"), else_=jobs.c.reason),
            finished_at=case((deadly, bindparam("at", now, jobs.c.due_at.type)), else_=None),
            lapses=jobs.c.lapses + 1,
            owner=None,
            lease_until=None,
        )
        .returning(jobs.c.state)
    ).all()
    buried = sum(row.state == "dead" for row in rows)
    return len(rows) - buried, buried


def next_due(tx: Transaction, topic: str, now: datetime) -> datetime | None:
    """When the next job of a topic that is not ready yet will be."""
    query = select(func.min(jobs.c.due_at)).where(
        jobs.c.topic == topic, jobs.c.state == "waiting", jobs.c.due_at > now
    )
    due: datetime | None = tx.execute(query).scalar()
    return due


def state(tx: Transaction, job_id: int) -> JobState | None:
    """How a job stands; None when there is none of that number."""
    columns = (jobs.c.id, jobs.c.topic, jobs.c.state, jobs.c.attempts, jobs.c.lapses, jobs.c.result)
    row = tx.execute(select(*columns, jobs.c.reason).where(jobs.c.id == job_id)).one_or_none()
    return JobState(*row) if row else None


def later_payloads(tx: Transaction, job: Job, *, most: int) -> list[str]:
    """The payloads of younger jobs of the same topic and key that still wait, oldest first."""
    query = select(jobs.c.payload).where(
        jobs.c.key == job.key, jobs.c.topic == job.topic, jobs.c.id > job.id, jobs.c.state == _WAITING
    )
    return list(tx.execute(query.order_by(jobs.c.id).limit(most)).scalars())


def counts(tx: Transaction) -> dict[str, dict[str, int]]:
    """How many jobs per topic and state, done ones left out."""
    query = (
        select(jobs.c.topic, jobs.c.state, func.count())
        .where(jobs.c.state != "done")
        .group_by(jobs.c.topic, jobs.c.state)
    )
    result: dict[str, dict[str, int]] = {}
    for topic, state_, count in tx.execute(query):
        result.setdefault(topic, {})[state_] = count
    return result
