"""Loads through the cache: one at a time per key, safe against cancellation, stale values only in need."""

import asyncio
import traceback

import pytest

from services.engine.cache import MISS, Lookup, Region
from services.engine.errors import LostClaim, NotAllowed, Refused, Unavailable
from services.engine.supervisor import Supervisor
from tests.clock import HandClock
from tests.services.engine.regions import ABSENT_TTL, STALE, TTL, Source, build_region, start


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def supervisor(clock: HandClock) -> Supervisor:
    return Supervisor(clock)


@pytest.fixture
def region(clock: HandClock, supervisor: Supervisor) -> Region[str, str]:
    return build_region(clock, supervisor=supervisor)


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_thousand_waiters_on_a_cold_key_make_one_load(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    waiters = [start(region.get_or_load("a", source.reader("a"))) for _ in range(1000)]
    await clock.settle()
    assert region.get_stats().loading == 1
    source.gate.set()
    assert set(await asyncio.gather(*waiters)) == {"value of a"}
    assert source.asked == ["a"]
    stats = region.get_stats()
    assert (stats.loads, stats.joined, stats.misses, stats.loading) == (1, 999, 1000, 0)


async def test_different_keys_load_side_by_side(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    waiters = [start(region.get_or_load(key, source.reader(key))) for key in "abc"]
    await clock.settle()
    assert source.asked == ["a", "b", "c"]
    source.gate.set()
    assert await asyncio.gather(*waiters) == ["value of a", "value of b", "value of c"]


async def test_a_fresh_hit_never_gives_up_its_turn(region: Region[str, str], source: Source) -> None:
    region.set("a", "1")
    for call in (region.get_or_load("a", source.reader("a")), region.look_up("a", source.reader("a"))):
        with pytest.raises(StopIteration) as ended:
            call.send(None)
        assert ended.value.value in ("1", Lookup("1", stale=False))
    assert source.asked == []


async def test_the_first_waiter_may_be_cancelled_and_the_others_get_the_value(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    first, *others = [start(region.get_or_load("a", source.reader("a"))) for _ in range(10)]
    await clock.settle()
    first.cancel()
    await clock.settle()
    assert first.cancelled()
    source.gate.set()
    assert await asyncio.gather(*others) == ["value of a"] * 9
    assert source.asked == ["a"]


async def test_when_all_waiters_are_cancelled_the_load_still_fills_the_cache(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    waiters = [start(region.get_or_load("a", source.reader("a"))) for _ in range(3)]
    await clock.settle()
    for waiter in waiters:
        waiter.cancel()
    await clock.settle()
    source.gate.set()
    await clock.settle()
    assert region.get("a") == "value of a"


async def test_an_error_is_shared_with_all_who_wait_and_is_not_kept(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    source.error = Unavailable("portal", "down")
    waiters = [start(region.get_or_load("a", source.reader("a"))) for _ in range(100)]
    await clock.settle()
    source.gate.set()
    outcomes = await asyncio.gather(*waiters, return_exceptions=True)
    assert set(map(id, outcomes)) == {id(source.error)}
    assert source.asked == ["a"]
    assert region.get_stats().load_errors == 1
    source.error = None
    assert await region.get_or_load("a", source.reader("a")) == "value of a"


async def test_a_shared_error_keeps_a_short_traceback_that_names_the_loader(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    source.error = ValueError("broken answer")
    waiters = [start(region.get_or_load("a", source.reader("a"))) for _ in range(100)]
    await clock.settle()
    source.gate.set()
    await asyncio.gather(*waiters, return_exceptions=True)
    frames = [frame.name for frame in traceback.extract_tb(source.error.__traceback__)]
    assert "read" in frames
    assert len(frames) < 10


async def test_an_error_that_nobody_waits_for_breaks_no_task(clock: HandClock, source: Source) -> None:
    failures: list[str] = []
    region = build_region(clock, supervisor=Supervisor(clock, lambda name, _: failures.append(name)))
    source.gate.clear()
    source.error = ValueError("broken answer")
    waiter = start(region.get_or_load("a", source.reader("a")))
    await clock.settle()
    waiter.cancel()
    source.gate.set()
    await clock.settle()
    assert failures == []
    assert region.get_stats().load_errors == 1


async def test_absence_is_remembered_for_its_shorter_time(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.answers["gone"] = None
    assert await region.get_or_load("gone", source.reader("gone")) is None
    await clock.advance(ABSENT_TTL - 0.001)
    assert await region.get_or_load("gone", source.reader("gone")) is None
    assert source.asked == ["gone"]
    await clock.advance(0.001)
    assert await region.get_or_load("gone", source.reader("gone")) is None
    assert source.asked == ["gone", "gone"]


async def test_a_stale_value_is_invisible_while_the_source_answers(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    region.set("a", "old")
    await clock.advance(TTL)
    assert region.get("a", MISS) is MISS
    assert await region.look_up("a", source.reader("a")) == Lookup("value of a", stale=False)


@pytest.mark.parametrize("error", [Unavailable("portal", "down"), LostClaim("x")])
async def test_a_stale_value_stands_in_when_the_source_cannot_answer_now(
    clock: HandClock, region: Region[str, str], source: Source, error: Exception
) -> None:
    region.set("a", "old")
    source.error = error
    await clock.advance(TTL)
    assert await region.look_up("a", source.reader("a")) == Lookup("old", stale=True)
    assert await region.get_or_load("a", source.reader("a")) == "old"
    assert region.get("a", MISS) is MISS
    assert len(source.asked) == 2
    stats = region.get_stats()
    assert (stats.stale_served, stats.load_errors, stats.hits) == (2, 2, 0)


@pytest.mark.parametrize(
    "error", [Refused("no"), NotAllowed("no"), ValueError("a fault of ours"), TimeoutError()]
)
async def test_no_stale_value_hides_an_error_that_is_for_good_or_unknown(
    clock: HandClock, region: Region[str, str], source: Source, error: Exception
) -> None:
    region.set("a", "old")
    source.error = error
    await clock.advance(TTL)
    with pytest.raises(type(error)):
        await region.look_up("a", source.reader("a"))
    assert region.get_stats().stale_served == 0


async def test_all_who_wait_for_a_failing_load_get_the_stale_value(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    region.set("a", "old")
    await clock.advance(TTL)
    source.gate.clear()
    source.error = Unavailable("portal")
    waiters = [start(region.look_up("a", source.reader("a"))) for _ in range(5)]
    await clock.settle()
    source.gate.set()
    assert await asyncio.gather(*waiters) == [Lookup("old", stale=True)] * 5
    assert region.get_stats().stale_served == 5


async def test_a_stale_value_ends_with_its_stale_time(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    region.set("a", "old")
    source.error = Unavailable("portal")
    await clock.advance(TTL + STALE - 0.001)
    assert await region.get_or_load("a", source.reader("a")) == "old"
    await clock.advance(0.001)
    with pytest.raises(Unavailable):
        await region.get_or_load("a", source.reader("a"))


async def test_an_absence_is_never_served_stale(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    region.set("gone", None)
    source.error = Unavailable("portal")
    await clock.advance(ABSENT_TTL)
    with pytest.raises(Unavailable):
        await region.look_up("gone", source.reader("gone"))


async def test_an_absence_takes_the_place_of_a_stale_value(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    region.set("a", "old")
    await clock.advance(TTL)
    source.answers["a"] = None
    assert await region.get_or_load("a", source.reader("a")) is None
    source.error = Unavailable("portal")
    await clock.advance(ABSENT_TTL)
    with pytest.raises(Unavailable):
        await region.get_or_load("a", source.reader("a"))


async def test_serving_a_stale_value_counts_as_use(clock: HandClock, source: Source) -> None:
    region = build_region(clock, capacity=2)
    region.set("a", "old a")
    region.set("b", "old b")
    await clock.advance(TTL)
    source.error = Unavailable("portal")
    await region.get_or_load("a", source.reader("a"))
    region.set("c", "c")
    assert await region.get_or_load("a", source.reader("a")) == "old a"
    with pytest.raises(Unavailable):
        await region.get_or_load("b", source.reader("b"))


@pytest.mark.parametrize("drop", ["invalidate", "clear"])
async def test_a_load_begun_before_an_invalidation_is_given_out_but_not_kept(
    clock: HandClock, region: Region[str, str], source: Source, drop: str
) -> None:
    source.gate.clear()
    source.answers["a"] = "before"
    waiter = start(region.get_or_load("a", source.reader("a")))
    await clock.settle()
    if drop == "clear":
        region.clear()
    else:
        region.invalidate("a")
    source.gate.set()
    assert await waiter == "before"
    assert region.get("a", MISS) is MISS
    source.answers["a"] = "after"
    assert await region.get_or_load("a", source.reader("a")) == "after"


async def test_after_an_invalidation_the_next_caller_starts_a_load_of_its_own(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    source.answers["a"] = "before"
    earlier, first_gate = start(region.get_or_load("a", source.reader("a"))), source.gate
    await clock.settle()
    region.invalidate("a")
    source.answers["a"], source.gate = "after", asyncio.Event()
    later = start(region.get_or_load("a", source.reader("a")))
    await clock.settle()
    first_gate.set()  # the older load ends while the newer one is under way
    assert await earlier == "before"
    joins = start(region.get_or_load("a", source.reader("a")))
    await clock.settle()
    source.gate.set()
    assert [await later, await joins] == ["after", "after"]
    assert region.get("a") == "after"
    assert source.asked == ["a", "a"]


async def test_an_older_load_that_ends_last_does_not_overwrite_the_newer(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    source.answers["a"] = "before"
    earlier, first_gate = start(region.get_or_load("a", source.reader("a"))), source.gate
    await clock.settle()
    region.invalidate("a")
    source.answers["a"], source.gate = "after", asyncio.Event()
    source.gate.set()
    assert await region.get_or_load("a", source.reader("a")) == "after"
    first_gate.set()
    assert await earlier == "before"
    assert region.get("a") == "after"


async def test_a_value_set_during_a_load_wins(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    source.gate.clear()
    waiter = start(region.get_or_load("a", source.reader("a")))
    await clock.settle()
    region.set("a", "set meanwhile")
    source.gate.set()
    assert await waiter == "value of a"
    assert region.get("a") == "set meanwhile"


@pytest.mark.parametrize("value", ["set meanwhile", None])
async def test_what_is_set_during_a_load_that_fails_is_served_as_fresh(
    clock: HandClock, region: Region[str, str], source: Source, value: str | None
) -> None:
    source.gate.clear()
    source.error = Unavailable("portal")
    waiter = start(region.look_up("a", source.reader("a")))
    await clock.settle()
    region.set("a", value)
    source.gate.set()
    assert await waiter == Lookup(value, stale=False)


async def test_an_invalidated_value_is_not_served_stale(
    clock: HandClock, region: Region[str, str], source: Source
) -> None:
    region.set("a", "old")
    await clock.advance(TTL)
    source.gate.clear()
    source.error = Unavailable("portal")
    waiter = start(region.get_or_load("a", source.reader("a")))
    await clock.settle()
    region.invalidate("a")
    source.gate.set()
    with pytest.raises(Unavailable):
        await waiter


async def test_a_disabled_cache_still_loads_once_for_all_who_wait(clock: HandClock, source: Source) -> None:
    region = build_region(clock, enabled=False)
    source.gate.clear()
    waiters = [start(region.get_or_load("a", source.reader("a"))) for _ in range(20)]
    await clock.settle()
    source.gate.set()
    assert set(await asyncio.gather(*waiters)) == {"value of a"}
    await region.get_or_load("a", source.reader("a"))
    assert source.asked == ["a", "a"]


@pytest.mark.parametrize("begun", [True, False])
async def test_a_load_stopped_by_the_supervisor_leaves_nobody_hanging(
    clock: HandClock, region: Region[str, str], supervisor: Supervisor, source: Source, begun: bool
) -> None:
    region.set("b", "old")
    await clock.advance(TTL)
    source.gate.clear()
    waiters = [start(region.look_up(key, source.reader(key))) for key in "ab"]
    if begun:
        await clock.settle()
        assert source.asked == ["a", "b"]
    else:
        await asyncio.sleep(0)  # the waiters wait, the loads have had no turn yet
        assert source.asked == []
    await supervisor.stop(grace=0)
    without, with_stale = await asyncio.gather(*waiters, return_exceptions=True)
    assert isinstance(without, Unavailable)
    assert with_stale == Lookup("old", stale=True)
    assert region.get_stats().loading == 0


async def test_a_loader_that_cancels_itself_is_an_unavailable_source(
    region: Region[str, str],
) -> None:
    async def load() -> str:
        raise asyncio.CancelledError

    with pytest.raises(Unavailable):
        await region.get_or_load("a", load)


async def test_a_loader_that_breaks_before_it_awaits_is_an_ordinary_error(region: Region[str, str]) -> None:
    with pytest.raises(TypeError):
        await region.get_or_load("a", None)  # type: ignore[arg-type]
    assert region.get_stats().loading == 0
