"""Events of portals, by their hashes, and the jobs whose reads show what they told of.

An event that came before has no effect twice, but its object is dirty all the same: a job that waits for its
turn is joined, for its read has not begun; without one another job is stored. So however many events come of
one object, at most one job waits and one is worked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, select, update

from storage import driver, jobs
from storage.claiming import WAITING
from storage.database import Transaction
from storage.records import NewJob
from storage.tables import in_text, reconcile_cursors
from storage.tables import jobs as job_rows
from storage.upserts import is_postgres


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What `accept` stores: the job to join or to store, and the event's hash if it has one.

    A job is joined by one of the same topic, key and payload. `heard`: the source portal that it is to be
    noted of that an event came.
    """

    job: NewJob
    hash: str | None = None
    heard: str | None = None


class Taken(NamedTuple):
    """What became of an event: the job to wait for, whether that is new, and whether the hash was known."""

    job_id: int
    new: bool
    known: bool


_Same = tuple[str, str, str]  # topic, key and payload


def accept(tx: Transaction, rows: Sequence[NewEvent]) -> list[Taken]:
    """Store them all, in this order. Also right when each statement is a transaction of its own.

    The job is made sure of before the hash is kept: a crash in between costs a read, never an event.
    """
    numbers = _waiting(tx, {row.job.key for row in rows})
    wanted = {_same(row.job): row.job for row in rows}
    missing = {same: job for same, job in wanted.items() if same not in numbers}
    stored = jobs.accept(tx, list(missing.values())) if missing else []
    numbers |= {same: number for same, (number, _) in zip(missing, stored, strict=True)}
    known = _remember(tx, [(row, numbers[_same(row.job)]) for row in rows])
    _hear(tx, rows)
    return [
        Taken(numbers[_same(row.job)], _same(row.job) in missing, was_known)
        for row, was_known in zip(rows, known, strict=True)
    ]


def _same(job: NewJob) -> _Same:
    return job.topic, job.key, job.payload


# Rows go to SQLite's driver as they are, see storage/accepting.py.
_WAITING_IN_SQLITE = (
    "SELECT topic, payload, id FROM jobs WHERE key = ? AND state = 'waiting' ORDER BY id DESC"
)
_WAITING_OF = (
    select(job_rows.c.topic, job_rows.c.key, job_rows.c.payload, job_rows.c.id)
    .where(job_rows.c.key.in_(bindparam("keys", expanding=True)), job_rows.c.state == WAITING)
    .order_by(job_rows.c.id.desc())
)


def _waiting(tx: Transaction, keys: Iterable[str]) -> dict[_Same, int]:
    """The oldest job of each kind that waits: nobody has begun to read for it."""
    if is_postgres(tx):
        return {(row[0], row[1], row[2]): row[3] for row in tx.execute(_WAITING_OF, {"keys": list(keys)})}
    raw = driver.of(tx)
    return {
        (topic, key, payload): number
        for key in keys
        for topic, payload, number in raw.execute(_WAITING_IN_SQLITE, (key,))
    }


_REMEMBER_IN_SQLITE = """
INSERT INTO portal_events (hash, job_id, received_at) VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING
"""
# In the order of the hashes, so that two processes never wait for each other.
_REMEMBER = """
INSERT INTO portal_events (hash, job_id, received_at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS given(hash, job_id, received_at)
ORDER BY hash
ON CONFLICT (hash) DO NOTHING RETURNING hash
"""


def _remember(tx: Transaction, events: Sequence[tuple[NewEvent, int]]) -> list[bool]:
    """Keep the hashes; which of the events were known. Of equal ones that come together the first is new."""
    if not is_postgres(tx):
        raw = driver.of(tx)
        return [
            event.hash is not None
            and not raw.execute(
                _REMEMBER_IN_SQLITE, (event.hash, number, in_text(event.job.accepted_at))
            ).rowcount
            for event, number in events
        ]
    given = {event.hash: (number, event.job.accepted_at) for event, number in events if event.hash}
    columns = (list(given), [number for number, _ in given.values()], [at for _, at in given.values()])
    fresh = {hash_ for (hash_,) in tx.exec_driver_sql(_REMEMBER, columns)} if given else set()
    return [_is_known(event.hash, fresh) for event, _ in events]


def _is_known(hash_: str | None, fresh: set[str]) -> bool:
    if hash_ is None:
        return False
    was_fresh = hash_ in fresh
    fresh.discard(hash_)
    return not was_fresh


def _hear(tx: Transaction, rows: Sequence[NewEvent]) -> None:
    heard = {row.heard: row.job.accepted_at for row in rows if row.heard}
    for domain in sorted(heard):
        of_source = reconcile_cursors.c.source_domain == domain
        tx.execute(update(reconcile_cursors).where(of_source).values(heard_at=heard[domain]))
