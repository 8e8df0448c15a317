"""Leases: whoever looks something up in order to make it when it is missing, holds its name meanwhile.

The outside system cannot do both in one step, so two who look at one moment would both make it. A lease is
a row, so it holds in all processes. It ends by itself: a process that dies in the middle keeps others off
only until the call it had sent is surely over.
"""

from collections.abc import Callable, Collection
from datetime import timedelta

from services.engine.clock import Clock
from services.engine.errors import BreakerOpen
from services.engine.observability import new_correlation_id
from storage import leases
from storage.database import Database, Transaction
from storage.leases import Taken

LOOK = 0.05  # seconds between two looks at what somebody else holds
PATIENCE = 1.0  # seconds of looking; then whoever waits goes away and comes again
AGAIN = 5.0  # seconds at most until then


class Held(BreakerOpen):
    """Somebody else is at it. As with an open breaker nothing was asked, so it costs a job no attempt."""


class Hold:
    """What one piece of work holds. A new one for each try: what an earlier try holds is somebody else's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._owner = new_correlation_id()
        self._names: set[str] = set()

    async def take(self, names: Collection[str], seconds: float) -> None:
        """Hold these too, all for so long. Waits a little for others. Raises Held, StorageUnavailable."""
        wanted = self._names | set(names)
        patience = self._clock.monotonic() + PATIENCE
        while True:
            try:
                await self._take(wanted, seconds)
            except Taken as taken:
                if self._clock.monotonic() >= patience:
                    raise self._held(taken) from None
                await self._clock.sleep(LOOK)
            else:
                self._names = wanted
                return

    async def keep(self, seconds: float, also: Callable[[Transaction], None]) -> None:
        """Hold all for so long from now and write `also` with it. Raises Held when that came too late."""
        until = self._clock.now() + timedelta(seconds=seconds)

        def unit(tx: Transaction) -> None:
            if not leases.keep(tx, self._names, self._owner, until=until):
                raise Held("leases", "the time was over", retry_after=AGAIN)
            also(tx)

        await self._database.write(unit)

    def release_in(self, tx: Transaction) -> None:
        """Let go of everything in another's transaction."""
        leases.release(tx, self._names, self._owner)

    async def release(self) -> None:
        """Let go of everything."""
        if self._names:
            await self._database.write(self.release_in)

    async def _take(self, names: Collection[str], seconds: float) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        await self._database.write(lambda tx: leases.take(tx, names, self._owner, now=now, until=until))

    def _held(self, taken: Taken) -> Held:
        left = (taken.until - self._clock.now()).total_seconds()
        return Held("leases", "somebody else is at it", retry_after=max(min(left, AGAIN), LOOK))
