"""Events of portals: few jobs for many, no event twice, and none without a read that begins after it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import jobs, portal_events, reconcile_cursors, retention
from storage.portal_events import NewEvent, Taken
from storage.records import Job, NewJob
from tests.storage.files import WatchedDatabase, rows, scalar
from tests.storage.rows import NOON

TOPIC, KEY = "deals", "deal:partner1.bitrix24.ru:12"


def event(
    hash: str | None = None, *, key: str = KEY, payload: str = "{}", heard: str | None = None
) -> NewEvent:
    job = NewJob(TOPIC, key, payload, "00000000-0000-7000-8000-000000000000", NOON, NOON)
    return NewEvent(job, hash, heard)


async def accept(database: WatchedDatabase, *events: NewEvent) -> list[Taken]:
    """Each as its caller does it, all at one moment."""
    return list(await asyncio.gather(*(database.write_row(portal_events.accept, each) for each in events)))


async def claimed(database: WatchedDatabase, now: datetime = NOON) -> list[Job]:
    until = now + timedelta(seconds=30)
    return await database.write(
        lambda tx: jobs.claim(tx, TOPIC, owner="p.1", now=now, lease_until=until, most=100)
    )


async def test_a_thousand_events_of_one_deal_at_once_are_one_job(database: WatchedDatabase) -> None:
    taken = await accept(database, *(event(f"{number:064}") for number in range(1000)))
    assert len({each.job_id for each in taken}) == 1
    assert sum(each.new for each in taken) >= 1
    assert not any(each.known for each in taken)
    assert await scalar(database, "SELECT count(*) FROM jobs") == 1
    assert await scalar(database, "SELECT count(*) FROM portal_events") == 1000


async def test_a_thousand_events_while_one_is_worked_are_one_job_more(database: WatchedDatabase) -> None:
    [first] = await accept(database, event("a"))
    [job] = await claimed(database)
    assert job.id == first.job_id
    taken = await accept(database, *(event(f"{number:064}") for number in range(1000)))
    assert first.job_id not in {each.job_id for each in taken}
    assert await scalar(database, "SELECT count(*) FROM jobs") == 2
    assert await claimed(database) == [], "two jobs of one deal are worked at once"


async def test_a_known_event_is_told_so_and_its_deal_is_read_once_more(database: WatchedDatabase) -> None:
    [first] = await accept(database, event("a"))
    [again] = await accept(database, event("a"))
    assert again == Taken(first.job_id, new=False, known=True)
    [job] = await claimed(database)
    await database.write(lambda tx: jobs.finish(tx, job, at=NOON, result={}))
    [third] = await accept(database, event("a"))
    assert third.known
    assert third.new
    assert third.job_id != first.job_id
    assert await rows(database, "SELECT hash, job_id FROM portal_events") == [("a", first.job_id)]


async def test_of_equal_events_that_come_together_one_is_new(database: WatchedDatabase) -> None:
    taken = await database.write_rows(portal_events.accept, [event("a") for _ in range(20)])
    assert [each.known for each in taken] == [False] + [True] * 19


async def test_without_a_hash_nothing_is_known_and_nothing_kept(database: WatchedDatabase) -> None:
    taken = await accept(database, event(), event())
    assert not any(each.known for each in taken)
    assert len({each.job_id for each in taken}) == 1
    assert await scalar(database, "SELECT count(*) FROM portal_events") == 0


async def test_jobs_of_another_payload_key_or_topic_are_not_joined(database: WatchedDatabase) -> None:
    other_topic = event()
    others = [
        event(),
        event(payload='{"side":"home"}'),
        event(key="deal:partner2.bitrix24.ru:12"),
        replace(other_topic, job=replace(other_topic.job, topic="other")),
    ]
    taken = await accept(database, *others)
    assert len({each.job_id for each in taken}) == 4
    assert [each.job_id for each in await accept(database, *others)] == [each.job_id for each in taken]


async def test_one_that_waits_for_another_try_is_joined(database: WatchedDatabase) -> None:
    [first] = await accept(database, event("a"))
    [job] = await claimed(database)
    later = NOON + timedelta(hours=1)
    await database.write(lambda tx: jobs.retry(tx, job, at=NOON, due_at=later, reason="away"))
    [again] = await accept(database, event("b"))
    assert again.job_id == first.job_id


async def test_the_end_of_a_dead_one_is_not_the_end_of_its_deal(database: WatchedDatabase) -> None:
    [first] = await accept(database, event("a"))
    [job] = await claimed(database)
    await database.write(lambda tx: jobs.bury(tx, job, at=NOON, reason="no"))
    [again] = await accept(database, event("a"))
    assert again.new
    assert again.job_id != first.job_id


async def test_of_a_source_that_is_compared_it_is_kept_when_it_was_heard(database: WatchedDatabase) -> None:
    await database.write(lambda tx: reconcile_cursors.keep(tx, "p1", NOON, None))
    await accept(database, event("a", heard="p2"), event("b", heard="p1"), event("c"))
    cursors = await database.read(reconcile_cursors.every)
    assert [(each.source_domain, each.heard_at) for each in cursors] == [("p1", NOON)]


async def test_a_row_that_cannot_be_stored_leaves_no_trace(database: WatchedDatabase) -> None:
    bad = event("a")
    broken = replace(bad, job=replace(bad.job, topic=None))  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)null"):
        await database.write_row(portal_events.accept, broken)
    assert await scalar(database, "SELECT count(*) FROM portal_events") == 0


async def test_an_event_is_forgotten_when_its_window_is_over(database: WatchedDatabase) -> None:
    await accept(database, event("a"))
    for before, left in ((NOON, 1), (NOON + timedelta(seconds=1), 0)):
        old = retention.portals_events(before)
        keys = await database.read(partial(old.find, most=10))
        await database.write(partial(old.drop, keys=keys))
        assert await scalar(database, "SELECT count(*) FROM portal_events") == left
    [again] = await accept(database, event("a"))
    assert not again.known
