"""Carries invalidations between processes: numbered rows that each reads every second, or on a hint."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from services.engine.cache import Cache
from services.engine.clock import Clock
from storage import invalidations
from storage.database import Database, Transaction

log = structlog.get_logger(__name__)

EVERY = 1.0  # seconds; so another process is stale for two at most
GATHER = 0.02  # seconds after a hint in which others may join it
# A row can be seen later than one with a greater number: as long as its transaction may last, the
# difference between two machines' clocks included.
LOOK_BACK = timedelta(seconds=60)
# Rows are deleted after an hour: who has not read for half of it may have missed some.
TOO_LONG = timedelta(minutes=30)


class Invalidations:
    """Applies what any process said to this process's cache."""

    def __init__(self, database: Database, clock: Clock, cache: Cache) -> None:
        self._database = database
        self._clock = clock
        self._cache = cache
        self._hinted = asyncio.Event()
        self._listeners: dict[str, Callable[[], None]] = {}
        # These outlive a broken `follow`: what was said meanwhile still counts.
        self._last = 0
        self._applied: frozenset[int] = frozenset()  # the numbers that the last look saw
        self._read_at: datetime | None = None

    def on(self, name: str, hear: Callable[[], None]) -> None:
        """Call `hear` when somebody says that what bears this name, and is no region, is out of date."""
        self._listeners[name] = hear

    def hint(self) -> None:
        """There may be new rows; truth is the rows."""
        self._hinted.set()

    async def follow(self) -> None:
        """Apply new rows for ever. What was said before this process began concerns no entry of it."""
        if self._read_at is None:
            await self._begin()
        while True:
            await self._until_hinted()
            await self._apply()

    async def _begin(self) -> None:
        now = self._clock.now()
        since = now - LOOK_BACK

        def look(tx: Transaction) -> tuple[int, frozenset[int]]:
            newest = invalidations.last(tx)
            seen = (row.number for row in invalidations.newer(tx, newest, since))
            return newest, frozenset(number for number in seen if number <= newest)

        self._last, self._applied = await self._database.read(look)
        self._read_at = now

    async def _until_hinted(self) -> None:
        try:
            async with self._clock.timeout(EVERY):
                await self._hinted.wait()
            await self._clock.sleep(GATHER)
        except TimeoutError:
            pass
        self._hinted.clear()

    async def _apply(self) -> None:
        now = self._clock.now()
        rows = await self._database.read(partial(invalidations.newer, last=self._last, since=now - LOOK_BACK))
        if self._read_at and now - self._read_at > TOO_LONG:
            self._forget_everything(now - self._read_at)
        for row in rows:
            if row.number not in self._applied:
                self._invalidate(row.region, row.key)
        self._applied = frozenset(row.number for row in rows)
        self._last = max(self._last, rows[-1].number) if rows else self._last
        self._read_at = now

    def _invalidate(self, region: str, key: str | None) -> None:
        if hear := self._listeners.get(region):
            hear()
        else:
            self._cache.invalidate(region, key)

    def _forget_everything(self, gap: timedelta) -> None:
        log.warning("invalidations.missed", details={"seconds_without_a_look": gap.total_seconds()})
        for region in self._cache.regions:
            self._cache.invalidate(region)
        for hear in self._listeners.values():
            hear()
