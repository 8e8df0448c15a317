"""The database as its users see it: units of work that are plain functions on a transaction.

A unit cannot await, so no transaction ever waits for the outside, and the same unit serves every
database (docs/decisions/0002).
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Transaction = Connection

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
        """Like `write`, for many small units of one kind: the rows that wait together are one call."""
        ...
