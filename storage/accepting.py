"""Storing new jobs once each, many in one go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from storage import driver
from storage.database import Transaction
from storage.records import NewJob
from storage.tables import in_text, jobs
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
    numbers = _insert_into_postgres(tx, rows) if is_postgres(tx) else _insert_into_sqlite(tx, rows)
    return [
        (number, True) if new else _known_or_again(tx, row)
        for (number, new), row in zip(numbers, rows, strict=True)
    ]


# Rows go to the driver as they are: putting each together by SQLAlchemy costs more than storing it.
_INSERT = """
INSERT INTO jobs (id, topic, key, dedup_id, dedup_until, payload, due_at, correlation_id, accepted_at, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting') ON CONFLICT (topic, dedup_id) DO NOTHING
"""


def _insert_into_sqlite(tx: Transaction, rows: Sequence[NewJob]) -> list[tuple[int, bool]]:
    # There is one writer, so the numbers that come next can be told before.
    raw = driver.of(tx)
    (last,) = raw.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'").fetchone()
    numbers = range(last + 1, last + 1 + len(rows))
    given = [(number, *_as_text(row)) for number, row in zip(numbers, rows, strict=True)]
    if raw.executemany(_INSERT, given).rowcount == len(rows):
        return [(number, True) for number in numbers]
    stored = {number for (number,) in raw.execute("SELECT id FROM jobs WHERE id > ?", (last,))}
    return [(number, number in stored) for number in numbers]


def _as_text(row: NewJob) -> tuple[Any, ...]:
    accepted = in_text(row.accepted_at)
    due = accepted if row.due_at is row.accepted_at else in_text(row.due_at)
    until = in_text(row.dedup_until) if row.dedup_until else None
    return (row.topic, row.key, row.dedup_id, until, row.payload, due, row.correlation_id, accepted)


# One statement for all rows: numbers are given out in the order of the rows, also to those that turn out to
# be known, so that each answer finds its row. Without a dedup id there is nothing else to tell rows by.
_INSERT_TOGETHER = """
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


# One without company: the server has half as much to do.
_INSERT_ALONE = """
INSERT INTO jobs (topic, key, dedup_id, dedup_until, payload, due_at, correlation_id, accepted_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting') ON CONFLICT (topic, dedup_id) DO NOTHING RETURNING id
"""
_KNOWN_ALREADY = (0, False)


def _insert_into_postgres(tx: Transaction, rows: Sequence[NewJob]) -> list[tuple[int, bool]]:
    if len(rows) == 1:
        number = tx.exec_driver_sql(_INSERT_ALONE, tuple(getattr(rows[0], name) for name in _FIELDS)).scalar()
        return [(number, True) if number else _KNOWN_ALREADY]
    columns = tuple([getattr(row, name) for row in rows] for name in _FIELDS)
    return [(stored.id, stored.new) for stored in tx.exec_driver_sql(_INSERT_TOGETHER, columns)]


_KNOWN = select(jobs.c.id, jobs.c.dedup_until).where(
    jobs.c.topic == bindparam("of_topic"), jobs.c.dedup_id == bindparam("of_dedup_id")
)


def _known_or_again(tx: Transaction, row: NewJob) -> tuple[int, bool]:
    # On PostgreSQL another transaction may have deleted it meanwhile: then this one is new.
    known = tx.execute(
        _KNOWN.with_for_update(), {"of_topic": row.topic, "of_dedup_id": row.dedup_id}
    ).one_or_none()
    if known and not _is_over(known.dedup_until, row):
        return known.id, False
    if known:
        _let_go(tx, known.id)
    return accept(tx, [row])[0]


def _is_over(until: datetime | None, row: NewJob) -> bool:
    return until is not None and until <= row.accepted_at


def _let_go(tx: Transaction, job_id: int) -> None:
    """The window is over: the old job lets go of the id."""
    tx.execute(update(jobs).where(jobs.c.id == job_id).values(dedup_id=None, dedup_until=None))
