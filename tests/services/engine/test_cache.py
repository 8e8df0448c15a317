"""What a region keeps, for how long, in which order, and what it counts."""

import tracemalloc
from dataclasses import asdict
from random import Random
from typing import Any, cast

import pytest
import structlog

from services.engine.cache import MISS, Cache, Region
from services.engine.supervisor import Supervisor
from tests.clock import HandClock
from tests.services.engine.regions import ABSENT_TTL, TTL, Key, Source, build_cache, build_region


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def region(clock: HandClock) -> Region[str, str]:
    return build_region(clock)


async def test_a_value_is_there_until_its_time_is_over(clock: HandClock, region: Region[str, str]) -> None:
    region.set("a", "1")
    await clock.advance(TTL - 0.001)
    assert region.get("a") == "1"
    await clock.advance(0.001)
    assert region.get("a") is None


async def test_a_hit_does_not_lengthen_a_life_but_a_new_value_does(
    clock: HandClock, region: Region[str, str]
) -> None:
    region.set("a", "1")
    await clock.advance(TTL * 0.6)
    assert region.get("a") == "1"
    await clock.advance(TTL * 0.6)
    assert region.get("a") is None
    region.set("a", "2")
    await clock.advance(TTL * 0.6)
    assert region.get("a") == "2"


async def test_absence_is_remembered_for_a_shorter_time(clock: HandClock, region: Region[str, str]) -> None:
    region.set("gone", None)
    assert region.get("gone", MISS) is None
    await clock.advance(ABSENT_TTL - 0.001)
    assert region.get("gone", MISS) is None
    await clock.advance(0.001)
    assert region.get("gone", MISS) is MISS


def test_absence_never_outlives_a_value(clock: HandClock) -> None:
    region: Region[str, str] = build_cache(clock).region("deal", capacity=5, ttl=0.0, absent_ttl=60.0)
    region.set("gone", None)
    assert region.get("gone", MISS) is MISS


def test_a_set_and_an_invalidation_end_an_absence(region: Region[str, str]) -> None:
    region.set("a", None)
    region.set("a", "1")
    assert region.get("a") == "1"
    region.set("b", None)
    assert region.invalidate("b")
    assert region.get("b", MISS) is MISS


async def test_jitter_spreads_lives_over_the_last_tenth_and_never_beyond_the_ttl(clock: HandClock) -> None:
    region = build_region(clock, capacity=1000, jitter=0.1)
    for number in range(1000):
        region.set(str(number), "x")

    def alive() -> int:
        return sum(region.get(str(number)) is not None for number in range(1000))

    await clock.advance(TTL * 0.9 - 0.001)
    assert alive() == 1000
    await clock.advance(TTL * 0.05)
    assert 400 < alive() < 600
    await clock.advance(TTL * 0.05 + 0.001)
    assert alive() == 0


def test_the_least_recently_used_entry_goes_first(clock: HandClock) -> None:
    region = build_region(clock, capacity=3)
    for key in "abc":
        region.set(key, key)
    region.get("a")  # used: b is the oldest now
    region.set("b", "again")  # set: c is
    region.set("d", "d")
    assert {key: region.get(key) for key in "abcd"} == {"a": "a", "b": "again", "c": None, "d": "d"}
    assert region.get_stats().evictions == 1


def test_a_look_at_a_missing_key_changes_no_order(clock: HandClock) -> None:
    region = build_region(clock, capacity=2)
    region.set("a", "a")
    region.set("b", "b")
    region.get("elsewhere")
    region.set("c", "c")
    assert region.get("a") is None
    assert region.get("b") == "b"


def test_capacity_is_never_passed(clock: HandClock) -> None:
    region = build_region(clock, capacity=10)
    for number in range(1000):
        region.set(str(number % 37), "x")
        assert region.get_stats().entries <= 10
    assert region.get_stats().entries == 10


