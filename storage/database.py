"""The database as its users see it: units of work that are plain functions on a transaction.

A unit cannot await, so no transaction ever waits for the outside, and the same unit serves every
database (docs/decisions/0002).
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Transaction = Connection

SILENCE = 15.0  # seconds after which a leader that says nothing is believed to be gone

Result = TypeVar("Result")
Row = TypeVar("Row")


class Database(Protocol):
    """One durable store."""

    async def open(self) -> None:
        """Connect. Raises DatabaseRefused when this database cannot be used at all."""
        ...

    async def close(self) -> None:
        """Finish what was handed in and disconnect."""
        ...

    async def read(self, query: Callable[[Transaction], Result]) -> Result:
        """Run a query that changes nothing, beside the writer. Raises StorageUnavailable."""
        ...

    async def write(self, unit: Callable[[Transaction], Result]) -> Result:
        """Run a unit all or nothing; durable when this returns.

        Whatever the unit raises comes back and leaves no trace. Raises StorageUnavailable when the
        database could not take it. When the caller is cancelled the unit may still be written.
        """
        ...

    async def write_row(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], row: Row
    ) -> Result:
        """Like `write`, for many small units of one kind: the rows that wait together are one call.

        The unit has to be right also when each of its statements is a transaction of its own.
        """
        ...

    async def write_rows(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], rows: Sequence[Row]
    ) -> list[Result]:
        """Like `write_row` for each of them, in this order. When one fails others may be written."""
        ...

    def leader_lock(self, silence: float = SILENCE) -> "LeaderLock":
        """A lock of its own for whoever wants to lead; `silence` is in seconds."""
        ...

    async def follow_hints(self, hear: Callable[[str], None]) -> None:
        """Tell `hear` what other processes wrote, until cancelled: `jobs.<topic>`, or a table's name.

        Hints can be lost; truth is the rows. Raises StorageUnavailable when cut off.
        """
        ...


class LeaderLock(Protocol):
    """What one process at a time can hold, of all that share the database."""

    async def acquire(self) -> bool:
        """Take it if nobody has it; True also when it is held here already. Raises StorageUnavailable."""
        ...

    async def confirm(self) -> None:
        """Make sure that it is still held. Raises StorageUnavailable when it is not, or nobody can tell."""
        ...

    async def release(self) -> None:
        """Let go of it; one that is not held is fine. Never raises for a database that is away."""
        ...
