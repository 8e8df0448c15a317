"""One process leads: what may run only once for all processes on a database runs there."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from services.engine.clock import Clock
from services.engine.supervisor import Supervisor
from storage.database import SILENCE, LeaderLock
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)

COMPETE_EVERY = 2.0  # seconds between tries of a process that does not lead
CONFIRM_EVERY = SILENCE / 3  # seconds between two proofs of one that does
ANSWER_TIME = 5.0  # seconds the database may take to tell
# Seconds a proof is good for. The database itself lets go of a silent leader's lock after SILENCE: a leader
# that was stopped or cut off has to know before anybody else can have taken its place.
FENCE = SILENCE * 0.8
NO_ANSWER = "no answer in time"

Duty = Callable[[], Coroutine[Any, Any, None]]


class Leadership:
    """Competes for the lock, and runs the duties as lasting tasks while this process has it."""

    def __init__(
        self, lock: LeaderLock, clock: Clock, supervisor: Supervisor, *, silence: float = SILENCE
    ) -> None:
        """`silence` as the lock was given it; proofs are made and believed in proportion.

        Endless where no other process can be there: then one proof is good for ever.
        """
        self._pace = silence / SILENCE
        self._lock = lock
        self._clock = clock
        self._supervisor = supervisor
        self._duties: dict[str, Duty] = {}
        self._proven_at: float | None = None

    @property
    def is_leader(self) -> bool:
        """Whether this process leads, by its last proof. False as soon as that is too old to be believed."""
        return self._left() > 0

    def when_leading(self, name: str, run: Duty) -> None:
        """Have `run` running, as a lasting task of that name, whenever this process leads.

        It is cancelled when the lead is lost. To be registered before `run`.
        """
        if name in self._duties:
            raise RuntimeError(f"there is a duty named {name} already")
        self._duties[name] = run

    async def run(self) -> None:
        """Compete and lead until cancelled, which gives the lead to the next."""
        while True:
            if await self._acquire():
                try:
                    await self._lead()
                finally:
                    await self._resign()
            else:
                await self._clock.sleep(COMPETE_EVERY)

    async def _acquire(self) -> bool:
        asked = self._clock.monotonic()
        try:
            async with self._clock.timeout(ANSWER_TIME):
                if not await self._lock.acquire():
                    return False
        except (StorageUnavailable, TimeoutError, asyncio.CancelledError) as error:
            await self._release()  # it may have been granted, and the answer lost
            if isinstance(error, asyncio.CancelledError):
                raise
            log.debug("leadership.unknown", details={"reason": str(error) or NO_ANSWER})
            return False
        return self._is_believable(asked)

    async def _lead(self) -> None:
        log.info("leadership.taken", details={"duties": list(self._duties)})
        for name, run in self._duties.items():
            self._supervisor.spawn(name, run)
        while await self._is_proven_again():
            pass

    async def _is_proven_again(self) -> bool:
        await self._clock.sleep(CONFIRM_EVERY * min(self._pace, 1.0))
        asked = self._clock.monotonic()
        try:
            async with self._clock.timeout(min(ANSWER_TIME, self._left())):
                await self._lock.confirm()
        except (StorageUnavailable, TimeoutError) as error:
            log.warning("leadership.not_confirmed", details={"reason": str(error) or NO_ANSWER})
            return False
        return self.is_leader and self._is_believable(asked)

    def _is_believable(self, asked: float) -> bool:
        """Take the answer to a question put then for a proof, unless this process stood still meanwhile."""
        self._proven_at = asked
        return self.is_leader

    async def _resign(self) -> None:
        self._proven_at = None
        try:
            await asyncio.gather(*(self._supervisor.stop_task(name) for name in self._duties))
        finally:
            await self._release()
            log.info("leadership.ended")

    async def _release(self) -> None:
        try:
            async with self._clock.timeout(ANSWER_TIME):
                await self._lock.release()
        except (StorageUnavailable, TimeoutError) as error:  # then the end of its session frees it
            log.warning("leadership.not_released", details={"reason": str(error) or NO_ANSWER})

    def _left(self) -> float:
        """Seconds that the last proof is still good for; none without one."""
        if self._proven_at is None:
            return 0.0
        return self._proven_at + FENCE * self._pace - self._clock.monotonic()
