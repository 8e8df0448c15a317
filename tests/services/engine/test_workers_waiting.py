"""Jobs that wait for an open breaker: it costs them no attempt, however long it takes."""

from contextlib import suppress

import pytest

from services.engine.breaker import Breaker
from services.engine.errors import BreakerOpen, Unavailable
from services.engine.work import Work
from storage.records import Job
from tests.services.engine.workshop import Workshop, effect, effects, failing_with


class Portal:
    """An outside system behind its breaker; the job is done once it answers."""

    def __init__(self, shop: Workshop, *, rest: float = 20.0) -> None:
        self.is_down = True
        self.asked: list[float] = []
        self.attempts: list[int] = []
        self._clock = shop.clock
        self.breaker = Breaker("portal", shop.clock, failures=1, rest=rest, cap=rest)

    async def handle(self, job: Job, work: Work) -> str:
        self.attempts.append(job.attempts)
        effect(work)
        return await self.breaker.call(self._ask)

    async def _ask(self) -> str:
        self.asked.append(self._clock.monotonic())
        if self.is_down:
            raise Unavailable("portal", "down")
        return "done"


async def opened(shop: Workshop) -> Portal:
    """A portal whose breaker is open already, by somebody else's call."""
    portal = Portal(shop)
    with suppress(Unavailable):
        await portal.breaker.call(portal._ask)
    portal.asked.clear()
    return portal


async def test_a_job_that_meets_an_open_breaker_waits_until_the_next_probe_and_pays_nothing(
    shop: Workshop,
) -> None:
    portal = await opened(shop)
    shop.topic(portal.handle)
    receipt = await shop.accept()
    await shop.clock.advance(19)
    found = await shop.state(receipt)
    assert (found.state, found.attempts) == ("waiting", 0)
    assert found.reason == "portal: left alone, it failed"
    assert portal.asked == []
    portal.is_down = False
    await shop.clock.advance(1)
    found = await shop.state(receipt)
    assert (found.state, found.attempts) == ("done", 1)
    assert portal.attempts == [1, 1]
    assert await effects(shop.database) == [receipt.job_id]
    assert shop.faults.recorded == []  # nobody failed


async def test_waiting_for_hours_uses_up_neither_attempts_nor_the_window(shop: Workshop) -> None:
    shop.topic(failing_with(BreakerOpen("portal", retry_after=50)))
    receipt = await shop.accept()
    await shop.clock.advance(6 * 3600)
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.lapses) == ("waiting", 0, 0)


@pytest.mark.parametrize("wait", [None, 0.0, 1e-9])
async def test_a_wait_that_is_over_at_once_is_no_endless_haste(shop: Workshop, wait: float | None) -> None:
    begun: list[float] = []

    async def handle(job: Job, work: Work) -> None:
        begun.append(shop.clock.monotonic())
        raise BreakerOpen("portal", retry_after=wait)

    shop.topic(handle)
    await shop.accept()
    await shop.clock.advance(1)
    assert 1 < len(begun) == len(set(begun)) < 30


async def test_only_the_probes_that_failed_are_counted(shop: Workshop) -> None:
    portal = await opened(shop)
    shop.topic(portal.handle)  # three attempts within a minute
    receipt = await shop.accept()
    await shop.clock.advance(120)
    found = await shop.state(receipt)
    assert (found.state, found.reason) == ("dead", "Unavailable: portal: down")
    assert len(portal.asked) == found.attempts == 3
    assert len(portal.attempts) > 3


async def test_a_wait_beyond_the_window_that_a_failure_opened_is_the_end(shop: Workshop) -> None:
    portal = Portal(shop, rest=61.0)
    shop.topic(portal.handle)
    receipt = await shop.accept()
    await shop.clock.advance(10)
    found = await shop.state(receipt)
    assert found.state == "dead"
    assert found.reason == "BreakerOpen: portal: left alone, it failed"
    assert len(portal.asked) == 1


async def test_a_job_that_waits_for_a_breaker_keeps_its_turn_before_later_ones_of_its_key(
    shop: Workshop,
) -> None:
    portal = await opened(shop)
    begun: list[int] = []

    async def handle(job: Job, work: Work) -> str:
        if job.payload == "portal":
            await portal.handle(job, work)
        begun.append(job.id)
        return "done"

    shop.topic(handle)
    first = await shop.accept(payload="portal")
    await shop.settle()
    second = await shop.accept()
    other = await shop.accept("chat:2")
    await shop.clock.advance(19)
    assert begun == [other.job_id]
    portal.is_down = False
    await shop.clock.advance(2)
    assert begun == [other.job_id, first.job_id, second.job_id]


async def test_a_claim_that_was_lost_meanwhile_is_not_given_back(shop: Workshop) -> None:
    async def handle(job: Job, work: Work) -> None:
        await shop.database.write(lambda tx: tx.exec_driver_sql("UPDATE jobs SET owner = 'somebody.else'"))
        raise BreakerOpen("portal", retry_after=5)

    shop.topic(handle)
    receipt = await shop.accept()
    await shop.clock.advance(4)
    found = await shop.state(receipt)
    assert (found.state, found.attempts) == ("claimed", 1)
