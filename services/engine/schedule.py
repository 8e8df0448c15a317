"""What happens regularly: the leader stores a job whenever a time has come, and workers do the rest.

The times lie on a grid counted from 1970 in UTC, so every process knows the same ones, and each is the
dedup id of its job: whoever offers it, twice or late, it is worked once (docs/decisions/0007).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from services.engine.clock import Clock
from services.engine.inbox import DAY, Handler, Inbox, Passing, Topic
from services.engine.retry import RetryPolicy
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_EVERY = 60.0  # seconds between looks at most: the machine's clock may be set meanwhile
AGAIN = 1.0  # seconds until a tick that the database refused is offered again

MINUTE, HOUR = 60, 3600
IDLE = 60.0  # seconds that a tick may be worked late when the hint to it is lost
RETRY = RetryPolicy(attempts=3, window=600.0, delay=5.0, cap=60.0)


def regular(name: str, handle: Handler, retry: RetryPolicy = RETRY) -> Topic:
    """A topic for work that comes again anyway: one at a time, and remembered for a day only.

    `retry` is for work that comes again so rarely that it is not to be missed. The house has to be kept
    while work is paused, too.
    """
    return Topic(name, handle, 1, retry, DAY, idle=IDLE, own_keys=True, pausable=False)


@dataclass(frozen=True, slots=True)
class Tick:
    """A topic gets a job every so many seconds."""

    topic: str
    seconds: int

    def last(self, now: datetime) -> datetime:
        """The newest time of the grid that has come."""
        trigger = IntervalTrigger(seconds=self.seconds, start_date=BEGINNING, timezone=UTC)
        following: datetime = trigger.get_next_fire_time(None, now)
        return following if following == now else following - timedelta(seconds=self.seconds)

    def next(self, now: datetime) -> datetime:
        """The first time of the grid that has not come yet."""
        return self.last(now) + timedelta(seconds=self.seconds)


class Schedule:
    """The list of ticks, and the duty of the leader that offers them."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        is_leader: Callable[[], bool],
        passing: Passing = lambda topic: None,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._is_leader = is_leader
        self._passing = passing
        self._topics: dict[str, Topic] = {}
        self._ticks: list[Tick] = []
        self._offered: dict[str, datetime] = {}

    def topics(self) -> list[str]:
        """The names of all that happens regularly."""
        return [tick.topic for tick in self._ticks]

    def every(self, seconds: float, topic: Topic) -> None:
        """Register the topic with the inbox, and have a job of it each so many (whole) seconds.

        The job's payload is `{"at": …}`, the time of the grid. Of times that nobody offered only the
        newest is made up for.
        """
        self._inbox.register(topic)
        self._topics[topic.name] = topic
        self._ticks.append(Tick(topic.name, max(round(seconds), 1)))

    async def run(self) -> None:
        """Offer each tick when its time comes, for ever; at first the newest that is over."""
        while True:
            now = self._clock.now()
            done = [await self._offer(tick, tick.last(now)) for tick in self._ticks]
            await self._clock.sleep(self._wait(now) if all(done) else AGAIN)

    async def _offer(self, tick: Tick, moment: datetime) -> bool:
        if self._offered.get(tick.topic) == moment:
            return True
        if self._passing(self._topics[tick.topic]) is not None:
            return True  # nobody would work it: they must not pile up, and the newest is made up for
        if not self._is_leader():  # this duty is about to be ended
            return False
        payload = msgspec.json.encode({"at": moment}).decode()
        try:
            await self._inbox.accept(tick.topic, f"tick:{tick.topic}", moment.isoformat(), payload)
        except StorageUnavailable as error:
            log.warning("schedule.not_stored", details={"topic": tick.topic, "reason": str(error)})
            return False
        self._offered[tick.topic] = moment
        return True

    def _wait(self, looked: datetime) -> float:
        # From the look on: what came while the ticks were offered was not seen by it.
        passed = max((self._clock.now() - looked).total_seconds(), 0.0)
        nearest = [(tick.next(looked) - looked).total_seconds() for tick in self._ticks]
        return min([LOOK_EVERY, *nearest]) - passed
