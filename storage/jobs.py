"""The inbox's rows. A job is waiting, claimed, done or dead; every write after a claim names its owner."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, case, func, select, update

from storage import driver
from storage.accepting import accept
from storage.claiming import WAITING, claim
from storage.database import Transaction
from storage.records import Job, JobState
from storage.tables import in_text, jobs
from storage.texts import storable
from storage.upserts import is_postgres

__all__ = [
    "accept",
    "bury",
    "claim",
    "finish",
    "free_lapsed",
    "later_payloads",
    "next_due",
    "release_all",
    "renew",
    "retry",
    "state",
]

LAPSES_TO_BURY = 5  # claims that ended without a result: such a job kills its worker


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


# The same for SQLite, given to the driver as it is: every job ends once, and making this out of objects costs
# more than running it.
_FINISH_IN_SQLITE = """
UPDATE jobs SET state = ?, result = ?, reason = ?, finished_at = ?, owner = NULL, lease_until = NULL
WHERE id = ? AND owner = ?
"""


def _end(
    tx: Transaction, job: Job, state: str, at: datetime, *, result: Any = None, reason: str | None = None
) -> bool:
    reason = storable(reason) if reason else None
    if not is_postgres(tx):
        row = (state, msgspec.json.encode(result).decode(), reason, in_text(at), job.id, job.owner)
        return driver.of(tx).execute(_FINISH_IN_SQLITE, row).rowcount == 1
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
    values = {
        "of_id": job.id,
        "of_owner": job.owner,
        "new_due": due_at,
        "new_reason": storable(reason),
        "at": at,
    }
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
    # One that is being written at this moment is not waited for: its owner lives, or is looked at again.
    found = select(jobs.c.id).where(over).with_for_update(skip_locked=True)
    deadly = jobs.c.lapses + 1 >= LAPSES_TO_BURY
    rows = tx.execute(
        update(jobs)
        .where(jobs.c.id.in_(found))
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


_NEXT_DUE = select(func.min(jobs.c.due_at)).where(
    jobs.c.topic == bindparam("of_topic"), jobs.c.state == WAITING, jobs.c.due_at > bindparam("now")
)


def next_due(tx: Transaction, topic: str, now: datetime) -> datetime | None:
    """When the next job of a topic that is not ready yet will be."""
    due: datetime | None = tx.execute(_NEXT_DUE, {"of_topic": topic, "now": now}).scalar()
    return due


def state(tx: Transaction, job_id: int) -> JobState | None:
    """How a job stands; None when there is none of that number."""
    columns = (jobs.c.id, jobs.c.topic, jobs.c.state, jobs.c.attempts, jobs.c.lapses, jobs.c.result)
    row = tx.execute(select(*columns, jobs.c.reason).where(jobs.c.id == job_id)).one_or_none()
    return JobState(*row) if row else None


def later_payloads(tx: Transaction, job: Job, *, most: int) -> list[str]:
    """The payloads of younger jobs of the same topic and key that still wait, oldest first."""
    query = select(jobs.c.payload).where(
        jobs.c.key == job.key, jobs.c.topic == job.topic, jobs.c.id > job.id, jobs.c.state == WAITING
    )
    return list(tx.execute(query.order_by(jobs.c.id).limit(most)).scalars())
