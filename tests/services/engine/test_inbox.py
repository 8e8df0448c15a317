"""The inbox's front: durable before it answers, once per id, and a way to wait for the result."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from services.engine.errors import NoSuchItem, Refused, Unavailable
from services.engine.inbox import DAY, WAITERS, Receipt, is_permanent
from services.engine.observability import bound
from services.engine.work import Work
from storage.errors import StorageUnavailable
from storage.records import Job
from tests.services.engine.regions import start
from tests.services.engine.workshop import Gate, Workshop, workshop
from tests.storage.files import copy_of, opened, rows, scalar

ROOT = Path(__file__).parents[3]

ACCEPT_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from services.engine.clock import SystemClock
from services.engine.failpoints import NoFailpoints
from services.engine.inbox import Inbox, Topic
from services.engine.retry import TELEGRAM
from storage.sqlite import SqliteDatabase
from tests.services.engine.regions import start

async def nothing(job, work):
    return None

async def main():
    database = SqliteDatabase(Path(sys.argv[1]))
    await database.open()
    inbox = Inbox(database, SystemClock(), NoFailpoints())
    inbox.register(Topic("telegram", nothing, 1, TELEGRAM))
    for number in range(int(sys.argv[2])):
        await inbox.accept("telegram", "chat:1", f"9:{number}", "{}")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def nothing(job: Job, work: Work) -> None:
    return None


async def test_a_process_killed_right_after_the_receipt_leaves_the_row(path: Path) -> None:
    command = [sys.executable, "-c", ACCEPT_AND_DIE, str(path), "3"]
    died = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    async with opened(path) as database:
        found = await rows(database, "SELECT dedup_id, state FROM jobs ORDER BY id")
    assert found == [(f"9:{number}", "waiting") for number in range(3)]


async def test_a_receipt_means_that_the_row_is_in_the_file(path: Path) -> None:
    async with workshop(path) as shop:
        shop.topic(nothing, started=False)
        receipt = await shop.accept(payload='{"text": "Привет"}')
        async with opened(copy_of(path, "after.db")) as database:
            assert await rows(database, "SELECT id, payload FROM jobs") == [
                (receipt.job_id, '{"text": "Привет"}')
            ]


async def test_the_same_id_from_sixty_four_at_once_is_one_job_and_one_new_receipt(shop: Workshop) -> None:
    worked: list[int] = []

    async def handle(job: Job, work: Work) -> None:
        worked.append(job.id)

    shop.topic(handle)
    receipts = await asyncio.gather(*(shop.accept(dedup_id="9:1") for _ in range(64)))
    await shop.settle()
    assert sum(receipt.new for receipt in receipts) == 1
    assert {receipt.job_id for receipt in receipts} == set(worked)
    assert len(worked) == 1
    assert await scalar(shop.database, "SELECT count(*) FROM jobs") == 1


async def test_a_thousand_ids_in_many_copies_are_worked_once_each(shop: Workshop) -> None:
    worked: list[str] = []

    async def handle(job: Job, work: Work) -> None:
        worked.append(job.payload)

    shop.topic(handle)
    wanted = [n for n in range(200) for _ in range(5)]
    await asyncio.gather(*(shop.accept(f"chat:{n}", f"9:{n}", payload=str(n)) for n in wanted))
    await shop.settle()
    assert sorted(map(int, worked)) == list(range(200))


@pytest.mark.parametrize(
    ("window", "later", "new"),
    [
        (30 * DAY, timedelta(days=29, hours=23), False),
        (30 * DAY, timedelta(days=30, hours=1), True),
        (2 * DAY, timedelta(hours=47, minutes=59), False),
        (2 * DAY, timedelta(hours=48), True),
    ],
)
async def test_an_id_is_known_for_as_long_as_its_topic_says(
    shop: Workshop, window: float, later: timedelta, new: bool
) -> None:
    shop.topic(nothing, dedup_seconds=window, started=False)
    assert (await shop.accept(dedup_id="9:1")).new
    await shop.clock.advance(later.total_seconds())
    assert (await shop.accept(dedup_id="9:1")).new == new


async def test_a_finished_job_keeps_its_id_known(shop: Workshop) -> None:
    shop.topic(nothing)
    first = await shop.accept(dedup_id="9:1")
    await shop.settle()
    assert (await shop.state(first)).state == "done"
    again = await shop.accept(dedup_id="9:1")
    assert (again.new, again.job_id) == (False, first.job_id)


async def test_a_full_database_gives_an_error_and_no_receipt(shop: Workshop) -> None:
    shop.topic(nothing, started=False)
    shop.database.away = True
    with pytest.raises(StorageUnavailable):
        await shop.accept()
    shop.database.away = False
    assert await scalar(shop.database, "SELECT count(*) FROM jobs") == 0


async def test_a_topic_nobody_registered_is_a_mistake(shop: Workshop) -> None:
    with pytest.raises(KeyError):
        await shop.accept(topic="unheard")


async def test_a_job_carries_the_correlation_id_it_was_accepted_under(shop: Workshop) -> None:
    shop.topic(nothing, started=False)
    with bound("from-the-door"):
        await shop.accept()
    await shop.accept()
    first, second = await rows(shop.database, "SELECT correlation_id FROM jobs ORDER BY id")
    assert first == ("from-the-door",)
    assert second[0] not in {"", "from-the-door"}


async def test_waiting_gives_the_result_as_soon_as_the_job_is_done(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle)
    receipt = await shop.accept()
    waiting = start(receipt.wait(30))
    await shop.settle()
    assert not waiting.done()
    gate.open()
    await shop.settle()
    found = waiting.result()
    assert found
    assert (found.state, found.result) == ("done", "done")
    assert shop.clock.monotonic() == pytest.approx(1000)


async def test_waiting_for_a_job_that_is_over_answers_at_once(shop: Workshop) -> None:
    shop.topic(nothing)
    receipt = await shop.accept()
    await shop.settle()
    found = await receipt.wait(0)
    assert found
    assert found.state == "done"


async def test_waiting_gives_the_reason_when_the_job_dies(shop: Workshop) -> None:
    async def refuse(job: Job, work: Work) -> None:
        raise Refused("not with us")

    shop.topic(refuse)
    receipt = await shop.accept()
    found = await shop.clock.run(receipt.wait(30))
    assert found
    assert (found.state, found.reason) == ("dead", "Refused: not with us")


async def test_waiting_ends_with_nothing_after_the_given_time(shop: Workshop) -> None:
    shop.topic(Gate().handle)
    receipt = await shop.accept()
    began = shop.clock.monotonic()
    assert await shop.clock.run(receipt.wait(7.25)) is None
    assert shop.clock.monotonic() - began == pytest.approx(7.25)


async def test_waiting_sees_a_job_that_another_process_finished(shop: Workshop) -> None:
    shop.topic(nothing, started=False)
    receipt = await shop.accept()
    waiting = start(receipt.wait(30))
    await shop.clock.advance(1)
    update = "UPDATE jobs SET state = 'done', result = '\"elsewhere\"'"
    await shop.database.write(lambda tx: tx.exec_driver_sql(update))
    await shop.clock.advance(0.5)
    found = waiting.result()
    assert found
    assert found.result == "elsewhere"


async def test_no_more_than_sixty_four_wait_and_the_next_is_told_at_once(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle)
    receipts = [await shop.accept(f"chat:{n}") for n in range(WAITERS + 1)]
    waiting = [start(receipt.wait(30)) for receipt in receipts[:WAITERS]]
    await shop.settle()
    assert WAITERS == 64
    assert await receipts[-1].wait(30) is None
    assert shop.clock.monotonic() == pytest.approx(1000)
    for task in waiting[:10]:
        task.cancel()
    await asyncio.wait(waiting[:10])
    gate.open()
    found = await shop.clock.run(receipts[-1].wait(30))  # there is room again
    assert found
    assert found.state == "done"
    assert all([await task for task in waiting[10:]])


async def test_many_may_wait_for_the_same_job(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle)
    receipt = await shop.accept()
    waiting = [start(receipt.wait(30)) for _ in range(5)]
    await shop.settle()
    gate.open()
    await shop.settle()
    assert [found.state for task in waiting if (found := task.result())] == ["done"] * 5


async def test_waiting_for_a_job_that_does_not_exist_gives_nothing(shop: Workshop) -> None:
    assert await Receipt(404, True, shop.inbox).wait(30) is None


def test_only_errors_raised_on_purpose_can_be_permanent() -> None:
    assert is_permanent(Refused("no"))
    assert is_permanent(NoSuchItem("no"))
    assert not is_permanent(Unavailable("portal"))
    assert not is_permanent(ValueError("a mistake of ours"))
