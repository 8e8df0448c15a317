"""An inbox with its workers on a real database and virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog.testing

from services.engine.failpoints import Failpoints, NoFailpoints
from services.engine.inbox import DAY, Inbox, LastWord, Receipt, Topic
from services.engine.retry import RetryPolicy
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from services.engine.workers import LEASE, Workers
from storage import jobs, journal
from storage.database import Transaction
from storage.records import Job, JobState
from tests.clock import HandClock
from tests.storage.files import Home, WatchedDatabase, opened, rows
from tests.storage.rows import NOON

THRICE = RetryPolicy(attempts=3, window=60.0)

Handle = Callable[[Job, Work], Awaitable[Any]]


@dataclass
class RecordedFaults:
    """The engine's FaultRecorder, kept in memory."""

    recorded: list[tuple[str, str]] = field(default_factory=list)

    async def record(self, kind: str, sample: str) -> None:
        self.recorded.append((kind, sample))


@dataclass
class Workshop:
    """Everything that works jobs, and what it wrote down."""

    database: WatchedDatabase
    clock: HandClock
    supervisor: Supervisor
    inbox: Inbox
    workers: Workers
    faults: RecordedFaults
    durable_finishes: int = 0

    def topic(
        self,
        handle: Handle,
        *,
        name: str = "telegram",
        concurrency: int = 8,
        retry: RetryPolicy = THRICE,
        dedup_seconds: float = 30 * DAY,
        last_word: LastWord | None = None,
        started: bool = True,
    ) -> Topic:
        """Register a topic and, unless told otherwise, begin to work it."""
        topic = Topic(name, handle, concurrency, retry, dedup_seconds, last_word)
        self.inbox.register(topic)
        if started:
            self.workers.start(topic)
        return topic

    async def accept(
        self,
        key: str = "chat:1",
        dedup_id: str | None = None,
        *,
        topic: str = "telegram",
        payload: str = "{}",
    ) -> Receipt:
        return await self.inbox.accept(topic, key, dedup_id, payload)

    async def state(self, receipt: Receipt) -> JobState:
        found = await self.database.read(lambda tx: jobs.state(tx, receipt.job_id))
        assert found
        return found

    async def settle(self) -> None:
        """Let everything happen that can happen at this moment."""
        await self.clock.advance(0)


@asynccontextmanager
async def workshop(
    home: Home,
    *,
    clock: HandClock | None = None,
    failpoints: Failpoints | None = None,
    lease: float = LEASE,
    seed: int = 1,
) -> AsyncIterator[Workshop]:
    """A workshop for the block; its end is a graceful stop with no grace."""
    with structlog.testing.capture_logs():  # outages log a traceback each half second
        async with _workshop(home, clock, failpoints or NoFailpoints(), lease, seed) as shop:
            yield shop


@asynccontextmanager
async def _workshop(
    home: Home, clock: HandClock | None, points: Failpoints, lease: float, seed: int
) -> AsyncIterator[Workshop]:
    async with opened(home) as database:
        time = clock or HandClock()
        time.in_flight = lambda: database.in_flight
        supervisor, faults = Supervisor(time), RecordedFaults()
        inbox = Inbox(database, time, points)

        def finished() -> None:
            shop.durable_finishes += 1

        workers = Workers(
            inbox,
            database,
            clock=time,
            random=Random(seed),
            supervisor=supervisor,
            failpoints=points,
            faults=faults,
            finished=finished,
            lease=lease,
        )
        shop = Workshop(database, time, supervisor, inbox, workers, faults)
        try:
            yield shop
        finally:
            database.away = False
            await supervisor.stop(0)
            await workers.hand_back()


class Gate:
    """A handler that waits until it is let go; keeps which jobs it began."""

    def __init__(self) -> None:
        self.begun: list[Job] = []
        self._open = asyncio.Event()

    def open(self) -> None:
        self._open.set()

    async def handle(self, job: Job, work: Work) -> str:
        self.begun.append(job)
        await self._open.wait()
        return "done"


def effect(work: Work) -> None:
    """Collect a write that shows how often it was made."""
    work.write(lambda tx: put_effect(tx, work.job))


def put_effect(tx: Transaction, job: Job) -> None:
    journal.add(tx, at=NOON, actor="test", action="did", kind="job", key=str(job.id))


async def effects(database: WatchedDatabase) -> list[int]:
    return [int(row[0]) for row in await rows(database, "SELECT key FROM journal ORDER BY id")]


async def nothing(job: Job, work: Work) -> None:
    return None


def failing_with(error: Exception) -> Callable[[Job, Work], Any]:
    async def handle(job: Job, work: Work) -> None:
        effect(work)
        raise error

    return handle
