"""The inbox's rows: what is stored once, who may take what when, and who may write about it."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from storage import jobs
from storage.records import Job, NewJob
from tests.storage.files import WatchedDatabase, scalar
from tests.storage.rows import LEASE, NOON, at, new_job

MONTH = timedelta(days=30)


async def accept(database: WatchedDatabase, row: NewJob) -> tuple[int, bool]:
    return await database.write_row(jobs.accept, row)


async def claim(
    database: WatchedDatabase,
    now: datetime = NOON,
    *,
    owner: str = "p.1",
    topic: str = "telegram",
    most: int = 100,
) -> list[Job]:
    return await database.write(
        lambda tx: jobs.claim(tx, topic, owner=owner, now=now, lease_until=now + LEASE, most=most)
    )


async def state(database: WatchedDatabase, job_id: int) -> Any:
    return await database.read(lambda tx: jobs.state(tx, job_id))


async def test_a_dedup_id_is_stored_once_and_answers_with_the_first_job(database: WatchedDatabase) -> None:
    first = await accept(database, new_job(dedup_id="9:1", payload='{"a": 1}'))
    again = await accept(database, new_job(dedup_id="9:1", payload='{"a": 2}'))
    assert first[1]
    assert again == (first[0], False)
    assert await scalar(database, "SELECT payload FROM jobs") == '{"a": 1}'


async def test_the_same_id_from_sixty_four_at_once_is_one_row_and_one_new_receipt(
    database: WatchedDatabase,
) -> None:
    answers = await asyncio.gather(*(accept(database, new_job(dedup_id="9:1")) for _ in range(64)))
    assert [new for _, new in answers].count(True) == 1
    assert len({job_id for job_id, _ in answers}) == 1
    assert await scalar(database, "SELECT count(*) FROM jobs") == 1


async def test_ids_of_different_topics_are_different(database: WatchedDatabase) -> None:
    answers = [await accept(database, new_job(topic=topic, dedup_id="1")) for topic in ("a", "b")]
    assert [new for _, new in answers] == [True, True]


async def test_without_an_id_every_job_is_new(database: WatchedDatabase) -> None:
    answers = [await accept(database, new_job()) for _ in range(3)]
    assert [new for _, new in answers] == [True] * 3


@pytest.mark.parametrize(
    ("later", "new"),
    [
        (timedelta(days=29, hours=23), False),
        (MONTH - timedelta(microseconds=1), False),
        (MONTH, True),
        (timedelta(days=30, hours=1), True),
    ],
)
async def test_an_id_is_known_until_its_window_is_over_to_the_microsecond(
    database: WatchedDatabase, later: timedelta, new: bool
) -> None:
    first, _ = await accept(database, new_job(dedup_id="1", dedup_until=NOON + MONTH))
    job_id, is_new = await accept(database, new_job(dedup_id="1", now=NOON + later))
    assert is_new == new
    assert (job_id != first) == new


async def test_after_its_window_the_id_is_known_anew_from_then_on(database: WatchedDatabase) -> None:
    await accept(database, new_job(dedup_id="1", dedup_until=NOON + MONTH))
    second, _ = await accept(database, new_job(dedup_id="1", now=NOON + MONTH, dedup_until=NOON + 2 * MONTH))
    assert await accept(database, new_job(dedup_id="1", now=NOON + MONTH + timedelta(days=29))) == (
        second,
        False,
    )


async def test_a_job_is_claimed_with_its_attempt_counted_and_only_once(database: WatchedDatabase) -> None:
    job_id, _ = await accept(database, new_job(payload='{"x": 1}'))
    (job,) = await claim(database, at(5))
    assert (job.id, job.payload, job.attempts, job.lapses, job.owner) == (job_id, '{"x": 1}', 1, 0, "p.1")
    assert job.accepted_at == NOON
    assert await claim(database, at(6), owner="p.2") == []


async def test_a_job_is_claimed_from_its_due_time_on_and_not_before(database: WatchedDatabase) -> None:
    await accept(database, new_job(due=at(60)))
    assert await claim(database, at(59.999999)) == []
    assert await database.read(lambda tx: jobs.next_due(tx, "telegram", at(10))) == at(60)
    assert len(await claim(database, at(60))) == 1


async def test_at_most_so_many_are_claimed_oldest_first(database: WatchedDatabase) -> None:
    ids = [(await accept(database, new_job(f"chat:{n}")))[0] for n in range(5)]
    assert [job.id for job in await claim(database, most=3)] == ids[:3]
    assert [job.id for job in await claim(database, most=3)] == ids[3:]


async def test_what_was_due_earlier_is_claimed_before_what_was_only_written_earlier(
    database: WatchedDatabase,
) -> None:
    put_off, _ = await accept(database, new_job("chat:1", due=at(20)))
    plain, _ = await accept(database, new_job("chat:2"))
    assert [job.id for job in await claim(database, at(30), most=1)] == [plain]
    assert [job.id for job in await claim(database, at(30), most=1)] == [put_off]


async def test_of_one_key_only_the_oldest_is_claimed_until_it_is_finished(database: WatchedDatabase) -> None:
    first, second = [(await accept(database, new_job("chat:1")))[0] for _ in range(2)]
    (job,) = await claim(database)
    assert job.id == first
    assert await claim(database) == []
    assert await database.write(lambda tx: jobs.finish(tx, job, at=NOON))
    assert [job.id for job in await claim(database)] == [second]


async def test_a_key_is_one_across_all_topics(database: WatchedDatabase) -> None:
    await accept(database, new_job("deal:1", topic="events"))
    await accept(database, new_job("deal:1", topic="decisions"))
    assert await claim(database, topic="decisions") == []
    (job,) = await claim(database, topic="events")
    assert await claim(database, topic="decisions") == []
    await database.write(lambda tx: jobs.finish(tx, job, at=NOON))
    assert len(await claim(database, topic="decisions")) == 1


async def test_a_job_that_waits_for_another_attempt_holds_up_its_key_and_nobody_else(
    database: WatchedDatabase,
) -> None:
    await accept(database, new_job("chat:1"))
    (failing,) = await claim(database)
    later, _ = await accept(database, new_job("chat:1"))
    other, _ = await accept(database, new_job("chat:2"))
    await database.write(lambda tx: jobs.retry(tx, failing, at=NOON, due_at=at(100), reason="no"))
    assert [job.id for job in await claim(database, at(50))] == [other]
    assert [job.id for job in await claim(database, at(100))] == [failing.id]
    assert later not in {job.id for job in await claim(database, at(100))}


async def test_a_job_put_off_on_purpose_holds_up_nobody(database: WatchedDatabase) -> None:
    await accept(database, new_job("chat:1", due=at(3600)))
    later, _ = await accept(database, new_job("chat:1"))
    assert [job.id for job in await claim(database)] == [later]


async def test_a_retry_keeps_the_first_failure_and_shows_the_newest_reason(database: WatchedDatabase) -> None:
    job_id, _ = await accept(database, new_job())
    for number, moment in enumerate((at(1), at(2)), 1):
        (job,) = await claim(database, moment)
        assert job.attempts == number
        reason = f"failure {number}"
        await database.write(partial(jobs.retry, job=job, at=moment, due_at=moment, reason=reason))
    (job,) = await claim(database, at(3))
    assert job.first_failed_at == at(1)
    found = await state(database, job_id)
    assert (found.state, found.reason) == ("claimed", "failure 2")


async def test_a_finished_job_keeps_its_result_and_a_dead_one_its_reason(database: WatchedDatabase) -> None:
    for n in range(2):
        await accept(database, new_job(f"chat:{n}"))
    done, dead = await claim(database)
    await database.write(lambda tx: jobs.finish(tx, done, at=at(1), result={"id": 7}))
    await database.write(lambda tx: jobs.bury(tx, dead, at=at(1), reason="Refused: no"))
    found = await state(database, done.id)
    assert (found.state, found.result, found.reason) == ("done", {"id": 7}, None)
    found = await state(database, dead.id)
    assert (found.state, found.result, found.reason) == ("dead", None, "Refused: no")
    assert await state(database, 404) is None
    assert (
        await scalar(database, "SELECT count(*) FROM jobs WHERE owner IS NULL AND lease_until IS NULL") == 2
    )


async def test_nobody_but_the_owner_writes_about_a_claimed_job(database: WatchedDatabase) -> None:
    await accept(database, new_job())
    (stale,) = await claim(database, owner="p.1")
    assert await database.write(lambda tx: jobs.free_lapsed(tx, now=at(31))) == (1, 0)
    fresh: list[Job] = []
    for _ in range(2):  # first when nobody owns it, then when somebody else does
        assert not await database.write(lambda tx: jobs.finish(tx, stale, at=at(32), result=1))
        assert not await database.write(lambda tx: jobs.bury(tx, stale, at=at(32), reason="no"))
        assert not await database.write(lambda tx: jobs.retry(tx, stale, at=at(32), due_at=NOON, reason="no"))
        fresh += await claim(database, at(32), owner="p.2")
    found = await state(database, stale.id)
    assert (found.state, found.result, found.reason) == ("claimed", None, None)
    assert await database.write(lambda tx: jobs.finish(tx, fresh[0], at=at(33)))


async def test_a_lease_ends_unless_it_is_renewed_by_its_owner(database: WatchedDatabase) -> None:
    for n in range(3):
        await accept(database, new_job(f"chat:{n}"))
    kept, lost, others = await claim(database)
    renewed = [(kept.id, kept.owner), (others.id, "stranger")]
    await database.write(lambda tx: jobs.renew(tx, renewed, lease_until=at(60)))
    assert await database.write(lambda tx: jobs.free_lapsed(tx, now=at(30))) == (0, 0)
    assert await database.write(lambda tx: jobs.free_lapsed(tx, now=at(31))) == (2, 0)
    assert (await state(database, kept.id)).state == "claimed"
    assert {(await state(database, job.id)).state for job in (lost, others)} == {"waiting"}


async def test_a_process_that_is_alone_frees_every_claim_at_once(database: WatchedDatabase) -> None:
    await accept(database, new_job())
    await claim(database)
    assert await database.write(lambda tx: jobs.free_lapsed(tx, now=NOON, everything=True)) == (1, 0)
    (job,) = await claim(database, owner="q.1")
    assert (job.attempts, job.lapses) == (2, 1)


async def test_five_lapses_bury_a_job_and_set_its_key_free(database: WatchedDatabase) -> None:
    deadly, _ = await accept(database, new_job("chat:1"))
    later, _ = await accept(database, new_job("chat:1"))
    for lapse in range(1, 6):
        assert [job.id for job in await claim(database)] == [deadly]
        freed = await database.write(lambda tx: jobs.free_lapsed(tx, now=NOON, everything=True))
        assert freed == ((1, 0) if lapse < 5 else (0, 1))
    found = await state(database, deadly)
    assert (found.state, found.lapses, found.reason) == ("dead", 5, "its worker died five times")
    assert await scalar(database, "SELECT finished_at FROM jobs WHERE id = :id", id=deadly)
    assert [job.id for job in await claim(database)] == [later]


async def test_claims_handed_back_cost_no_attempt_and_keep_their_place(database: WatchedDatabase) -> None:
    mine, _ = await accept(database, new_job("chat:1"))
    await accept(database, new_job("chat:2"))
    await claim(database, owner="a_b.1", most=1)
    await claim(database, owner="axb.1", most=1)
    assert await database.write(lambda tx: jobs.release_all(tx, "a_b")) == 1
    (job,) = await claim(database, owner="c.1")
    assert (job.id, job.attempts, job.lapses) == (mine, 1, 0)


async def test_a_number_never_comes_back(database: WatchedDatabase) -> None:
    first, _ = await accept(database, new_job())
    await database.write(lambda tx: tx.exec_driver_sql("DELETE FROM jobs"))
    assert (await accept(database, new_job()))[0] > first


async def test_younger_waiting_jobs_of_the_same_topic_and_key_are_found(database: WatchedDatabase) -> None:
    for topic, key in (
        ("telegram", "chat:1"),
        ("telegram", "chat:2"),
        ("portal", "chat:2"),
        ("telegram", "chat:1"),
    ):
        await accept(database, new_job(key, topic=topic))
    one, two = await claim(database)
    assert len(await database.read(lambda tx: jobs.later_payloads(tx, one, most=9))) == 1
    assert await database.read(lambda tx: jobs.later_payloads(tx, two, most=9)) == []
