"""What the hub's database says, read past the hub."""

import functools
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_OPEN = (
    "SELECT state, min(id), due_at FROM jobs"
    " WHERE topic IN ('submissions', 'decisions') AND state IN ('waiting', 'claimed') GROUP BY key"
)
_APPROVALS = (
    "SELECT a.key, CASE WHEN j.state = 'dead' THEN 'failed' ELSE a.state END FROM approvals a"
    " LEFT JOIN jobs j ON j.topic = 'decisions' AND j.dedup_id = a.token"
    " WHERE a.kind = 'programme' ORDER BY a.created_at"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A submission as it is stored, with the state of its newest job; `deals` by the programmes' keys."""

    id: str
    name: str
    contact_id: int | None
    is_done: bool
    job: str
    reason: str | None
    deals: dict[str, int | None]


class Books:
    """The file of the hub's database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @functools.cached_property
    def _books(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)

    def close(self) -> None:
        """Look no more."""
        self._books.close()

    def open_jobs(self) -> list[tuple[str, datetime]]:
        """State and due moment of each job that is not over and the first of its key."""
        return [(state, _moment(due)) for state, _, due in self._rows(_OPEN)]

    def submissions(self) -> dict[str, Kept]:
        """All of them by id."""
        found = self._rows(
            "SELECT s.id, trim(s.name || ' ' || s.last_name), s.contact_id, s.done_at, j.state, j.reason"
            " FROM submissions s LEFT JOIN jobs j"
            " ON j.id = (SELECT max(id) FROM jobs WHERE jobs.key = 'submission:' || s.id)"
        )
        wanted = self._rows("SELECT submission_id, key, deal_id FROM submission_programmes")
        return {
            id: Kept(
                id,
                name,
                contact,
                done is not None,
                job,
                reason,
                {key: deal for of, key, deal in wanted if of == id},
            )
            for id, name, contact, done, job, reason in found
        }

    def approvals(self) -> dict[str, str]:
        """How programmes' newest approvals stand, by key; `failed`: agreed to and not carried out."""
        return dict(self._rows(_APPROVALS))

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._books.execute(query).fetchall()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
