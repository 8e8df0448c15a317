"""A clock that moves only when a test moves it."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

_START = datetime(2026, 9, 10, 12, 0, tzinfo=UTC)
# Enough turns of the loop for a request to pass through every layer between client and application.
_TURNS = 60


class HandClock:
    """Virtual time; `advance` wakes the sleepers on its way in their order."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._sleepers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return _START + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._at(seconds, woken.set)
        await woken.wait()

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            open_block = [True]

            def expire() -> None:
                if open_block[0]:
                    limit.reschedule(loop.time())

            self._at(seconds, expire)
            try:
                yield
            finally:
                open_block[0] = False

    def _at(self, seconds: float, wake: Callable[[], None]) -> None:
        heapq.heappush(self._sleepers, (self._seconds + seconds, next(self._numbers), wake))

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, giving everybody woken the time to work."""
        end = self._seconds + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._seconds, _, wake = heapq.heappop(self._sleepers)
            wake()
            await self.settle()
        self._seconds = end
        await self.settle()

    async def settle(self) -> None:
        """Let everything run that can run without time passing."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
