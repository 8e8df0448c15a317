"""Storing new jobs once each, many in one go."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

from storage.database import Transaction
from storage.records import NewJob
from storage.tables import jobs
from storage.upserts import is_postgres

_FIELDS = (
    "topic",
    "key",
    "dedup_id",
    "dedup_until",
    "payload",
    "due_at",
    "correlation_id",
    "accepted_at",
)


def accept(tx: Transaction, rows: Sequence[NewJob]) -> list[tuple[int, bool]]:
    """Store each row once; the answers are (job id, new) in the same order."""
    if is_postgres(tx):
        return _accept_together(tx, rows)
    return [_accept_one(tx, row) for row in rows]


_ACCEPT = (
    insert(jobs)
    .values({name: bindparam(name) for name in _FIELDS} | {"state": "waiting"})
    .on_conflict_do_nothing(index_elements=["topic", "dedup_id"])
)
_KNOWN = select(jobs.c.id, jobs.c.dedup_until).where(
    jobs.c.topic == bindparam("of_topic"), jobs.c.dedup_id == bindparam("of_dedup_id")
)


def _accept_one(tx: Transaction, row: NewJob) -> tuple[int, bool]:
    values = {name: getattr(row, name) for name in _FIELDS}
    result = tx.execute(_ACCEPT, values)
    if result.rowcount == 1:
        return result.lastrowid, True
    known = tx.execute(_KNOWN, {"of_topic": row.topic, "of_dedup_id": row.dedup_id}).one()
    if not _is_over(known.dedup_until, row):
        return known.id, False
    _let_go(tx, known.id)
    return _accept_one(tx, row)


# One statement for all rows: numbers are given out in the order of the rows, also to those that turn out to
# be known, so that each answer finds its row. Without a dedup id there is nothing else to tell rows by.
_ACCEPT_TOGETHER = """
WITH given AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('jobs', 'id')) AS id, *
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[],
                $7::text[], $8::timestamptz[]) WITH ORDINALITY
         AS rows(topic, key, dedup_id, dedup_until, payload, due_at, correlation_id, accepted_at, place)
), stored AS (
    INSERT INTO jobs
        (id, topic, key, dedup_id, dedup_until, payload, due_at, correlation_id, accepted_at, state)
    SELECT id, topic, key, dedup_id, dedup_until, payload, due_at, correlation_id, accepted_at, 'waiting'
    FROM given ORDER BY topic, dedup_id, place
    ON CONFLICT (topic, dedup_id) DO NOTHING
    RETURNING id
)
SELECT given.id, stored.id IS NOT NULL AS new
FROM given LEFT JOIN stored ON stored.id = given.id ORDER BY given.place
"""


def _accept_together(tx: Transaction, rows: Sequence[NewJob]) -> list[tuple[int, bool]]:
    columns = tuple([getattr(row, name) for row in rows] for name in _FIELDS)
    stored = tx.exec_driver_sql(_ACCEPT_TOGETHER, columns).all()
    return [
        (answer.id, True) if answer.new else _known_or_again(tx, row)
        for answer, row in zip(stored, rows, strict=True)
    ]


def _known_or_again(tx: Transaction, row: NewJob) -> tuple[int, bool]:
    # A row that another transaction deletes meanwhile is gone for us too: then this one is new.
    known = tx.execute(
        _KNOWN.with_for_update(), {"of_topic": row.topic, "of_dedup_id": row.dedup_id}
    ).one_or_none()
    if known and not _is_over(known.dedup_until, row):
        return known.id, False
    if known:
        _let_go(tx, known.id)
    return _accept_together(tx, [row])[0]


def _is_over(until: datetime | None, row: NewJob) -> bool:
    return until is not None and until <= row.accepted_at


def _let_go(tx: Transaction, job_id: int) -> None:
    """The window is over: the old job lets go of the id."""
    tx.execute(update(jobs).where(jobs.c.id == job_id).values(dedup_id=None, dedup_until=None))
