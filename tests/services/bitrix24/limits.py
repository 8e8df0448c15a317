"""A portal's limits and the hub's side of them, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from sandbox.bitrix24.limits import Bucket
from services.bitrix24.limiter import Limiter
from services.engine.supervisor import Supervisor
from storage.database import Database, Result, Transaction
from storage.errors import StorageUnavailable
from storage.tables import metadata
from tests.clock import HandClock

T = TypeVar("T")

HOST = "home.bitrix24.ru"


class InMemory:
    """SQLite without a file and without threads: a write takes no time at all, real or virtual."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(self._engine)
        self.away = False
        self.writes = 0
        self.meanwhile: Callable[[], None] | None = None  # happens during the next write

    async def write(self, unit: Callable[[Transaction], Result]) -> Result:
        await asyncio.sleep(0)
        if self.away:
            raise StorageUnavailable("away")
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        self.writes += 1
        with self._engine.begin() as connection:
            return unit(connection)

    def close(self) -> None:
        self._engine.dispose()


@dataclass
class Doorkeeper:
    """A portal that does nothing but count requests as they arrive."""

    clock: HandClock
    rate: float = 2.0
    burst: int = 50
    arrivals: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bucket = Bucket(self.rate, self.burst, self.clock.monotonic)

    async def ask(self, there: float = 0.0, back: float = 0.0) -> bool:
        """Send a request that travels so long; whether it was taken."""
        await self.clock.sleep(there)
        taken = self.bucket.admits("us")
        (self.arrivals if taken else self.refusals).append(self.clock.monotonic())
        await self.clock.sleep(back)
        return taken

    async def visit(
        self, limiter: Limiter, *, urgent: bool = False, there: float = 0.0, back: float = 0.0
    ) -> None:
        """One request as the hub sends it."""
        permit = await limiter.admit(urgent=urgent)
        taken = await self.ask(there, back)
        (limiter.accepted if taken else limiter.rejected)()
        permit.ended()


@dataclass
class Limits:
    """A portal, a database, and limiters as processes have them."""

    clock: HandClock
    database: InMemory
    supervisor: Supervisor
    failures: list[str] = field(default_factory=list)  # tasks that broke

    def limiter(self, **settings: Any) -> Limiter:
        """One more process, or the same after a restart."""
        return Limiter(HOST, cast(Database, self.database), self.clock, self.supervisor, **settings)


@asynccontextmanager
async def limits() -> AsyncIterator[Limits]:
    """All of it, for one test."""
    clock, database = HandClock(), InMemory()
    failures: list[str] = []
    supervisor = Supervisor(clock, lambda name, _: failures.append(name))
    try:
        yield Limits(clock, database, supervisor, failures)
    finally:
        await supervisor.stop(0)
        database.close()


async def all_of(work: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all, worked together."""
    return await asyncio.gather(*work)


async def result_of(task: "asyncio.Task[T]") -> T:
    """What a task that runs already comes to: for a clock that wants something to run."""
    return await task
