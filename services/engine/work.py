"""The finish of a job under construction: everything it will write, in one transaction."""

from collections.abc import Callable
from typing import Any

from storage.database import Transaction
from storage.records import Job

Unit = Callable[[Transaction], Any]


class Work:
    """Collects units while a handler makes its outside calls.

    The inbox runs them in order, together with the job's finish: all or nothing, and nothing when the
    claim was lost. A unit decides by what it reads in that transaction, not by what was true before.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._units: list[Unit] = []
        self._afterwards: list[Callable[[], None]] = []

    @property
    def is_empty(self) -> bool:
        """Whether finishing this job writes nothing but the finish."""
        return not self._units

    def write(self, unit: Unit) -> None:
        """Add a unit to the transaction."""
        self._units.append(unit)

    def afterwards(self, action: Callable[[], None]) -> None:
        """Run something in memory once all of it is durable, as dropping a cache entry."""
        self._afterwards.append(action)

    def apply(self, tx: Transaction) -> None:
        """Run the units. For the inbox."""
        for unit in self._units:
            unit(tx)

    def settled(self) -> None:
        """Run what was to follow. For the inbox."""
        for action in self._afterwards:
            action()
