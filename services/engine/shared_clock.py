"""One time for several processes: leases and due times mean the same on every machine."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import structlog

from services.engine.clock import Clock
from storage import clock as database_clock
from storage.database import Database

log = structlog.get_logger(__name__)

ADJUST_EVERY = 30.0  # seconds
WORTH_TELLING = 1.0  # seconds that a machine's own clock may be off before the log says so
SLOW = 1.0  # seconds an answer may take to be of use: nobody knows when within them the clock was read


class SharedClock:
    """The database's time, carried on by this machine's steady one: a clock set wrong here is no matter."""

    def __init__(self, own: Clock, database: Database) -> None:
        self._own = own
        self._database = database
        self._started_at = own.now()
        self._started = own.monotonic()
        self.monotonic = own.monotonic  # bound directly: the cache asks on every hit

    def now(self) -> datetime:
        return self._started_at + timedelta(seconds=self._own.monotonic() - self._started)

    async def sleep(self, seconds: float) -> None:
        await self._own.sleep(seconds)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return self._own.timeout(seconds)

    @property
    def own_offset(self) -> float:
        """Seconds that this machine's own clock is ahead."""
        return (self._own.now() - self.now()).total_seconds()

    async def adjust(self) -> None:
        """Look at the database's clock. Raises StorageUnavailable."""
        asked = self._own.monotonic()
        told = await self._database.read(database_clock.now)
        took = self._own.monotonic() - asked
        if took <= SLOW:
            self._started_at, self._started = told + timedelta(seconds=took / 2), self._own.monotonic()

    async def follow(self) -> None:
        """Adjust for ever: steady clocks drift, and stand still while a machine sleeps."""
        while True:
            await self._own.sleep(ADJUST_EVERY)
            await self.adjust()
            if abs(self.own_offset) > WORTH_TELLING:
                log.warning("clock.differs", details={"seconds_ahead": round(self.own_offset, 1)})
