"""Samples: every five minutes each process writes down what its caches did, and the leader what jobs did.

They are what /stats draws and the watch looks at. Nothing waits for them: a restart loses one at most.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from services.engine.cache import Cache
from services.engine.clock import Clock
from services.engine.schedule import Tick
from services.engine.work import Work
from storage import samples
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.records import Job
from storage.samples import Sample

log = structlog.get_logger(__name__)

TOPIC = "samples"
EVERY = 300  # seconds
KEPT = timedelta(hours=48)
HITS, MISSES, STALE, ENTRIES, JOBS = "hits", "misses", "stale", "entries", "jobs"
LOOK_UPS = (HITS, MISSES)

Counted = dict[tuple[str, str], int]  # by series and label


class Payload(msgspec.Struct):
    """What a tick of the schedule says."""

    at: datetime


class Samples:
    """Keeps samples, on a grid that all processes share."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        cache: Cache,
        process: str,
        ticking: Callable[[], Sequence[str]],
    ) -> None:
        """`process` names this one; `ticking()` the topics whose jobs come by the clock and tell nothing."""
        self._database = database
        self._clock = clock
        self._cache = cache
        self._process = process
        self._ticking = ticking
        self._grid = Tick(TOPIC, EVERY)
        self._written: Counted = {}
        self._written_at: datetime | None = None

    async def keep(self) -> None:
        """For ever: write down at each time of the grid."""
        while True:
            now = self._clock.now()
            await self._clock.sleep((self._grid.next(now) - now).total_seconds())
            await self.take()

    async def take(self) -> None:
        """Write down what happened since the last time. What cannot be written is in the next one.

        So is what happens after the clock on the wall was set back: the past has its samples already.
        """
        at, counted = self._grid.last(self._clock.now()), self._counted()
        if self._written_at and at <= self._written_at:
            return
        figures = self._since(counted) | self._entries()
        rows = [Sample(at, self._process, *key, value) for key, value in figures.items()]
        try:
            await self._database.write(lambda tx: samples.put(tx, rows))
        except StorageUnavailable as error:
            log.warning("samples.not_written", details={"reason": str(error)})
            return
        self._written, self._written_at = counted, at

    def fresh(self) -> Counted:
        """What happened in this process since it wrote last; series and labels without any are left out."""
        return self._since(self._counted())

    async def jobs_since(self, since: datetime) -> int:
        """How many jobs were done from then on, this moment included."""
        now, without = self._clock.now(), self._ticking()
        after = now + timedelta(microseconds=1)
        done = await self._database.read(lambda tx: samples.jobs_done(tx, since, after, without=without))
        return sum(done.values())

    async def count_jobs(self, job: Job, work: Work) -> int:
        """The handler of the topic `samples`: write down how many jobs were done; how many it were."""
        until = msgspec.json.decode(job.payload, type=Payload).at
        since, without = until - timedelta(seconds=EVERY), self._ticking()
        done = await self._database.read(lambda tx: samples.jobs_done(tx, since, until, without=without))
        rows = [Sample(until, "", JOBS, topic, count) for topic, count in done.items()]
        work.write(lambda tx: samples.put(tx, rows))
        return sum(done.values())

    def _since(self, counted: Counted) -> Counted:
        grown = {key: total - self._written.get(key, 0) for key, total in counted.items()}
        return {key: value for key, value in grown.items() if value}

    def _counted(self) -> Counted:
        regions = self._cache.get_stats().regions
        return {
            (series, name): value
            for name, stats in regions.items()
            for series, value in ((HITS, stats.hits), (MISSES, stats.misses), (STALE, stats.stale_served))
        }

    def _entries(self) -> Counted:
        return {(ENTRIES, name): stats.entries for name, stats in self._cache.get_stats().regions.items()}
