"""Another time for jobs: one is hurried, and what another came to is found."""

from storage import jobs, postponing
from tests.storage.files import WatchedDatabase
from tests.storage.rows import LEASE, NOON, at, new_job


async def test_the_first_unfinished_job_of_a_topic_is_hurried_and_none_is_none(
    database: WatchedDatabase,
) -> None:
    async def hurry() -> int | None:
        return await database.write(lambda tx: postponing.hurry(tx, "backup", now=at(1)))

    assert await hurry() is None
    rows = [new_job("k", topic="backup", due=at(60)), new_job("k", topic="backup", due=at(90))]
    (first, _), _ = await database.write(lambda tx: jobs.accept(tx, rows))
    assert await hurry() == first
    assert await database.read(lambda tx: jobs.next_due(tx, "backup", at(1))) == at(90)


async def test_what_the_newest_job_came_to_is_found_only_if_it_ended_since(database: WatchedDatabase) -> None:
    await database.write(lambda tx: jobs.accept(tx, [new_job("k", topic="backup")]))
    (job,) = await database.write(
        lambda tx: jobs.claim(tx, "backup", owner="p.1", now=NOON, lease_until=NOON + LEASE, most=1)
    )
    await database.write(lambda tx: jobs.finish(tx, job, at=at(10), result={"file": "x"}))

    for since, found in ((at(9), {"file": "x"}), (at(10), None)):
        assert await database.read(lambda tx, s=since: postponing.done_since(tx, "backup", s)) == found  # type: ignore[misc]
    assert await database.read(lambda tx: postponing.done_since(tx, "other", NOON)) is None
