"""The health list's essential check: does the database take writes?"""

import asyncio

from services.engine.clock import Clock
from storage import health
from storage.database import Database
from storage.errors import StorageUnavailable

KEEP = 1.0  # seconds an answer is good for: the routes that ask are open to everybody


class StorageCheck:
    """Writes a mark to find out, at most once a second and one at a time, however many ask."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None
        self._answer: str | None = None

    async def check(self) -> str | None:
        """None, or what the database says."""
        async with self._asking:
            now = self._clock.monotonic()
            if self._asked_at is None or now - self._asked_at >= KEEP:
                self._asked_at, self._answer = now, "the database has not answered yet"
                self._answer = await self._probe()
            return self._answer

    async def _probe(self) -> str | None:
        at = self._clock.now()
        try:
            await self._database.write(lambda tx: health.probe(tx, "storage", at=at))
        except StorageUnavailable as error:
            return str(error)
        return None
