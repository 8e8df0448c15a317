"""Claims beside long queues: nobody else waits, and the work does not grow with the queue."""

from datetime import datetime
from pathlib import Path

from storage import claiming, jobs
from storage.database import Transaction
from storage.records import Job
from tests.storage.files import WatchedDatabase, opened, scalar
from tests.storage.rows import LEASE, NOON, at, new_job

QUEUE = claiming.LOOK + 5


async def accept(
    database: WatchedDatabase,
    key: str,
    *,
    times: int = 1,
    topic: str = "telegram",
    now: datetime = NOON,
    due: datetime | None = None,
) -> int:
    """Accept so many jobs of a key; the first one's number."""
    rows = [new_job(key, topic=topic, now=now, due=due) for _ in range(times)]
    accepted = await database.write(lambda tx: jobs.accept(tx, rows))
    return accepted[0][0]


async def claim(database: WatchedDatabase, now: datetime, *, most: int) -> list[Job]:
    return await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=now, lease_until=now + LEASE, most=most)
    )


async def test_a_long_queue_of_one_key_hides_nobody_elses_job(database: WatchedDatabase) -> None:
    first = await accept(database, "chat:1", times=QUEUE)
    others = [await accept(database, f"chat:{number}", now=at(1)) for number in (2, 3)]
    assert [job.id for job in await claim(database, at(2), most=2)] == [first]
    assert [job.id for job in await claim(database, at(2), most=2)] == others
    assert await claim(database, at(2), most=2) == []


async def test_a_job_put_off_does_not_hold_up_its_key_behind_a_long_queue(database: WatchedDatabase) -> None:
    await accept(database, "chat:1", times=QUEUE)
    await accept(database, "chat:2", due=at(60))
    plain = await accept(database, "chat:2", now=at(1))
    await claim(database, at(2), most=5)
    assert [job.id for job in await claim(database, at(2), most=5)] == [plain]


async def test_a_key_that_waits_for_another_try_waits_behind_a_long_queue_too(
    database: WatchedDatabase,
) -> None:
    failed = await accept(database, "chat:2")
    (job,) = await claim(database, NOON, most=1)
    await database.write(lambda tx: jobs.retry(tx, job, at=NOON, due_at=at(60), reason="later"))
    await accept(database, "chat:2")
    await accept(database, "chat:1", times=QUEUE)
    assert [each.key for each in await claim(database, at(1), most=5)] == ["chat:1"]
    assert await claim(database, at(1), most=5) == []
    assert [each.id for each in await claim(database, at(60), most=5)] == [failed]


async def test_jobs_of_other_topics_are_left_alone(database: WatchedDatabase) -> None:
    await accept(database, "chat:1", times=QUEUE)
    await accept(database, "deal:1", topic="deals")
    assert [job.topic for job in await claim(database, at(1), most=50)] == ["telegram"]
    assert await claim(database, at(1), most=50) == []


async def test_the_work_of_a_claim_does_not_grow_with_the_queue(path: Path) -> None:
    async with opened(path) as file:
        short = await _steps_of_a_claim(file, 1000)
        assert await _steps_of_a_claim(file, 8000) < 2 * short


async def _steps_of_a_claim(file: WatchedDatabase, queue: int) -> int:
    """Hundreds of steps that SQLite's machine takes for a claim beside a queue of that length."""
    waiting = await scalar(file, "SELECT count(*) FROM jobs WHERE state = 'waiting'")
    await accept(file, "chat:1", times=queue - waiting)
    steps = 0

    def unit(tx: Transaction) -> None:
        def step() -> None:
            nonlocal steps
            steps += 1

        raw = tx.connection.driver_connection
        assert raw
        raw.set_progress_handler(step, 100)
        jobs.claim(tx, "telegram", owner="p.1", now=at(1), lease_until=at(30), most=10)
        raw.set_progress_handler(None, 0)

    await file.write(unit)
    return steps


async def claim_of(database: WatchedDatabase, *keys: str, now: datetime = NOON, most: int = 5) -> list[Job]:
    """A claim while work is paused, but for these keys."""
    until = now + LEASE
    return await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=now, lease_until=until, most=most, keys=keys)
    )


async def test_while_paused_only_the_keys_let_through_are_claimed_in_order(database: WatchedDatabase) -> None:
    await accept(database, "chat:1", times=3)
    first = await accept(database, "chat:2", times=2)
    other = await accept(database, "chat:3")
    await accept(database, "chat:2", topic="another")
    assert await claim_of(database) == []
    assert await claim_of(database, "chat:9") == []
    assert [job.id for job in await claim_of(database, "chat:3", "chat:2")] == [first, other]
    assert await claim_of(database, "chat:2", "chat:3") == [], "one at a time of a key"


async def test_while_paused_a_key_that_waits_for_another_try_keeps_its_turn(
    database: WatchedDatabase,
) -> None:
    await accept(database, "chat:2", times=2)
    [job] = await claim_of(database, "chat:2")
    await database.write(lambda tx: jobs.retry(tx, job, at=NOON, due_at=at(60), reason="later"))
    assert await claim_of(database, "chat:2", now=at(1)) == []
    assert [each.id for each in await claim_of(database, "chat:2", now=at(61))] == [job.id]
