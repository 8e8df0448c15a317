"""What a region counts, and the frozen picture of it that doors and metrics read."""

from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class Counters:
    """Running totals of one region since the start of the process; only ever grow."""

    hits: int = 0
    misses: int = 0  # every look-up that was not a hit, joined and stale-served ones included
    loads: int = 0
    load_errors: int = 0
    joined: int = 0  # misses that waited for a load somebody else had begun
    stale_served: int = 0
    evictions: int = 0  # pushed out by capacity
    expired: int = 0  # removed by cleanup
    invalidations: int = 0  # entries dropped by invalidate and clear
    faults: int = 0  # keys that could not be hashed or compared; each was answered like a miss


COUNTED = tuple(field.name for field in fields(Counters))
SUMMED = ("entries", "capacity", "loading", *COUNTED)


@dataclass(frozen=True, slots=True)
class RegionStats:
    """One region (or the sum of all) in plain numbers; the counters mean what `Counters` says."""

    entries: int  # kept now, those past their TTL and not yet cleaned up included
    capacity: int
    loading: int  # loads under way that a new caller would join
    hit_rate_percent: float  # two digits; 0.0 before the first look-up
    hits: int
    misses: int
    loads: int
    load_errors: int
    joined: int
    stale_served: int
    evictions: int
    expired: int
    invalidations: int
    faults: int


@dataclass(frozen=True, slots=True)
class CacheStats(RegionStats):
    """The sum of all regions, and each by its name."""

    regions: dict[str, RegionStats]


def picture(counters: Counters, *, entries: int, capacity: int, loading: int) -> RegionStats:
    """Freeze running counters together with the present size."""
    asked = counters.hits + counters.misses
    rate = round(100 * counters.hits / asked, 2) if asked else 0.0
    return RegionStats(entries, capacity, loading, rate, **asdict(counters))


def add_up(regions: dict[str, RegionStats]) -> CacheStats:
    """The sum over regions; its hit rate is that of all look-ups together."""
    sums = {name: sum(getattr(stats, name) for stats in regions.values()) for name in SUMMED}
    counters = Counters(**{name: sums.pop(name) for name in COUNTED})
    return CacheStats(**asdict(picture(counters, **sums)), regions=regions)
