"""Trends: the samples of a day by the hour, as /stats draws them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.engine.clock import Clock
from services.flow.samples import HITS, JOBS, MISSES, Samples
from storage import samples
from storage.database import Database
from storage.samples import Total

HOURS = 24
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of so many look-ups were hits."""

    hits: int = 0
    look_ups: int = 0

    @property
    def percent(self) -> float | None:
        """None when there were none."""
        return 100 * self.hits / self.look_ups if self.look_ups else None

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.hits + other.hits, self.look_ups + other.look_ups)


@dataclass(frozen=True, slots=True)
class RegionTrend:
    """A region's hits in the last sixty minutes, and in each of 24 hours, the one that runs last."""

    now: Rate
    hourly: tuple[Rate, ...]

    @property
    def day(self) -> Rate:
        """All 24 hours together."""
        return sum(self.hourly, Rate())


@dataclass(frozen=True, slots=True)
class Day:
    """24 hours: each region's trend, and how many jobs were done in each.

    `begin` is when the first of them began, by the clock on people's wall.
    """

    begin: datetime
    regions: dict[str, RegionTrend]
    jobs: tuple[int, ...]


class Trends:
    """Reads the samples of all processes; what this one has not written yet counts too."""

    def __init__(self, database: Database, clock: Clock, kept: Samples, zone: ZoneInfo) -> None:
        """`zone`: in which an hour begins where people see it begin."""
        self._database = database
        self._clock = clock
        self._kept = kept
        self._zone = zone

    async def day(self, regions: Iterable[str]) -> Day:
        """The last 24 hours of these regions."""
        now = self._clock.now()
        begin = self._hour_of(now) - (HOURS - 1) * HOUR
        rows = await self._database.read(lambda tx: samples.totals(tx, (HITS, MISSES, JOBS), begin))
        last = max((row.at for row in rows if row.series == JOBS), default=now - HOUR)
        fresh = {**self._kept.fresh(), (JOBS, ""): await self._kept.jobs_since(max(last, now - HOUR))}
        everything = [*rows, *(Total(now, *key, value) for key, value in fresh.items())]
        trends = {region: _trend(everything, region, begin, now) for region in regions}
        return Day(begin.astimezone(self._zone), trends, _jobs(everything, begin))

    def _hour_of(self, moment: datetime) -> datetime:
        there = moment.astimezone(self._zone)
        begun = timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
        return moment - begun


def _trend(rows: Sequence[Total], region: str, begin: datetime, now: datetime) -> RegionTrend:
    hourly, last = [Rate()] * HOURS, Rate()
    for row in rows:
        if row.label != region or row.series == JOBS:
            continue
        rate = Rate(row.value if row.series == HITS else 0, row.value)
        place = _place(row.at, begin)
        hourly[place] += rate
        if row.at > now - HOUR:
            last += rate
    return RegionTrend(last, tuple(hourly))


def _jobs(rows: Sequence[Total], begin: datetime) -> tuple[int, ...]:
    hourly = [0] * HOURS
    for row in rows:
        if row.series == JOBS:
            hourly[_place(row.at, begin)] += row.value
    return tuple(hourly)


def _place(at: datetime, begin: datetime) -> int:
    """In which hour it was; a sample is of the time before it, at a full hour of the hour that ended."""
    passed = at - begin - timedelta(microseconds=1)
    return min(max(int(passed / HOUR), 0), HOURS - 1)
