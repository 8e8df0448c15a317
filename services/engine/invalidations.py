"""Carries invalidations between processes: numbered rows that each reads every second."""

from functools import partial

from services.engine.cache import Cache
from services.engine.clock import Clock
from storage import invalidations
from storage.database import Database

EVERY = 1.0  # seconds; so another process is stale for two at most


class Invalidations:
    """Applies what any process said to this process's cache."""

    def __init__(self, database: Database, clock: Clock, cache: Cache) -> None:
        self._database = database
        self._clock = clock
        self._cache = cache
        self._last: int | None = None  # outlives a broken `follow`: what was said meanwhile still counts

    async def follow(self) -> None:
        """Apply new rows for ever. What was said before this process began concerns no entry of it."""
        if self._last is None:
            self._last = await self._database.read(invalidations.last)
        while True:
            await self._clock.sleep(EVERY)
            self._last = await self.apply_after(self._last)

    async def apply_after(self, last: int) -> int:
        """Apply the rows after a number; the answer is the newest."""
        for number, region, key in await self._database.read(partial(invalidations.after, last=last)):
            self._cache.invalidate(region, key)
            last = number
        return last
