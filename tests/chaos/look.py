"""Looking into the hub's database from outside, while it runs and while it lies dead."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_UNSETTLED = (
    "SELECT (SELECT count(*) FROM jobs WHERE state IN ('waiting', 'claimed'))"
    " + (SELECT count(*) FROM messages WHERE state = 'sending' OR (state = 'waiting' AND due_at <= :now))"
)


class Look:
    """Questions, each answered from the newest commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def number(self, query: str, **values: object) -> int:
        """The one number that a query gives."""
        return int(self._connection.execute(query, values).fetchone()[0])

    def jobs(self) -> int:
        """Jobs in the inbox, however they stand."""
        return self.number("SELECT count(*) FROM jobs")

    def done_jobs(self) -> int:
        """Jobs that are finished."""
        return self.number("SELECT count(*) FROM jobs WHERE state = 'done'")

    def unsettled(self) -> int:
        """Jobs that are not finished, and messages that are due and not out."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")[:26] + "Z"
        return self.number(_UNSETTLED, now=now)

    def texts_on_their_way(self) -> int:
        """Texts that may or may not have arrived if the hub is dead."""
        return self.number("SELECT count(*) FROM messages WHERE kind = 'text' AND state = 'sending'")

    def texts_to_repeat(self) -> int:
        """Texts in doubt that have not been settled since."""
        return self.number(
            "SELECT count(*) FROM messages WHERE doubts > 0 AND state IN ('waiting', 'sending')"
        )

    def is_listed(self, name: str) -> bool:
        """Whether the gallery has a set."""
        return bool(
            self.number("SELECT count(*) FROM sticker_sets WHERE name_key = :name", name=name.lower())
        )

    def shown_as(self, token: str) -> int | None:
        """The chat's number of the message that shows a proposal, once the hub knows it."""
        found = self.rows(
            "SELECT sent_id FROM messages JOIN proposals ON shown_row = messages.id WHERE token = :token",
            token=token,
        )
        return found[0][0] if found else None


@contextmanager
def looking_at(path: Path) -> Iterator[Look]:
    """Questions for the block's time. Reads only: nothing of a dead hub's log is tidied away."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        yield Look(connection)
