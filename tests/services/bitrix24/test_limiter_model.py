"""The limiter beside a portal that counts exactly: never one request too many, and hardly one too few."""

import asyncio
import math
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.bitrix24.limiter import LATENESS, Limiter, Permit
from tests.services.bitrix24.limits import Doorkeeper, Limits, limits


@dataclass(frozen=True)
class Phase:
    """So many requests at once, after a pause; each travels up to so long there and back."""

    pause: float
    requests: int
    there: float
    back: float
    processes: int = 1


def stories(there: float, processes: int) -> st.SearchStrategy[list[Phase]]:
    seconds, requests = st.floats(0, 3), st.integers(1, 60)
    phase = st.builds(
        Phase, st.floats(0, 40), requests, st.floats(0, there), seconds, st.integers(1, processes)
    )
    return st.lists(phase, min_size=1, max_size=3)


# Processes know of each other's requests what is stored, and not how long they travel.
STORIES = stories(3.0, 1) | stories(LATENESS, 3)
SLOW = [Phase(0, 8, 3, 0), Phase(2.4, 80, 0, 0)]
PAUSED = [Phase(0, 1, 0, 0), Phase(3, 56, 0, 0)]


async def live_through(
    at: Limits, portal: Doorkeeper, story: list[Phase], chance: Random, rate: float, burst: int
) -> None:
    processes = [at.limiter(rate=rate, burst=burst) for _ in range(max(each.processes for each in story))]

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for phase in story:
                await at.clock.sleep(phase.pause)
                for number in range(phase.requests):
                    there, back = chance.uniform(0, phase.there), chance.uniform(0, phase.back)
                    limiter = processes[number % phase.processes]
                    group.create_task(portal.visit(limiter, there=there, back=back))

    await at.clock.run(work())


PACES = st.sampled_from([(2.0, 50), (5.0, 100), (2.0, 10), (0.5, 3)])


def refused(story: list[Phase], seed: int, pace: tuple[float, int]) -> list[float]:
    """When requests of the story were refused; all the others arrived."""

    async def run() -> Doorkeeper:
        async with limits() as at:
            portal = Doorkeeper(at.clock, *pace)
            await live_through(at, portal, story, Random(seed), *pace)
            return portal

    portal = asyncio.run(run())
    assert len(portal.arrivals) + len(portal.refusals) == sum(phase.requests for phase in story)
    return portal.refusals


@given(STORIES, st.integers(0, 2**32), PACES)
@example([Phase(0, 1, 0, 0), Phase(3, 49, 0, 0), Phase(0.4, 60, 0, 0)], 0, (2.0, 50))
@example(SLOW, 0, (2.0, 50))
@example([Phase(0, 6, 3, 3), Phase(2.4, 80, 0, 0)], 1, (2.0, 50))
@example(PAUSED, 1, (2.0, 50))
@settings(max_examples=15, deadline=None)
def test_no_request_is_ever_refused_however_long_it_travels(
    story: list[Phase], seed: int, pace: tuple[float, int]
) -> None:
    assert refused(story, seed, pace) == []


@pytest.mark.chaos
@given(STORIES, st.integers(0, 2**32), PACES)
@settings(max_examples=500, deadline=None)
def test_no_request_is_refused_in_many_stories(
    story: list[Phase], seed: int, pace: tuple[float, int]
) -> None:
    assert refused(story, seed, pace) == []


@given(st.integers(70, 120), st.floats(0, 0.5), st.floats(0, 1), st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_what_the_portal_would_take_is_used_up_to_nine_tenths(
    requests: int, there: float, back: float, seed: int
) -> None:
    async def run() -> tuple[float, float]:
        async with limits() as at:
            portal = Doorkeeper(at.clock)
            begun = at.clock.monotonic()
            await live_through(at, portal, [Phase(0, requests, there, back)], Random(seed), 2.0, 50)
            assert not portal.refusals
            return max(portal.arrivals) - begun, (requests - 50) / 2

    took, least = asyncio.run(run())
    assert took <= least / 0.9 + there


def test_a_limiter_that_does_not_count_late_ones_again_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limiter, "_missing", lambda *_: 0.0)
    assert refused(SLOW, 0, (2.0, 50))


def test_a_limiter_that_sends_what_it_reserved_long_ago_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Permit, "drained_at", property(lambda _: math.inf, lambda *_: None))
    assert refused(PAUSED, 1, (2.0, 50))
