"""Dead jobs: listed by what they died of, and put back as if they were new, each once."""

from sqlalchemy import insert

from storage import jobs, replaying
from storage.database import Transaction
from storage.records import Job
from storage.replaying import Chosen, DeadJob
from storage.tables import journal
from tests.storage.files import WatchedDatabase, rows, scalar
from tests.storage.rows import LEASE, NOON, at, new_job

ALL = Chosen(at(60))


async def kill(
    database: WatchedDatabase,
    key: str = "chat:1",
    *,
    reason: str = "wrong",
    topic: str = "telegram",
    **more: str,
) -> int:
    """Accept a job, fail it once and bury it."""
    accepted = await database.write(lambda tx: jobs.accept(tx, [new_job(key, topic=topic, **more)]))  # type: ignore[arg-type]
    for end in (_retry, _bury):
        (job,) = await _claim(database, topic)
        await database.write(lambda tx, job=job, end=end: end(tx, job, reason))  # type: ignore[misc]
    return accepted[0][0]


def _retry(tx: Transaction, job: Job, reason: str) -> None:
    jobs.retry(tx, job, at=NOON, due_at=NOON, reason=reason)


def _bury(tx: Transaction, job: Job, reason: str) -> None:
    jobs.bury(tx, job, at=at(10), reason=reason)


async def _claim(database: WatchedDatabase, topic: str = "telegram", now: float = 1) -> list[Job]:
    return await database.write(
        lambda tx: jobs.claim(tx, topic, owner="p.1", now=at(now), lease_until=at(now) + LEASE, most=5)
    )


async def replay(
    database: WatchedDatabase, chosen: Chosen = ALL, *, after: int = 0, most: int = 100
) -> list[DeadJob]:
    return await database.write(lambda tx: replaying.replay(tx, chosen, after=after, now=at(100), most=most))


async def test_a_replayed_job_is_as_if_it_were_new_and_still_the_same(database: WatchedDatabase) -> None:
    number = await kill(database, dedup_id="d", payload='{"a": 1}')
    [ended] = await replay(database)
    assert (ended.id, ended.attempts, ended.reason, ended.replays) == (number, 2, "wrong", 0)
    [job] = await _claim(database, now=101)
    assert (job.id, job.attempts, job.lapses, job.replays) == (number, 1, 0, 1)
    assert (job.first_failed_at, job.payload, job.correlation_id) == (None, '{"a": 1}', "c")
    left = await rows(database, "SELECT dedup_id, reason, finished_at FROM jobs")
    assert left == [("d", None, None)]


async def test_each_is_replayed_once_whoever_asks_again(database: WatchedDatabase) -> None:
    for _ in range(3):
        await kill(database)
    assert len(await replay(database)) == 3
    assert await replay(database) == []


async def test_parts_come_in_order(database: WatchedDatabase) -> None:
    numbers = [await kill(database, f"chat:{number}") for number in range(5)]
    first = await replay(database, most=2)
    second = await replay(database, most=2, after=first[-1].id)
    assert [job.id for job in first + second] == numbers[:4]


async def test_topic_reason_number_and_moment_choose(database: WatchedDatabase) -> None:
    one = await kill(database, reason="a")
    two = await kill(database, reason="b")
    other = await kill(database, topic="backup", reason="a")

    async def count(**more: object) -> dict[str, int]:
        chosen = Chosen(**{"before": at(60), **more})  # type: ignore[arg-type]
        return await database.read(lambda tx: replaying.counts(tx, chosen))

    assert await count() == {"backup": 1, "telegram": 2}
    assert await count(topic="telegram", reason="b") == {"telegram": 1}
    assert await count(job_id=other) == {"backup": 1}
    assert await count(before=at(9)) == {}
    assert one != two


async def test_groups_come_newest_first_with_their_newest_jobs(database: WatchedDatabase) -> None:
    first = [await kill(database, reason="a") for _ in range(3)]
    second = await kill(database, reason="b")
    groups = await database.read(lambda tx: replaying.groups(tx, most=5))
    assert [(group.reason, group.count, group.newest) for group in groups] == [
        ("b", 1, second),
        ("a", 3, first[-1]),
    ]
    assert await database.read(replaying.group_count) == 2
    newest = await database.read(lambda tx: replaying.newest_of(tx, groups[1], most=2))
    assert [job.id for job in newest] == first[:0:-1]
    assert await database.read(lambda tx: replaying.groups(tx, most=5, after=2)) == []


async def test_what_became_of_the_replayed_is_counted(database: WatchedDatabase) -> None:
    numbers = [await kill(database, f"chat:{number}") for number in range(3)]
    await replay(database)
    await database.write(lambda tx: _note(tx, numbers))
    for job in (await _claim(database, now=101))[:1]:
        await database.write(lambda tx, job=job: jobs.finish(tx, job, at=at(102)))  # type: ignore[misc]
    found = await database.read(lambda tx: replaying.outcome(tx, "mine", since=0))
    assert found == {"done": 1, "claimed": 2}
    assert await database.read(lambda tx: replaying.outcome(tx, "mine", since=99)) == {}
    assert await scalar(database, "SELECT count(*) FROM jobs WHERE state = 'dead'") == 0


def _note(tx: Transaction, numbers: list[int]) -> None:
    row = {"actor": "a", "action": "replay", "kind": "job", "at": NOON, "correlation_id": "mine"}
    tx.execute(insert(journal), [row | {"key": str(number)} for number in numbers])


async def test_a_part_is_found_in_capitals_or_not_in_either_alphabet(database: WatchedDatabase) -> None:
    for reason in ("Refused: Портал занят", "Refused: портал", "Refused: ПОРТАЛ", "Refused: portal"):
        await kill(database, reason=reason)

    async def found(part: str) -> int:
        counts = await database.read(lambda tx: replaying.counts(tx, Chosen(at(60), reason_part=part)))
        return sum(counts.values())

    typed = ["портал", "Портал", "ПОРТАЛ", "пОРТАЛ", "REFUSED: П", "PORTAL", "%", "_", ""]
    assert [await found(each) for each in typed] == [3, 3, 3, 3, 3, 1, 0, 0, 0]