def test_an_entry_costs_at_most_two_hundred_bytes_however_often_it_is_set(clock: HandClock) -> None:
    count, value = 5000, {"title": "shared"}
    keys = [f"stickerset:name_{number:06d}" for number in range(count)]
    region: Region[str, dict[str, str]] = build_cache(clock).region(
        "deal", capacity=count, ttl=60, absent_ttl=5, stale=86_400
    )
    tracemalloc.start()
    try:
        for key in keys * 3:
            region.set(key, value)
        assert tracemalloc.get_traced_memory()[0] <= 200 * count
    finally:
        tracemalloc.stop()
    assert region.get_stats().entries == count


def test_invalidate_drops_one_and_clear_drops_all(region: Region[str, str]) -> None:
    for key in "abc":
        region.set(key, key)
    assert region.invalidate("a")
    assert not region.invalidate("a")
    assert (region.get("a"), region.get("b")) == (None, "b")
    assert region.clear() == 2
    assert region.get("b") is None
    assert region.get_stats().invalidations == 3


def test_a_disabled_cache_keeps_nothing(clock: HandClock) -> None:
    cache = build_cache(clock, enabled=False)
    region: Region[str, str] = cache.region("deal", capacity=5, ttl=60, absent_ttl=5)
    region.set("a", "1")
    assert region.get("a") is None
    assert region.get_stats().entries == 0


async def test_the_statistics_tell_what_happened(clock: HandClock) -> None:
    region, source = build_region(clock, capacity=2), Source()
    await region.get_or_load("a", source.reader("a"))
    for _ in range(3):
        await region.get_or_load("a", source.reader("a"))
    region.get("b")
    region.set("b", "b")
    region.set("c", "c")
    region.invalidate("b")
    assert asdict(region.get_stats()) == {
        "entries": 1,
        "capacity": 2,
        "loading": 0,
        "hit_rate_percent": 60.0,
        "hits": 3,
        "misses": 2,
        "loads": 1,
        "load_errors": 0,
        "joined": 0,
        "stale_served": 0,
        "evictions": 1,
        "expired": 0,
        "invalidations": 1,
        "faults": 0,
    }


def test_a_region_nobody_asked_has_a_hit_rate_of_zero(region: Region[str, str]) -> None:
    assert region.get_stats().hit_rate_percent == 0.0


def test_the_cache_lists_and_sums_its_regions(clock: HandClock) -> None:
    cache = build_cache(clock)
    deals: Region[int, str] = cache.region("deal", capacity=10, ttl=60, absent_ttl=5)
    contacts: Region[str, str] = cache.region("contact", capacity=20, ttl=60, absent_ttl=5)
    deals.set(1, "one")
    deals.get(1)
    contacts.get("nobody")
    contacts.get("nobody")
    contacts.get("nobody")
    stats = cache.get_stats()
    assert list(stats.regions) == list(cache.regions) == ["deal", "contact"]
    assert stats.regions["deal"] == deals.get_stats()
    assert (stats.entries, stats.capacity, stats.hits, stats.misses) == (1, 30, 1, 3)
    assert stats.hit_rate_percent == 25.0


def test_a_private_region_is_in_no_figures_and_is_invalidated_like_any(clock: HandClock) -> None:
    cache = build_cache(clock)
    cache.region("deal", capacity=10, ttl=60, absent_ttl=5)
    own: Region[str, str] = cache.region("own", capacity=20, ttl=60, absent_ttl=5, private=True)
    own.set("a", "1")
    own.get("a")
    stats = cache.get_stats()
    assert list(stats.regions) == ["deal"]
    assert (stats.entries, stats.capacity, stats.hits) == (0, 10, 0)
    assert cache.invalidate("own", "a") == 1
    assert own.get("a") is None


def test_the_cache_invalidates_by_name_and_ignores_names_it_does_not_know(clock: HandClock) -> None:
    cache = build_cache(clock)
    deals: Region[int, str] = cache.region("deal", capacity=10, ttl=60, absent_ttl=5)
    for number in range(4):
        deals.set(number, "x")
    assert cache.invalidate("deal", 0) == 1
    assert cache.invalidate("deal", "no such key") == 0
    assert cache.invalidate("customer", 1) == 0
    assert [deals.get(number) for number in range(4)] == [None, "x", "x", "x"]
    assert cache.invalidate("deal") == 3
    assert deals.get_stats().entries == 0


