"""Signs that the cache is of no use: too few hits, or nothing in it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from services.engine.clock import Clock
from services.flow.samples import ENTRIES, HITS, LOOK_UPS
from services.flow.watch import Cause, Findings
from storage import samples
from storage.database import Database
from storage.records import Notice
from storage.samples import Total

RATE_OVER = timedelta(hours=1)
LEAST_RATE = 50  # percent of look-ups that should be hits
RATED = 100  # look-ups below which a rate says nothing
UNCLEAR = timedelta(days=1)  # that what was told stays as it is while nobody can tell
EMPTY_OVER = timedelta(minutes=15)  # three samples
EMPTY_SAMPLES = 2  # of which at least so many have to be there, and all of them without an entry
ASKED = 20  # look-ups after which something should be kept


class CacheSigns:
    """Looks at the samples of all processes. A cache that is switched off has no such faults."""

    def __init__(self, database: Database, clock: Clock, *, enabled: bool) -> None:
        self._database = database
        self._clock = clock
        self._enabled = enabled

    async def hit_rate(self, opened: Mapping[str, Notice]) -> Findings:
        """Regions that found less than half of what they were asked for in the last hour."""
        totals = _by_region(await self._read(LOOK_UPS, RATE_OVER))
        rated = {region: series for region, series in totals.items() if _look_ups(series) >= RATED}
        causes = []
        for region, series in rated.items():
            percent = 100 * sum(series[HITS]) // _look_ups(series)
            if percent < LEAST_RATE:
                params = {"region": region, "percent": percent}
                causes.append(Cause(region, _look_ups(series), params))
        unclear = frozenset(opened) - rated.keys()
        lapsed = unclear - await self._rated_lately() if unclear else unclear
        return Findings(causes, unclear - lapsed, lapsed)

    async def empty(self, opened: Mapping[str, Notice]) -> Findings:
        """Regions that keep nothing in any process, although they were asked."""
        totals = _by_region(await self._read((*LOOK_UPS, ENTRIES), EMPTY_OVER))
        causes, full = [], set()
        for region, series in totals.items():
            if any(series[ENTRIES]):
                full.add(region)
            elif len(series[ENTRIES]) >= EMPTY_SAMPLES and _look_ups(series) >= ASKED:
                causes.append(Cause(region, _look_ups(series), {"region": region}))
        unclear = frozenset(opened) - full
        seen = {row.label for row in await self._read((ENTRIES,), UNCLEAR)} if unclear else set()
        return Findings(causes, unclear & seen, unclear - seen)

    async def _rated_lately(self) -> set[str]:
        """Regions with enough look-ups in any hour of the last day."""
        lately: set[str] = set()
        asked: dict[str, list[Total]] = defaultdict(list)
        for row in await self._read(LOOK_UPS, UNCLEAR):
            asked[row.label].append(row)
            hour = [each.value for each in asked[row.label] if each.at > row.at - RATE_OVER]
            if sum(hour) >= RATED:
                lately.add(row.label)
        return lately

    async def _read(self, series: tuple[str, ...], over: timedelta) -> list[Total]:
        if not self._enabled:
            return []
        after = self._clock.now() - over
        return await self._database.read(lambda tx: samples.totals(tx, series, after))


def _by_region(rows: list[Total]) -> dict[str, dict[str, list[int]]]:
    """The figures of each region and series, a number a sample."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.label][row.series].append(row.value)
    return found


def _look_ups(series: Mapping[str, list[int]]) -> int:
    return sum(sum(series[name]) for name in LOOK_UPS)
