"""Taking jobs to work them: ready ones, one at a time and in order within a key."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from storage.database import Transaction
from storage.records import Job
from storage.tables import jobs

LOOK = 200  # due jobs that a claim looks at before it goes from key to key instead

# States are written out, not bound: only so does the planner see that the partial indexes apply.
WAITING: ColumnElement[str] = literal_column("'waiting'")
_CLAIMED: ColumnElement[str] = literal_column("'claimed'")
_other = jobs.alias("other")


def _has_turn(job: Any) -> ColumnElement[bool]:
    """Whether a waiting job stands before the later ones of its key.

    It does when it is due, and when it waits for another try. One put off on purpose (due later, never
    tried) holds up nobody.
    """
    return or_(job.due_at <= bindparam("now"), job.attempts > 0, job.reason.is_not(None))


_due = and_(jobs.c.topic == bindparam("of_topic"), jobs.c.state == WAITING, jobs.c.due_at <= bindparam("now"))


def _key_is_claimed(job: Any) -> ColumnElement[bool]:
    return exists().where(_other.c.key == job.key, _other.c.state == _CLAIMED)


def _key_has_earlier(job: Any) -> ColumnElement[bool]:
    earlier = and_(_other.c.key == job.key, _other.c.state == WAITING, _other.c.id < job.id)
    return exists().where(earlier, _has_turn(_other.c))


# The usual look: the first due ones, in the order of their index.
_first_due = (
    select(jobs.c.id, jobs.c.key, jobs.c.due_at)
    .where(_due)
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(LOOK)
    .subquery("first_due")
)
_by_time = select(_first_due.c.id, _first_due.c.due_at).where(
    not_(_key_is_claimed(_first_due.c)), not_(_key_has_earlier(_first_due.c))
)

# When all those wait for their keys: from key to key, so that a long queue of one costs one step.
_keys: CTE = (
    select(func.min(jobs.c.key).label("key")).where(jobs.c.state == WAITING).cte("keys", recursive=True)
)
_next_key = select(func.min(_other.c.key)).where(_other.c.state == WAITING, _other.c.key > _keys.c.key)
_keys = _keys.union_all(select(_next_key.scalar_subquery()).where(_keys.c.key.is_not(None)))
_is_ready = and_(_other.c.topic == bindparam("of_topic"), _other.c.due_at <= bindparam("now"))
_head = (
    select(case((_is_ready, _other.c.id)))
    .where(_other.c.key == _keys.c.key, _other.c.state == WAITING, _has_turn(_other.c))
    .order_by(_other.c.id)
    .limit(1)
    .correlate(_keys)
    .scalar_subquery()
)
_by_key = select(_head.label("id"), bindparam("now", type_=jobs.c.due_at.type).label("due_at")).where(
    _keys.c.key.is_not(None), not_(_key_is_claimed(_keys.c))
)

# When everything but a few keys stands still: the first of each of those keys.
_firsts = (
    select(func.min(_other.c.id).label("id"))
    .where(
        _other.c.key.in_(bindparam("keys", expanding=True)), _other.c.state == WAITING, _has_turn(_other.c)
    )
    .group_by(_other.c.key)
    .subquery("firsts")
)
_of_keys = (
    select(jobs.c.id, jobs.c.due_at)
    .join(_firsts, _firsts.c.id == jobs.c.id)
    .where(_due, not_(_key_is_claimed(jobs.c)))
)


def _claiming(ready: Select[Any]) -> Any:
    candidates = _materialized(ready, "candidates")
    # PostgreSQL: rows that another process is claiming are not waited for. SQLite has one writer anyway.
    # Nothing is asked of the rows here but their ids, so that no other index looks better to the planner.
    mine = _materialized(
        select(jobs.c.id)
        .join(candidates, candidates.c.id == jobs.c.id)
        .order_by(candidates.c.due_at, candidates.c.id)
        .limit(bindparam("most"))
        .with_for_update(of=jobs, skip_locked=True),
        "mine",
    )
    return (
        update(jobs)
        .where(jobs.c.id.in_(select(mine.c.id)), jobs.c.state == bindparam("still"))
        .values(
            state="claimed",
            owner=bindparam("new_owner"),
            lease_until=bindparam("new_lease"),
            attempts=jobs.c.attempts + 1,
        )
        .returning(*(jobs.c[name] for name in Job.__slots__))
    )


def _materialized(query: Select[Any], name: str) -> CTE:
    return query.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


_CLAIM_BY_TIME = _claiming(_by_time)
_CLAIM_BY_KEY = _claiming(_by_key)
_CLAIM_OF_KEYS = _claiming(_of_keys)
_LONG_QUEUE = select(func.count()).select_from(_first_due)


def claim(
    tx: Transaction,
    topic: str,
    *,
    owner: str,
    now: datetime,
    lease_until: datetime,
    most: int,
    keys: Collection[str] | None = None,
) -> list[Job]:
    """Take up to `most` ready jobs, at most one of a key; the attempt is counted here. `keys`: only of these.

    The earliest due come first. When long queues of few keys stand before all others, a claim that finds
    none of them ready takes what comes behind.
    """
    values = {
        "of_topic": topic,
        "now": now,
        "most": most,
        "still": "waiting",
        "new_owner": owner,
        "new_lease": lease_until,
    }
    if keys is not None:
        rows = tx.execute(_CLAIM_OF_KEYS, values | {"keys": sorted(keys)}).all() if keys else []
        return _in_order(rows)
    rows = tx.execute(_CLAIM_BY_TIME, values).all()
    if not rows and _is_long(tx, topic, now):
        rows = tx.execute(_CLAIM_BY_KEY, values).all()
    return _in_order(rows)


def _in_order(rows: Iterable[Any]) -> list[Job]:
    return sorted((Job(*row) for row in rows), key=lambda job: job.id)


def _is_long(tx: Transaction, topic: str, now: datetime) -> bool:
    return bool(tx.execute(_LONG_QUEUE, {"of_topic": topic, "now": now}).scalar() == LOOK)
