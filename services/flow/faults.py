"""Faults: errors that no person waits for, counted by kind."""

from collections.abc import Callable

import structlog

from services.engine.clock import Clock
from services.engine.observability import current_correlation_id
from storage import faults
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.faults import Occurrence
from storage.records import Fault

log = structlog.get_logger(__name__)

SAMPLE = 500  # characters kept of the newest occurrence


class Faults:
    """Counts faults; implements the engine's FaultRecorder."""

    def __init__(self, database: Database, clock: Clock, redact: Callable[[str], str]) -> None:
        """`redact` takes secrets out of a sample before it is stored."""
        self._database = database
        self._clock = clock
        self._redact = redact

    async def record(self, kind: str, sample: str) -> None:
        """Count one occurrence. Never raises: one that cannot be stored is logged."""
        shown = self._redact(sample)[:SAMPLE]
        row = Occurrence(kind, shown, current_correlation_id(), self._clock.now())
        try:
            await self._database.write_row(faults.record, row)
        except StorageUnavailable:
            log.error("fault.not_stored", details={"kind": kind, "sample": shown})

    async def newest(self, most: int = 10) -> list[Fault]:
        """The kinds that happened last, newest first."""
        return await self._database.read(lambda tx: faults.newest(tx, most=most))

    async def by_id(self, fault_id: int) -> Fault | None:
        """One kind by its number."""
        return await self._database.read(lambda tx: faults.by_id(tx, fault_id))

    async def totals(self) -> dict[str, int]:
        """Occurrences per kind."""
        return await self._database.read(faults.totals)
