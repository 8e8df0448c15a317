"""Jobs that come while many are begun are begun together; a few are begun at once."""

from dataclasses import replace

import pytest

from services.engine.gathering import LATELY, MANY, Gathering
from services.engine.work import Work
from storage.records import Job
from tests.services.engine.workshop import Workshop, nothing

EVERY = 0.2


class Begun:
    """A handler that notes when each job was begun."""

    def __init__(self, shop: Workshop) -> None:
        self._clock = shop.clock
        self.at: list[float] = []

    async def __call__(self, job: Job, work: Work) -> None:
        self.at.append(round(self._clock.monotonic(), 3))


async def gathering(shop: Workshop, *, places: int = 100, waiting: int = 0) -> Begun:
    """Such a topic at work; so many jobs of it were there before."""
    begun = Begun(shop)
    topic = replace(shop.topic(begun, name="deals", started=False, concurrency=places), gather=EVERY)
    shop.inbox.register(topic)
    for number in range(waiting):
        await shop.accept(f"deal {number}", topic="deals")
    shop.workers.start(topic)
    await shop.settle()
    return begun


async def come(shop: Workshop, jobs: int, *, apart: float) -> None:
    for number in range(jobs):
        await shop.accept(f"{shop.clock.monotonic()} {number}", topic="deals")
        await shop.clock.advance(apart)


async def test_a_few_are_begun_at_once(shop: Workshop) -> None:
    begun = await gathering(shop)
    before = shop.clock.monotonic()
    await come(shop, MANY, apart=0.01)
    assert begun.at == [pytest.approx(before + n * 0.01, abs=0.001) for n in range(MANY)]


async def test_while_many_are_begun_the_next_ones_are_begun_together(shop: Workshop) -> None:
    begun = await gathering(shop)
    await come(shop, MANY, apart=0.0)
    begun.at.clear()
    await come(shop, 100, apart=0.01)
    assert len(set(begun.at)) == pytest.approx(100 * 0.01 / EVERY, abs=1)
    await shop.clock.advance(EVERY)
    assert len(begun.at) == 100


async def test_the_first_after_a_lull_is_begun_at_once(shop: Workshop) -> None:
    begun = await gathering(shop)
    await come(shop, 2 * MANY, apart=0.0)
    await shop.clock.advance(LATELY + EVERY)
    now = shop.clock.monotonic()
    await come(shop, 1, apart=0.0)
    assert begun.at[-1] == pytest.approx(now, abs=0.001)


async def test_who_waits_for_a_place_gets_it_as_soon_as_it_is_free(shop: Workshop) -> None:
    before = shop.clock.monotonic()
    begun = await gathering(shop, places=2, waiting=4 * MANY)
    assert begun.at == [pytest.approx(before, abs=0.001)] * (4 * MANY)


async def test_a_topic_that_does_not_gather_begins_all_at_once(shop: Workshop) -> None:
    shop.topic(nothing)
    for number in range(3 * MANY):
        receipt = await shop.accept(f"chat:{number}")
        await shop.settle()
        assert (await shop.state(receipt)).state == "done"


def test_what_was_begun_long_ago_does_not_count() -> None:
    gathering = Gathering(EVERY)
    gathering.begun(0.0, MANY)
    assert gathering.left(0.05) == pytest.approx(0.15)
    assert gathering.left(LATELY) == 0.0
