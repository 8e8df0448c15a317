"""Cleanup: complete, in slices, and a task that the supervisor keeps alive."""

import asyncio

import pytest

from services.engine.cache import MISS, Region
from services.engine.errors import Unavailable
from services.engine.supervisor import Supervisor
from tests.clock import HandClock
from tests.services.engine.regions import ABSENT_TTL, STALE, TTL, Source, build_cache, build_region, start


class CountingClock(HandClock):
    """Notes each turn that is given away, and what the region held at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.region: Region[str, str] | None = None
        self.held: list[int] = []
        self.errors: list[Exception] = []

    async def sleep(self, seconds: float) -> None:
        if seconds == 0 and self.region:
            self.held.append(self.region.get_stats().entries)
        if self.errors:
            raise self.errors.pop()
        await super().sleep(seconds)


@pytest.fixture
def clock() -> CountingClock:
    return CountingClock()


async def test_a_pass_removes_exactly_what_nobody_may_see_again(clock: CountingClock) -> None:
    region, source = build_region(clock), Source()
    region.set("first", "1")
    region.set("gone", None)
    await clock.advance(ABSENT_TTL)
    assert await region.cleanup_expired() == 1  # the absence; the value is fresh
    await clock.advance(TTL)
    region.set("second", "2")
    assert await region.cleanup_expired() == 0  # the value is stale: kept for need
    await clock.advance(STALE)
    assert await region.cleanup_expired() == 1
    assert region.get_stats().entries == 1
    source.error = Unavailable("portal")
    assert await region.get_or_load("second", source.reader("second")) == "2"
    assert region.get_stats().expired == 2


async def test_a_pass_gives_others_a_turn_after_each_five_hundred_entries(clock: CountingClock) -> None:
    region = clock.region = build_region(clock, capacity=10_000, stale=0.0)
    for number in range(2500):
        region.set(f"old {number}", "x")
    await clock.advance(TTL)
    for number in range(2500):
        region.set(f"new {number}", "x")
    clock.held.clear()
    assert await region.cleanup_expired() == 2500
    assert clock.held == [4500, 4000, 3500, 3000, 2500, 2500, 2500, 2500, 2500]


@pytest.mark.parametrize(("entries", "turns"), [(0, 0), (500, 0), (501, 1)])
async def test_a_small_region_is_cleaned_in_one_turn(clock: CountingClock, entries: int, turns: int) -> None:
    region = clock.region = build_region(clock, capacity=1000)
    for number in range(entries):
        region.set(str(number), "x")
    await region.cleanup_expired()
    assert len(clock.held) == turns


async def test_a_region_may_change_while_it_is_cleaned(clock: CountingClock) -> None:
    region = build_region(clock, capacity=10_000, stale=0.0)
    for number in range(1500):
        region.set(str(number), "old")
    await clock.advance(TTL)

    def change() -> None:
        region.set("600", "new")  # not looked at yet: alive again
        region.invalidate("1200")
        region.set("another", "new")

    cleaning = start(region.cleanup_expired())
    await asyncio.sleep(0)  # the first slice is done
    assert region.get_stats().entries == 1000
    change()
    assert await cleaning == 1498
    assert (region.get("600"), region.get("another"), region.get_stats().entries) == ("new", "new", 2)


async def test_cleanup_keeps_the_order_of_use(clock: CountingClock) -> None:
    region = build_region(clock, capacity=2)
    region.set("a", "a")
    region.set("b", "b")
    region.get("a")
    await region.cleanup_expired()
    region.set("c", "c")
    assert region.get("b", MISS) is MISS
    assert region.get("a") == "a"


async def test_the_cleanup_task_runs_each_interval_until_it_is_stopped(clock: CountingClock) -> None:
    supervisor = Supervisor(clock)
    region = build_region(clock, supervisor=supervisor)
    region.set("gone", None)
    region.start_cleanup_task()
    region.start_cleanup_task()  # a second start is nothing
    assert supervisor.names == ["cache.cleanup.deal"]
    await clock.advance(29)
    assert region.get_stats().entries == 1
    await clock.advance(1)
    assert region.get_stats().entries == 0
    region.set("gone", None)
    await clock.advance(30)
    assert region.get_stats().entries == 0
    await region.stop_cleanup_task()
    assert supervisor.names == []
    region.set("gone", None)
    await clock.advance(300)
    assert region.get_stats().entries == 1
    region.start_cleanup_task()
    await clock.advance(30)
    assert region.get_stats().entries == 0
    await supervisor.stop(grace=1)


async def test_the_cleanup_task_goes_on_after_an_error(clock: CountingClock) -> None:
    failures: list[str] = []
    supervisor = Supervisor(clock, lambda name, _: failures.append(name))
    region = build_region(clock, supervisor=supervisor)
    region.set("gone", None)
    clock.errors.append(OSError("once"))
    region.start_cleanup_task()
    await clock.advance(60)
    assert failures == ["cache.cleanup.deal"]
    assert region.get_stats().entries == 0
    await supervisor.stop(grace=1)


async def test_stopping_a_cleanup_that_never_started_is_nothing(clock: CountingClock) -> None:
    await build_region(clock).stop_cleanup_task()


async def test_a_disabled_region_has_nothing_to_clean(clock: CountingClock) -> None:
    supervisor = Supervisor(clock)
    build_region(clock, supervisor=supervisor, enabled=False).start_cleanup_task()
    assert supervisor.names == []


async def test_the_cache_starts_and_stops_the_cleanup_of_all_its_regions(clock: CountingClock) -> None:
    cache = build_cache(clock)
    regions: list[Region[str, str]] = [
        cache.region(name, capacity=5, ttl=10, absent_ttl=5, cleanup_interval=20)
        for name in ("deal", "contact")
    ]
    cache.start_cleanup_tasks()
    for region in regions:
        region.set("a", "1")
    await clock.advance(20)
    assert cache.get_stats().entries == 0
    assert cache.get_stats().expired == 2
    await cache.stop_cleanup_tasks()
    assert clock.waiting == 0
