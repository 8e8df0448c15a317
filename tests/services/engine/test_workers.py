"""Working the inbox: in order per key, at its time, and all or nothing at the end."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from services.engine.errors import Refused, Unavailable
from services.engine.inbox import IDLE
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from services.engine.workers import LEASE
from storage import jobs
from storage.database import Transaction
from storage.records import Job, NewJob
from tests.clock import HandClock
from tests.services.engine.workshop import Gate, Workshop, effect, effects, nothing, workshop
from tests.storage.rows import NOON

PATIENT = RetryPolicy(attempts=100, window=10_000.0, cap=2.0)


def steal(owner: str = "stranger.1") -> Callable[[Transaction], list[Job]]:
    """Another process frees every claim and takes the job."""

    def unit(tx: Transaction) -> list[Job]:
        later = datetime(2030, 1, 1, tzinfo=NOON.tzinfo)
        jobs.free_lapsed(tx, now=later)
        return jobs.claim(tx, "telegram", owner=owner, now=later, lease_until=later, most=9)

    return unit


# In order


async def test_with_eight_workers_and_failures_each_key_is_worked_in_order_one_at_a_time(
    shop: Workshop,
) -> None:
    random = Random(20260115)
    running: set[str] = set()
    done: dict[str, list[int]] = defaultdict(list)
    overlaps, failures, most = 0, 0, 0

    async def handle(job: Job, work: Work) -> None:
        nonlocal overlaps, failures, most
        overlaps += job.key in running
        running.add(job.key)
        most = max(most, len(running))
        await shop.clock.sleep(random.choice([0.0, 0.05, 0.2]))
        running.discard(job.key)
        if random.random() < 0.1:
            failures += 1
            raise Unavailable("portal")
        done[job.key].append(int(job.payload))

    shop.topic(handle, concurrency=8, retry=PATIENT)
    keys = [f"deal:{n}" for n in range(25)]
    for number in range(10):
        await asyncio.gather(*(shop.accept(key, payload=str(number)) for key in keys))
    await shop.clock.run_until(lambda: sum(map(len, done.values())) == 250, limit=3600)
    assert failures > 10
    assert most == 8
    assert overlaps == 0
    assert {key: done[key] for key in keys} == {key: list(range(10)) for key in keys}


async def test_a_key_that_always_fails_holds_up_nobody_else(shop: Workshop) -> None:
    done: list[str] = []

    async def handle(job: Job, work: Work) -> None:
        if job.key == "deal:poison":
            raise Unavailable("portal")
        done.append(job.key)

    shop.topic(handle, concurrency=2, retry=PATIENT)
    for number in range(30):
        await shop.accept("deal:poison")
        await shop.accept(f"deal:{number}")
    await shop.settle()
    assert len(done) == 30
    assert shop.clock.monotonic() == pytest.approx(1000)


async def test_a_key_is_worked_by_one_topic_at_a_time(shop: Workshop) -> None:
    events, decisions = Gate(), Gate()
    shop.topic(events.handle, name="events")
    shop.topic(decisions.handle, name="decisions")
    await shop.accept("deal:1", topic="events")
    await shop.accept("deal:1", topic="decisions")
    await shop.accept("deal:2", topic="decisions")
    await shop.settle()
    assert [job.key for job in events.begun] == ["deal:1"]
    assert [job.key for job in decisions.begun] == ["deal:2"]
    events.open()
    await shop.clock.advance(IDLE)
    assert [job.key for job in decisions.begun] == ["deal:2", "deal:1"]


async def test_no_more_than_its_concurrency_runs_of_a_topic_at_once(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle, concurrency=3)
    for number in range(5):
        await shop.accept(f"chat:{number}")
    await shop.clock.advance(60)
    assert len(gate.begun) == 3
    gate.open()
    await shop.settle()
    assert len(gate.begun) == 5


# At its time


async def test_a_job_due_later_runs_at_its_moment_and_the_database_is_hardly_asked(shop: Workshop) -> None:
    ran: list[float] = []

    async def handle(job: Job, work: Work) -> None:
        ran.append(shop.clock.monotonic())

    shop.topic(handle)
    await shop.settle()
    due = shop.clock.now() + timedelta(seconds=12.125)
    await shop.inbox.accept("telegram", "chat:1", None, "{}", due=due)
    calls = shop.database.calls
    await shop.clock.advance(12)
    assert ran == []
    assert shop.database.calls - calls <= 8  # a claim and a look at the next due time each five seconds
    await shop.clock.advance(0.2)
    assert ran == [pytest.approx(1012.125)]


async def test_a_job_is_worked_at_once_when_it_is_accepted(shop: Workshop) -> None:
    shop.topic(nothing)
    await shop.clock.advance(1.5)
    receipt = await shop.accept()
    await shop.settle()
    assert (await shop.state(receipt)).state == "done"


async def test_a_hint_that_was_lost_costs_five_seconds_at_most(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle)
    await shop.clock.advance(1)
    other_process = NewJob("telegram", "chat:1", "{}", "c", shop.clock.now(), shop.clock.now())
    await shop.database.write_row(jobs.accept, other_process)
    await shop.clock.advance(IDLE)
    assert len(gate.begun) == 1


class SteppingClock(HandClock):
    """Time that goes on between the first look at it and the second, as in real life."""

    looks: int | None = None

    def now(self) -> datetime:
        if self.looks is None:
            return super().now()
        self.looks += 1
        return super().now() + timedelta(milliseconds=0 if self.looks == 1 else 1)


async def test_a_job_that_becomes_due_between_two_looks_is_not_overlooked(path: Path) -> None:
    clock = SteppingClock()
    async with workshop(path, clock=clock) as shop:
        gate = Gate()
        topic = shop.topic(gate.handle, started=False)
        due = clock.now() + timedelta(microseconds=500)
        await shop.inbox.accept("telegram", "chat:1", None, "{}", due=due)
        await shop.inbox.until_woken("telegram", 0)  # the hint is spent
        clock.looks = 0
        shop.workers.start(topic)
        await shop.clock.advance(0.1)
        assert len(gate.begun) == 1


# The end of a job


async def test_effects_and_finish_are_one_transaction(shop: Workshop) -> None:
    async def handle(job: Job, work: Work) -> dict[str, int]:
        effect(work)
        return {"id": 7}

    shop.topic(handle)
    receipt = await shop.accept()
    await shop.settle()
    found = await shop.state(receipt)
    assert (found.state, found.result) == ("done", {"id": 7})
    assert await effects(shop.database) == [receipt.job_id]
    assert shop.durable_finishes == 1


async def test_a_unit_that_raises_leaves_no_effect_and_the_job_is_tried_again(shop: Workshop) -> None:
    tries = 0

    async def handle(job: Job, work: Work) -> None:
        nonlocal tries
        tries += 1
        effect(work)
        if tries == 1:
            work.write(lambda tx: 1 / 0)
        work.afterwards(lambda: done.append(tries))

    done: list[int] = []
    shop.topic(handle)
    receipt = await shop.accept()
    await shop.settle()
    assert await effects(shop.database) == []
    found = await shop.state(receipt)
    assert (found.state, found.reason) == ("waiting", "ZeroDivisionError: division by zero")
    await shop.clock.advance(2)
    assert (await shop.state(receipt)).state == "done"
    assert await effects(shop.database) == [receipt.job_id]
    assert done == [2]  # what follows in memory follows only what is durable


async def test_an_attempt_is_counted_at_the_claim(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle)
    receipt = await shop.accept()
    await shop.settle()
    found = await shop.state(receipt)
    assert (found.state, found.attempts) == ("claimed", 1)


async def test_a_worker_that_lost_its_claim_writes_nothing(shop: Workshop) -> None:
    gate, after = Gate(), []

    async def handle(job: Job, work: Work) -> str:
        effect(work)
        work.afterwards(lambda: after.append(job.id))
        return await gate.handle(job, work)

    shop.topic(handle)
    receipt = await shop.accept()
    await shop.settle()
    (stolen,) = await shop.database.write(steal())
    gate.open()
    await shop.settle()
    assert await effects(shop.database) == []
    assert after == []
    assert shop.durable_finishes == 0
    found = await shop.state(receipt)
    assert (found.state, found.result) == ("claimed", None)
    assert await shop.database.write(lambda tx: jobs.finish(tx, stolen, at=NOON))


async def test_a_worker_that_lost_its_claim_can_neither_fail_nor_bury_the_job(shop: Workshop) -> None:
    gate = Gate()

    async def handle(job: Job, work: Work) -> None:
        await gate.handle(job, work)
        raise Refused("no")

    shop.topic(handle)
    receipt = await shop.accept()
    await shop.settle()
    await shop.database.write(steal())
    gate.open()
    await shop.settle()
    assert (await shop.state(receipt)).state == "claimed"


async def test_a_long_handler_keeps_its_claim(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle)
    shop.workers.keep_leases()
    receipt = await shop.accept()
    await shop.clock.advance(10 * LEASE)
    assert len(gate.begun) == 1
    gate.open()
    await shop.settle()
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.lapses) == ("done", 1, 0)


async def test_a_worker_that_lost_its_claim_leaves_the_new_one_of_its_own_process_alone(
    shop: Workshop,
) -> None:
    gates = {attempt: Gate() for attempt in (1, 2, 3)}

    async def handle(job: Job, work: Work) -> str:
        return await gates[job.attempts].handle(job, work)

    shop.topic(handle)
    shop.workers.keep_leases()
    receipt = await shop.accept()
    await shop.settle()
    lapsed = shop.clock.now() + timedelta(days=1)
    await shop.database.write(lambda tx: jobs.free_lapsed(tx, now=lapsed))
    await shop.clock.advance(IDLE)
    assert len(gates[2].begun) == 1
    gates[1].open()
    await shop.clock.advance(5 * LEASE)  # the second one still works, so its lease is still renewed
    assert gates[3].begun == []
    gates[2].open()
    await shop.settle()
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.lapses) == ("done", 2, 1)


async def test_the_job_of_a_process_that_vanished_is_taken_over_when_its_lease_is_over(
    shop: Workshop,
) -> None:
    gate = Gate()
    topic = shop.topic(gate.handle, started=False)
    receipt = await shop.accept()
    now = shop.clock.now()
    lease_until = now + timedelta(seconds=LEASE)
    await shop.database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="gone.1", now=now, lease_until=lease_until, most=1)
    )
    shop.workers.keep_leases()
    shop.workers.start(topic)
    await shop.clock.advance(LEASE)
    assert gate.begun == []
    await shop.clock.advance(LEASE / 3)
    assert [(job.id, job.attempts, job.lapses) for job in gate.begun] == [(receipt.job_id, 2, 1)]


async def test_lapsed_claims_are_no_failed_attempts(shop: Workshop) -> None:
    """A job that was interrupted twice still has its three attempts."""
    tries: list[int] = []

    async def handle(job: Job, work: Work) -> None:
        tries.append(job.attempts)
        raise Unavailable("portal")

    topic = shop.topic(handle, started=False)
    await shop.accept()
    for _ in range(2):
        now = shop.clock.now()
        await shop.database.write(
            partial(jobs.claim, topic="telegram", owner="gone.1", now=now, lease_until=now, most=1)
        )
        await shop.workers.recover(alone=True)
    shop.workers.start(topic)
    await shop.clock.advance(60)
    assert tries == [3, 4, 5]


async def test_a_job_that_killed_five_workers_is_buried_and_counted(shop: Workshop) -> None:
    shop.topic(nothing, started=False)
    receipt = await shop.accept()
    for _ in range(5):
        now = shop.clock.now()
        await shop.database.write(
            partial(jobs.claim, topic="telegram", owner="gone.1", now=now, lease_until=now, most=1)
        )
        assert shop.faults.recorded == []
        await shop.workers.recover(alone=True)
    found = await shop.state(receipt)
    assert (found.state, found.reason, found.lapses) == ("dead", "its worker died five times", 5)
    assert [kind for kind, _ in shop.faults.recorded] == ["inbox.buried"]
