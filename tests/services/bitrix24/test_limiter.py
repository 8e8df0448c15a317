"""The limiter: who may send when, what is stored before, and what refusals change."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from services.bitrix24.limiter import BLOCK, Limiter
from services.engine.errors import Unavailable
from tests.services.bitrix24.limits import Doorkeeper, Limits, all_of, limits, result_of


@pytest.fixture
async def at() -> AsyncIterator[Limits]:
    async with limits() as found:
        yield found


async def send(at: Limits, limiter: Limiter, count: int, portal: Doorkeeper) -> None:
    """So many requests, all wanted at once."""
    await at.clock.run(all_of(portal.visit(limiter) for _ in range(count)))


async def moments(at: Limits, limiter: Limiter, count: int) -> list[float]:
    """When each of so many requests was admitted, in seconds from now."""
    portal, begun = Doorkeeper(at.clock), at.clock.monotonic()
    await send(at, limiter, count, portal)
    assert not portal.refusals
    return [arrival - begun for arrival in portal.arrivals]


async def test_a_portal_nobody_asked_yet_takes_its_whole_burst_at_once(at: Limits) -> None:
    found = await moments(at, at.limiter(), 60)
    assert found[:49] == [0.0] * 49
    assert found[-1] == pytest.approx(5.5, abs=0.01), "the margin of half a second, then two a second"


async def test_a_quiet_portal_is_asked_at_once_again_and_again(at: Limits) -> None:
    limiter = at.limiter()
    for _ in range(5):
        assert await moments(at, limiter, 3) == [0.0] * 3
        await at.clock.advance(20)


async def test_what_is_sent_was_stored_before_in_blocks_of_five(at: Limits) -> None:
    limiter = at.limiter()
    await moments(at, limiter, 20)
    assert at.database.writes == 20 / BLOCK
    await moments(at, limiter, 1)
    assert at.database.writes == 20 / BLOCK + 1


@pytest.mark.parametrize("died_after", [3, 30, 48, 70])
async def test_after_a_restart_in_the_middle_of_a_burst_the_portal_refuses_nothing(
    at: Limits, died_after: int
) -> None:
    portal = Doorkeeper(at.clock)
    await send(at, at.limiter(), died_after, portal)
    await send(at, at.limiter(), 60, portal)
    assert not portal.refusals
    took = portal.arrivals[-1] - portal.arrivals[0]
    least = (died_after + 60 - 50) / portal.rate
    assert took <= least + (BLOCK + 1) / portal.rate, "an open block is all that is lost"


async def test_processes_on_one_database_share_one_bucket(at: Limits) -> None:
    portal, both = Doorkeeper(at.clock), [at.limiter(), at.limiter()]
    await at.clock.run(all_of(portal.visit(both[number % 2]) for number in range(100)))
    assert not portal.refusals
    assert portal.arrivals[-1] - portal.arrivals[0] <= 1.1 * (100 - 50) / portal.rate


async def test_what_a_person_waits_for_overtakes_three_times_out_of_four(at: Limits) -> None:
    limiter, order = at.limiter(rate=1.0, burst=1), []

    async def one(name: str, urgent: bool) -> None:
        (await limiter.admit(urgent=urgent)).ended()
        order.append(name)

    background = [one(f"b{number}", False) for number in range(4)]
    urgent = [one(f"u{number}", True) for number in range(7)]
    await at.clock.run(all_of([*background, *urgent]))
    assert "".join(name[0] for name in order) == "uuubuuububb"
    for kind in "bu":
        of_kind = [name for name in order if name[0] == kind]
        assert of_kind == sorted(of_kind), "first in, first out"


async def test_urgent_ones_get_everything_while_nobody_else_waits(at: Limits) -> None:
    limiter = at.limiter()
    await at.clock.run(all_of(limiter.admit(urgent=True) for _ in range(49)))
    assert limiter.waiting == 0


async def test_whoever_leaves_takes_no_permit_along(at: Limits) -> None:
    limiter = at.limiter(rate=1.0, burst=3)
    portal = Doorkeeper(at.clock, rate=1.0, burst=3)
    await send(at, limiter, 2, portal)
    waiting = [asyncio.create_task(limiter.admit()) for _ in range(10)]
    await at.clock.settle()
    for task in waiting[:9]:
        task.cancel()
    await at.clock.settle()
    assert limiter.waiting == 1
    begun = at.clock.monotonic()
    await at.clock.run(result_of(waiting[9]))
    assert at.clock.monotonic() - begun <= 1.0


async def test_a_permit_given_to_somebody_who_left_at_that_moment_goes_to_the_next(at: Limits) -> None:
    limiter = at.limiter(rate=1.0, burst=1)
    first = await at.clock.run(limiter.admit())
    leaving = asyncio.create_task(limiter.admit())
    await at.clock.settle()
    first.unused()  # so the other has it, and has not run again yet
    leaving.cancel()
    await asyncio.wait([leaving])
    begun = at.clock.monotonic()
    await at.clock.run(limiter.admit())
    assert leaving.cancelled()
    assert at.clock.monotonic() == begun


async def test_a_refusal_means_full_and_slows_down_by_a_fifth(at: Limits) -> None:
    limiter = at.limiter()
    await moments(at, limiter, 1)
    limiter.rejected()
    assert limiter.share == pytest.approx(0.8)
    found = await moments(at, limiter, 5)
    steps = [later - earlier for earlier, later in pairwise(found)]
    assert found[0] == pytest.approx(1.125, abs=0.01)  # the one sent drains, then the margin at the new rate
    assert steps == pytest.approx([1 / 1.6] * 4, abs=0.01)


async def test_what_was_being_reserved_when_a_refusal_came_is_not_sent(at: Limits) -> None:
    limiter = at.limiter()
    at.database.meanwhile = limiter.rejected
    (first,) = await moments(at, limiter, 1)
    assert first >= 0.5, "the portal has to forget one before"


async def test_refusals_of_one_moment_slow_down_once(at: Limits) -> None:
    limiter = at.limiter()
    for _ in range(30):
        limiter.rejected()
    assert limiter.share == pytest.approx(0.8)
    for _ in range(30):
        await at.clock.advance(1.5)
        limiter.rejected()
    assert limiter.share == pytest.approx(0.2), "never slower than a fifth"


async def test_every_twenty_that_are_taken_give_back_a_tenth(at: Limits) -> None:
    limiter = at.limiter()
    for _ in range(2):
        limiter.rejected()
        await at.clock.advance(2)
    assert limiter.share == pytest.approx(0.64)
    shares = []
    for count in range(1, 101):
        limiter.accepted()
        if count % 20 == 0:
            shares.append(limiter.share)
    assert shares == pytest.approx([0.74, 0.84, 0.94, 1.0, 1.0])


async def test_a_bucket_that_others_use_too_is_found_out_and_lived_with(at: Limits) -> None:
    portal, limiter = Doorkeeper(at.clock), at.limiter()
    portal.bucket.fill("us")
    tries = 0
    while len(portal.arrivals) < 60:
        await send(at, limiter, 1, portal)
        tries += 1
    assert tries - 60 <= 5
    assert portal.arrivals[-1] - portal.arrivals[0] <= 60 / (portal.rate * 0.6)


async def test_a_database_that_is_away_stops_nobody_but_makes_careful(at: Limits) -> None:
    limiter, at.database.away = at.limiter(), True
    found = await moments(at, limiter, 10)
    steps = [later - earlier for earlier, later in pairwise(found)]
    assert steps == pytest.approx([1.0] * 9, abs=0.01), "half the rate, without a burst"
    at.database.away = False
    await at.clock.advance(30)
    assert await moments(at, limiter, 45) == [0.0] * 45


async def test_what_went_out_while_the_database_was_away_is_counted_when_it_is_back(at: Limits) -> None:
    portal, limiter = Doorkeeper(at.clock), at.limiter()
    await send(at, limiter, 40, portal)
    at.database.away = True
    await send(at, limiter, 15, portal)
    at.database.away = False
    await send(at, limiter, 30, portal)
    await send(at, at.limiter(), 30, portal)
    assert not portal.refusals


async def test_who_waits_when_the_hub_ends_is_told(at: Limits) -> None:
    limiter = at.limiter(rate=0.1, burst=1)
    await at.clock.run(limiter.admit())
    waiting = asyncio.create_task(limiter.admit())
    await at.clock.settle()
    await at.supervisor.stop(0)
    with pytest.raises(Unavailable):
        await waiting
