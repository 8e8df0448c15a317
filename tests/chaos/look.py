"""Looking into the hub's database from outside, while it runs and while it lies dead."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_UNSETTLED = (
    "SELECT (SELECT count(*) FROM jobs WHERE topic = 'telegram' AND state IN ('waiting', 'claimed'))"
    " + (SELECT count(*) FROM messages WHERE state = 'sending' OR (state = 'waiting' AND due_at <= :now))"
)


class Look(ABC):
    """Questions, each answered from the newest commit. `:name` in a query stands for a value."""

    @abstractmethod
    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """All rows of a query; moments come and go as SQLite has them, as text."""

    @abstractmethod
    def integrity(self) -> str:
        """ "ok", or what the database itself finds broken."""

    def number(self, query: str, **values: object) -> int:
        """The one number that a query gives."""
        return int(self.rows(query, **values)[0][0])

    def jobs(self) -> int:
        """Updates in the inbox, however they stand."""
        return self.number("SELECT count(*) FROM jobs WHERE topic = 'telegram'")

    def done_jobs(self) -> int:
        """Updates that are finished."""
        return self.number("SELECT count(*) FROM jobs WHERE topic = 'telegram' AND state = 'done'")

    def unsettled(self) -> int:
        """Updates that are not finished, and messages that are due and not out."""
        return self.number(_UNSETTLED, now=datetime.now(UTC))

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


class SqliteLook(Look):
    """Into a file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        written = {name: as_text(value) for name, value in values.items()}
        return self._connection.execute(query, written).fetchall()

    def integrity(self) -> str:
        return str(self.rows("PRAGMA integrity_check")[0][0])


def as_text(value: Any) -> Any:
    """A moment as SQLite keeps it; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


@contextmanager
def looking_at_file(path: Path) -> Iterator[Look]:
    """Questions for the block's time. Reads only: nothing of a dead hub's log is tidied away."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        yield SqliteLook(connection)
