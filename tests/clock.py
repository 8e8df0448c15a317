"""A clock moved by hand: virtual time for the hub and the sandbox on one loop."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

DAY = 86_400.0
QUIET_TURNS = 3  # bytes written in one turn of the loop are seen by the next; one turn more for good measure
BLIND_TURNS = 50  # on a loop that does not show what is ready
MOST_TURNS = 100_000
ROUNDING = 1e-9  # ten times 0.1 is due at 1.0
PAUSE = 0.0005  # real seconds between looks at what works outside of the loop


class HandClock:
    """Satisfies the clock protocols of hub and sandbox; time stands still until a test moves it.

    Before each step it lets the loop come to rest: no callback is ready, `in_flight()` is 0, and nothing
    has stirred for `patience` real seconds (for what works in a thread, such as SQLite's). Requests that
    themselves wait on this clock, such as a long poll, must not be counted by `in_flight`: nothing would
    ever move again. What does not come to rest within `real_limit` real seconds is a RuntimeError.
    """

    def __init__(
        self,
        start: datetime = datetime(2026, 1, 15, 12, tzinfo=UTC),
        *,
        in_flight: Callable[[], int] = lambda: 0,
        patience: float = 0.0,
        real_limit: float = 60.0,
    ) -> None:
        self.in_flight = in_flight  # may be replaced once the servers that count are there
        self._start = start
        self._origin = self._time = 1000.0  # not 0: nobody may take it for the start of anything
        self._patience = patience
        self._real_limit = real_limit
        self._due: list[tuple[float, int]] = []  # heap of (moment, number); equal moments in order of setting
        self._rings: dict[int, Callable[[], object]] = {}  # by number; a withdrawn alarm is missing here
        self._numbers = count()
        self._settling = 0

    def now(self) -> datetime:
        """The virtual wall time, in UTC."""
        return self._start + timedelta(seconds=self._time - self._origin)

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._time

    async def sleep(self, seconds: float) -> None:
        """Wait for virtual time; zero or less only gives other tasks a turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        alarm = self._set_alarm(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            self._rings.pop(alarm, None)

    @asynccontextmanager
    async def timeout(self, seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
        """asyncio's own timeout, told by an alarm when its virtual moment has come."""
        if seconds is None or seconds <= 0:
            async with asyncio.timeout(seconds) as limit:
                yield limit
            return
        async with asyncio.timeout(None) as limit:
            alarm = self._set_alarm(seconds, lambda: limit.reschedule(0.0))
            try:
                yield limit
            finally:
                self._rings.pop(alarm, None)

    @property
    def waiting(self) -> int:
        """How many sleeps and timeouts are under way."""
        return len(self._rings)

    async def advance(self, seconds: float) -> None:
        """Move on, waking whatever falls due in order, each at its own moment."""
        if seconds < 0:
            raise ValueError("time does not go back")
        target = self._time + seconds
        await self._rest()
        while self._ring_next(target):
            await self._rest()
        self._time = max(self._time, target)

    async def run_until(self, reached: Callable[[], bool], limit: float = DAY) -> None:
        """Go on from sleeper to sleeper until it is so; TimeoutError after `limit` virtual seconds."""
        target = self._time + limit
        await self._rest()
        while not reached():
            if not self._ring_next(target):
                raise TimeoutError(f"not reached within {limit} virtual seconds; {self.waiting} still wait")
            await self._rest()

    async def run_until_idle(self, limit: float = DAY) -> None:
        """Go on from sleeper to sleeper until nobody waits."""
        await self.run_until(lambda: not self.waiting, limit)

    async def run(self, work: Coroutine[Any, Any, T], limit: float = DAY) -> T:
        """Await `work`, moving on whenever everything waits; TimeoutError after `limit` virtual seconds."""
        task = asyncio.get_running_loop().create_task(work)
        try:
            await self._drive(task, self._time + limit)
        finally:
            task.cancel()
            await asyncio.wait([task])
        return task.result()

    async def settle(self) -> bool:
        """Give all tasks their turns until none can go on; whether any could. Time stands still."""
        stirred = False
        needed = QUIET_TURNS if hasattr(asyncio.get_running_loop(), "_ready") else BLIND_TURNS
        self._settling += 1
        try:
            quiet = 0
            for _ in range(MOST_TURNS):
                await asyncio.sleep(0)
                quiet = quiet + 1 if self._is_quiet() else 0
                stirred |= not quiet
                if quiet == needed:
                    return stirred
        finally:
            self._settling -= 1
        raise RuntimeError("the loop does not come to rest: a task runs without waiting for anything")

    def _is_quiet(self) -> bool:
        # asyncio's own queue of what runs next. Others who settle stand in it too and do not count.
        ready = getattr(asyncio.get_running_loop(), "_ready", ())
        return len(ready) < self._settling

    async def _rest(self) -> None:
        loop = asyncio.get_running_loop()
        begun = silent = loop.time()
        while True:
            if await self.settle() or self.in_flight():
                silent = loop.time()
            elif loop.time() - silent >= self._patience:
                return
            if loop.time() - begun > self._real_limit:
                raise RuntimeError(f"no rest in real time; {self.in_flight()} requests are in flight")
            if self._patience or self.in_flight():
                await asyncio.sleep(PAUSE)

    async def _drive(self, task: "asyncio.Task[Any]", target: float) -> None:
        loop = asyncio.get_running_loop()
        moved = loop.time()
        while True:
            await self._rest()
            if task.done():
                return
            if self._ring_next(target):
                moved = loop.time()
            elif self.waiting:
                raise TimeoutError("the work needs more virtual time than its limit")
            elif loop.time() - moved > self._real_limit:
                raise TimeoutError("the work waits for something that no clock moves")
            else:
                await asyncio.wait([task], timeout=PAUSE)

    def _set_alarm(self, seconds: float, ring: Callable[[], object]) -> int:
        number = next(self._numbers)
        heapq.heappush(self._due, (self._time + seconds, number))
        self._rings[number] = ring
        return number

    def _ring_next(self, target: float) -> bool:
        """Move to the next alarm and ring it; False when none is due by `target`."""
        while self._due and self._due[0][1] not in self._rings:
            heapq.heappop(self._due)
        if not self._due or self._due[0][0] > target + ROUNDING:
            return False
        due, number = heapq.heappop(self._due)
        self._time = max(self._time, due)
        self._rings.pop(number)()
        return True