def test_a_name_is_given_once(clock: HandClock) -> None:
    cache = build_cache(clock)
    cache.region("deal", capacity=1, ttl=1, absent_ttl=1)
    with pytest.raises(ValueError, match="deal"):
        cache.region("deal", capacity=1, ttl=1, absent_ttl=1)


@pytest.mark.parametrize(
    "wrong", [{"capacity": 0}, {"ttl": -1}, {"absent_ttl": -1}, {"stale": -1}, {"jitter": 1.0}]
)
def test_limits_that_make_no_sense_are_refused(clock: HandClock, wrong: dict[str, Any]) -> None:
    limits = {"capacity": 1, "ttl": 1.0, "absent_ttl": 1.0, **wrong}
    with pytest.raises(ValueError, match=r"region|jitter"):
        build_cache(clock).region("deal", **limits)


async def test_a_key_that_cannot_be_hashed_is_a_counted_miss(region: Region[str, str]) -> None:
    unhashable = cast(str, ["a", "list"])
    source = Source()
    region.set(unhashable, "x")
    assert region.get(unhashable, "default") == "default"
    assert not region.invalidate(unhashable)
    assert await region.get_or_load(unhashable, source.reader("a")) == "value of a"
    stats = region.get_stats()
    assert (stats.faults, stats.misses, stats.loads, stats.entries) == (4, 2, 1, 0)


async def test_a_load_under_a_key_that_cannot_be_hashed_raises_what_the_loader_raised(
    region: Region[str, str],
) -> None:
    source = Source()
    source.error = LookupError("mine")
    with pytest.raises(LookupError, match="mine") as raised:
        await region.get_or_load(cast(str, []), source.reader("a"))
    assert raised.value.__context__ is None
    assert region.get_stats().load_errors == 1


async def test_a_key_that_cannot_be_compared_is_a_counted_miss(clock: HandClock) -> None:
    region = cast("Region[Key, str]", build_region(clock))
    kept, other = Key("kept"), Key("other")
    region.set(kept, "x")
    kept.broken = other.broken = True
    assert region.get(other) is None
    region.set(other, "y")
    assert region.get_stats().faults == 2
    assert region.get(kept) == "x"


async def test_a_key_that_breaks_during_its_load_costs_nobody_the_answer(clock: HandClock) -> None:
    region = cast("Region[Key, str]", build_region(clock))
    kept, other = Key("kept"), Key("other")
    region.set(kept, "x")

    async def load() -> str:
        kept.broken = other.broken = True
        return "value of other"

    assert await region.get_or_load(other, load) == "value of other"
    stats = region.get_stats()
    assert (stats.faults, stats.loading) == (1, 0)


@pytest.mark.parametrize("trace", [True, False])
async def test_hits_and_misses_are_logged_only_when_the_cache_is_traced(
    clock: HandClock, trace: bool
) -> None:
    cache = Cache(clock, Random(7), Supervisor(clock), trace=trace)
    region: Region[str, str] = cache.region("deal", capacity=5, ttl=60, absent_ttl=5)
    source = Source()
    with structlog.testing.capture_logs() as lines:
        region.get("a")
        await region.get_or_load("a", source.reader("a"))
        assert await region.get_or_load("a", source.reader("a")) == "value of a"
        await region.look_up("a", source.reader("a"))
    assert all(line["details"] == {"region": "deal", "key": "a"} for line in lines)
    assert all(line["log_level"] == "debug" for line in lines)
    expected = ["cache.miss", "cache.miss", "cache.hit", "cache.hit"]
    assert [line["event"] for line in lines] == (expected if trace else [])
    assert (region.get_stats().hits, region.get_stats().misses) == (2, 2)
