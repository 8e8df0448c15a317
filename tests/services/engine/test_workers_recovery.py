"""Nothing is lost and nothing happens twice, whatever breaks: a stop, a kill, the database."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from services.engine.errors import HubError, Refused
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from services.engine.workers import LEASE
from storage import jobs
from storage.records import Job
from tests.services.engine.workshop import Gate, Workshop, effect, effects, failing_with, nothing, workshop
from tests.storage.files import scalar

ROOT = Path(__file__).parents[3]


# Stopping and starting


async def test_a_graceful_stop_hands_claims_back_without_an_attempt(path: Path) -> None:
    gate = Gate()
    async with workshop(path) as shop:
        shop.topic(gate.handle)
        receipt = await shop.accept()
        await shop.settle()
        assert len(gate.begun) == 1
    async with workshop(path) as shop:
        found = await shop.state(receipt)
        assert (found.state, found.attempts, found.lapses) == ("waiting", 0, 0)
        shop.topic(nothing)
        await shop.settle()  # without waiting for a lease
        assert (await shop.state(receipt)).state == "done"


async def test_a_process_that_starts_alone_frees_the_claims_of_a_dead_one_at_once(path: Path) -> None:
    async with workshop(path) as shop:
        shop.topic(nothing, started=False)
        receipt = await shop.accept()
        now = shop.clock.now()
        lease = now + timedelta(days=1)
        await shop.database.write(
            lambda tx: jobs.claim(tx, "telegram", owner="dead.1", now=now, lease_until=lease, most=1)
        )
    async with workshop(path) as shop:
        topic = shop.topic(nothing, started=False)
        await shop.workers.recover(alone=True)
        shop.workers.start(topic)
        await shop.settle()
        assert (await shop.state(receipt)).state == "done"


async def test_a_process_that_is_not_alone_frees_only_what_has_lapsed(shop: Workshop) -> None:
    shop.topic(nothing, started=False)
    receipt = await shop.accept()
    now = shop.clock.now()
    lease = now + timedelta(seconds=LEASE)
    await shop.database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="other.1", now=now, lease_until=lease, most=1)
    )
    await shop.workers.recover(alone=False)
    assert (await shop.state(receipt)).state == "claimed"


# The database is away


async def test_an_outage_while_a_job_is_handled_costs_no_attempt(shop: Workshop) -> None:
    gate = Gate()

    async def handle(job: Job, work: Work) -> str:
        effect(work)
        return await gate.handle(job, work)

    shop.topic(handle)
    shop.workers.keep_leases()
    receipt = await shop.accept()
    await shop.settle()
    shop.database.away = True
    gate.open()
    await shop.clock.advance(7)
    shop.database.away = False
    await shop.clock.advance(1)
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.reason) == ("done", 1, None)
    assert await effects(shop.database) == [receipt.job_id]


async def test_a_single_refused_write_costs_no_attempt_either(shop: Workshop) -> None:
    tries = 0

    async def handle(job: Job, work: Work) -> None:
        nonlocal tries
        tries += 1
        effect(work)
        if tries == 1:
            shop.database.refusals = 1  # the finish

    shop.topic(handle, retry=RetryPolicy(attempts=1, window=0.0))
    receipt = await shop.accept()
    await shop.clock.advance(1)
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.reason) == ("done", 1, None)
    assert await effects(shop.database) == [receipt.job_id]
    assert shop.faults.recorded == []


async def test_an_outage_longer_than_the_lease_neither_loses_nor_doubles_a_job(shop: Workshop) -> None:
    gate = Gate()

    async def handle(job: Job, work: Work) -> str:
        effect(work)
        return await gate.handle(job, work)

    shop.topic(handle)
    shop.workers.keep_leases()
    receipts = [await shop.accept(f"chat:{n}") for n in range(3)]
    await shop.settle()
    shop.database.away = True
    gate.open()
    await shop.clock.advance(4 * LEASE)
    shop.database.away = False
    await shop.clock.advance(2 * LEASE)
    assert {(await shop.state(receipt)).state for receipt in receipts} == {"done"}
    assert sorted(await effects(shop.database)) == [receipt.job_id for receipt in receipts]


async def test_an_outage_while_nothing_is_handled_ends_by_itself(shop: Workshop) -> None:
    shop.topic(nothing)
    shop.workers.keep_leases()
    await shop.settle()
    shop.database.away = True
    await shop.clock.advance(120)
    shop.database.away = False
    receipt = await shop.accept()
    await shop.clock.advance(31)  # the longest wait of the supervisor
    assert (await shop.state(receipt)).state == "done"


# A process that dies


WORK_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.services.engine.workshop import effect, workshop

class Deadly:
    def hit(self, name):
        if name == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

async def handle(job, work):
    effect(work)

async def main():
    async with workshop(Path(sys.argv[1]), failpoints=Deadly()) as shop:
        shop.topic(handle)
        await shop.accept(dedup_id="9:1")
        await shop.clock.advance(10)
    sys.exit(3)

asyncio.run(main())
"""


@pytest.mark.parametrize("name", ["accept", "claim", "handling", "finish"])
async def test_a_process_killed_at_any_point_leaves_a_job_that_is_worked_exactly_once(
    path: Path, name: str
) -> None:
    command = [sys.executable, "-c", WORK_AND_DIE, str(path), name]
    died = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    async with workshop(path) as shop:

        async def handle(job: Job, work: Work) -> None:
            effect(work)

        topic = shop.topic(handle, started=False)
        again = await shop.accept(dedup_id="9:1")  # the sender saw no answer and tries again
        assert not again.new
        await shop.workers.recover(alone=True)
        shop.workers.start(topic)
        await shop.settle()
        assert (await shop.state(again)).state == "done"
        assert await effects(shop.database) == [again.job_id]
        assert await scalar(shop.database, "SELECT count(*) FROM jobs") == 1


class Breaks:
    """Raises at one named point, once."""

    def __init__(self, name: str) -> None:
        self.name: str | None = name

    def hit(self, name: str) -> None:
        if name == self.name:
            self.name = None
            raise OSError(f"broken at {name}")


@pytest.mark.parametrize("name", ["claim", "handling", "finish"])
async def test_an_error_at_any_point_leaves_a_job_that_is_worked_exactly_once(path: Path, name: str) -> None:
    async with workshop(path, failpoints=Breaks(name)) as shop:

        async def handle(job: Job, work: Work) -> None:
            effect(work)

        shop.topic(handle)
        shop.workers.keep_leases()
        receipt = await shop.accept()
        await shop.clock.advance(2 * LEASE)
        assert (await shop.state(receipt)).state == "done"
        assert await effects(shop.database) == [receipt.job_id]


async def test_a_last_word_that_breaks_does_not_leave_the_job_in_limbo(shop: Workshop) -> None:
    async def last_word(job: Job, work: Work, error: Exception) -> None:
        raise HubError("even that failed")

    shop.topic(failing_with(Refused("no")), last_word=last_word)
    shop.workers.keep_leases()
    receipt = await shop.accept()
    await shop.clock.advance(10 * LEASE)
    assert (await shop.state(receipt)).state == "dead"
