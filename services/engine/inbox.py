"""The inbox: stored first, answered second, worked third (DESIGN §3).

This module is its front: topics, accepting, receipts. services/engine/workers.py works the jobs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.engine.clock import Clock
from services.engine.errors import HubError
from services.engine.failpoints import Failpoints
from services.engine.observability import current_correlation_id, new_correlation_id
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from storage import jobs
from storage.database import Database, Transaction
from storage.records import Job, JobState, NewJob

WAITERS = 64  # people and programs that may wait for results at once
WAIT_POLL = 0.5  # seconds between looks at a job that another process may be working
DAY = 86400.0
IDLE = 5.0  # seconds

Passing = Callable[["Topic"], frozenset[str] | None]
"""Of which keys alone a topic's jobs may be begun at this moment; None: of all."""

Handler = Callable[[Job, Work], Awaitable[Any]]
LastWord = Callable[[Job, Work, Exception], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of job: who works it, how many at once, how failures repeat, how long an id stays known.

    `handle(job, work)` makes its outside calls, collects its writes in `work` and returns the result
    (JSON). `last_word` may collect what a person should hear when the job is given up. `idle` is how many
    seconds pass at most between looks when no hint comes: hints can be lost, rows cannot. `own_keys` says
    that no other topic has jobs of the same keys. While work is paused no job is begun of a topic that is
    `pausable`; of one `by_chat`, whose keys are chats, those of the operators' chats are. While many are
    begun, they are begun together, every `gather` seconds.
    """

    name: str
    handle: Handler
    concurrency: int
    retry: RetryPolicy
    dedup_seconds: float = 30 * DAY
    last_word: LastWord | None = None
    idle: float = IDLE
    own_keys: bool = False
    pausable: bool = True
    by_chat: bool = False
    gather: float = 0.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `accept` answers once the job is durable. `new` is false for a known dedup id."""

    job_id: int
    new: bool
    _inbox: "Inbox" = field(repr=False)

    async def wait(self, seconds: float) -> JobState | None:
        """The finished (done or dead) job, or None when it is not finished by then.

        Also None, at once, when too many wait already.
        """
        return await self._inbox.wait(self.job_id, seconds)


class Offer(NamedTuple):
    """A job to be accepted; see Inbox.accept."""

    key: str
    dedup_id: str | None
    payload: str


class Inbox:
    """Accepts jobs for its topics and tells those who wait for a result."""

    def __init__(self, database: Database, clock: Clock, failpoints: Failpoints) -> None:
        self._database = database
        self._clock = clock
        self._failpoints = failpoints
        self._topics: dict[str, Topic] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._waiting: dict[int, list[asyncio.Event]] = {}
        self._waiters = 0

    @property
    def topics(self) -> list[Topic]:
        """All registered topics."""
        return list(self._topics.values())

    def register(self, topic: Topic) -> None:
        """Make a topic known. Its jobs are worked once the workers start it."""
        self._topics[topic.name] = topic
        self._wake.setdefault(topic.name, asyncio.Event())

    async def accept(
        self,
        topic: str,
        key: str,
        dedup_id: str | None,
        payload: str,
        *,
        due: datetime | None = None,
    ) -> Receipt:
        """Store a job; durable when this returns. `payload` is JSON text, `due` postpones the work.

        A dedup id that is known within the topic's window changes nothing. Raises StorageUnavailable.
        """
        correlation_id = current_correlation_id() or new_correlation_id()
        row = self._row(self._topics[topic], key, dedup_id, payload, due, correlation_id)
        job_id, new = await self._database.write_row(jobs.accept, row)
        self._failpoints.hit("accept")
        if new:
            self.wake(topic)
        return Receipt(job_id, new, self)

    async def accept_all(self, topic: str, offers: Sequence[Offer]) -> list[Receipt]:
        """Store several jobs, in the order given; all are durable when this returns.

        Each gets a correlation id of its own. Raises StorageUnavailable, and then some may be stored.
        """
        of = self._topics[topic]
        rows = [self._row(of, *offer, None, new_correlation_id()) for offer in offers]
        stored = await self._database.write_rows(jobs.accept, rows)
        for _ in stored:
            self._failpoints.hit("accept")
        if any(new for _, new in stored):
            self.wake(topic)
        return [Receipt(job_id, new, self) for job_id, new in stored]

    def new_job(self, topic: str, offer: Offer) -> NewJob:
        """A job as `accept` stores it, for a unit that stores more with it; it wakes the topic afterwards."""
        cause = current_correlation_id() or new_correlation_id()
        return self._row(self._topics[topic], *offer, None, cause)

    def accept_in(
        self,
        tx: Transaction,
        topic: str,
        offer: Offer,
        *,
        correlation_id: str | None = None,
        due: datetime | None = None,
    ) -> tuple[int, bool]:
        """Store a job within another's transaction; (its number, whether it is new).

        It exists when that transaction does, so the caller wakes the topic afterwards.
        """
        row = self._row(self._topics[topic], *offer, due, correlation_id or new_correlation_id())
        ((job_id, new),) = jobs.accept(tx, [row])
        return job_id, new

    def follow_up(self, work: Work, topic: str, offer: Offer, *, due: datetime | None = None) -> None:
        """Store a job together with what this one writes; it carries the same correlation id on."""
        of = work.job.correlation_id
        work.write(lambda tx: self.accept_in(tx, topic, offer, correlation_id=of, due=due))
        work.afterwards(lambda: self.wake(topic))

    def wake(self, topic: str) -> None:
        """Hint that there may be work; truth is the rows."""
        self._wake[topic].set()

    def hint(self, topic: str) -> None:
        """Wake a topic by a name that another process told; one that is not worked here is no matter."""
        if event := self._wake.get(topic):
            event.set()

    def wake_all(self) -> None:
        """Hint to every topic."""
        for topic in self._wake:
            self.wake(topic)

    def key_is_free(self, topic: Topic) -> None:
        """A job of this topic has let go of its key: hint to every topic that may have the next one."""
        self.wake(topic.name)
        if not topic.own_keys:
            for other in self._topics.values():
                if not other.own_keys:
                    self.wake(other.name)

    def take_hint(self, topic: str) -> bool:
        """Whether a hint came since the last look; it is used up by asking."""
        event = self._wake[topic]
        hinted = event.is_set()
        event.clear()
        return hinted

    async def until_woken(self, topic: str, seconds: float) -> None:
        """Wait for a hint, or for the time."""
        event = self._wake[topic]
        try:
            async with self._clock.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        event.clear()

    def finished(self, job: Job) -> None:
        """Tell everybody in this process who waits for the job."""
        for event in self._waiting.get(job.id, ()):
            event.set()

    async def wait(self, job_id: int, seconds: float) -> JobState | None:
        """See Receipt.wait."""
        if self._waiters >= WAITERS:
            return None
        event = asyncio.Event()
        self._waiting.setdefault(job_id, []).append(event)
        self._waiters += 1
        try:
            return await self._wait(job_id, event, self._clock.monotonic() + seconds)
        finally:
            self._waiters -= 1
            self._waiting[job_id].remove(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    async def _wait(self, job_id: int, event: asyncio.Event, until: float) -> JobState | None:
        while True:
            state = await self._database.read(lambda tx: jobs.state(tx, job_id))
            if state is None or state.state in {"done", "dead"}:
                return state
            left = until - self._clock.monotonic()
            if left <= 0:
                return None
            try:
                async with self._clock.timeout(min(left, WAIT_POLL)):
                    await event.wait()
            except TimeoutError:
                pass
            event.clear()

    def _row(
        self,
        topic: Topic,
        key: str,
        dedup_id: str | None,
        payload: str,
        due: datetime | None,
        correlation_id: str,
    ) -> NewJob:
        now = self._clock.now()
        return NewJob(
            topic=topic.name,
            key=key,
            payload=payload,
            correlation_id=correlation_id,
            accepted_at=now,
            due_at=due or now,
            dedup_id=dedup_id,
            dedup_until=now + timedelta(seconds=topic.dedup_seconds) if dedup_id else None,
        )


def is_permanent(error: Exception) -> bool:
    """Whether another attempt is pointless. An error nobody foresaw gets its attempts."""
    return isinstance(error, HubError) and error.permanent
