"""How full the inbox is, read from the partial indexes alone: finished jobs are never looked at."""

from typing import Any

from sqlalchemy import Select, func, literal_column, null, select, union_all

from storage.database import Transaction
from storage.records import Backlog
from storage.tables import jobs


def _of(state: str, count: Any, oldest: Any) -> Select[Any]:
    # Written out, not bound: only so does the planner see that a partial index applies.
    written: Any = literal_column(f"'{state}'")
    columns = (jobs.c.topic, written.label("state"), count.label("count"), oldest.label("oldest"))
    return select(*columns).where(jobs.c.state == written)


_BACKLOG = union_all(
    _of("waiting", func.count(), func.min(jobs.c.due_at)).group_by(jobs.c.topic),
    # One row a job, for there are few: to group them SQLite would walk the index of all jobs by topic.
    _of("claimed", literal_column("1"), null()),
    _of("dead", func.count(), null()).group_by(jobs.c.topic),
)


def backlog(tx: Transaction) -> list[Backlog]:
    """One row for each topic and state there is a job of, done ones left out."""
    found: dict[tuple[str, str], Backlog] = {}
    for topic, state, count, oldest in tx.execute(_BACKLOG):
        before = found.get((topic, state))
        found[topic, state] = Backlog(topic, state, count + (before.count if before else 0), oldest)
    return list(found.values())
