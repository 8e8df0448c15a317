"""How full the inbox is, counted without looking at what is done."""

from storage import inbox_figures, jobs
from storage.records import Backlog
from tests.storage.files import WatchedDatabase
from tests.storage.rows import LEASE, NOON, at, new_job


async def test_the_backlog_counts_by_topic_and_state_and_leaves_done_ones_out(
    database: WatchedDatabase,
) -> None:
    rows = [new_job(f"k:{number}", topic="telegram", due=at(number)) for number in range(5)]
    await database.write(lambda tx: jobs.accept(tx, [*rows, new_job("k:9", topic="deals")]))
    done, dead, _ = await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=at(9), lease_until=at(9) + LEASE, most=3)
    )
    await database.write(lambda tx: jobs.finish(tx, done, at=at(9)))
    await database.write(lambda tx: jobs.bury(tx, dead, at=at(9), reason="broken"))
    found = await database.read(inbox_figures.backlog)
    assert sorted(found, key=lambda each: (each.topic, each.state)) == [
        Backlog("deals", "waiting", 1, NOON),
        Backlog("telegram", "claimed", 1, None),
        Backlog("telegram", "dead", 1, None),
        Backlog("telegram", "waiting", 2, at(3)),
    ]
