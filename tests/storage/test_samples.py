"""Samples and what the watch looks at, on both databases."""

from datetime import datetime, timedelta

from sqlalchemy import update

from storage import accepting, job_signs, samples
from storage.database import Transaction
from storage.job_signs import Overdue, Verdict
from storage.samples import Sample, Total
from storage.tables import jobs
from tests.storage.files import WatchedDatabase, scalar
from tests.storage.rows import NOON, at, new_job

MINUTE = timedelta(minutes=1)


def sample(
    minutes: int, value: int, process: str = "one", series: str = "hits", label: str = "deal"
) -> Sample:
    return Sample(NOON + minutes * MINUTE, process, series, label, value)


async def put(database: WatchedDatabase, *rows: Sample) -> None:
    await database.write(lambda tx: samples.put(tx, rows))


async def put_job(
    database: WatchedDatabase,
    topic: str,
    state: str,
    due: datetime = NOON,
    *,
    finished: datetime | None = None,
    failed: bool = False,
    reason: str | None = None,
) -> None:
    def unit(tx: Transaction) -> None:
        ((number, _),) = accepting.accept(tx, [new_job(topic=topic, due=due)])
        values = {"state": state, "finished_at": finished, "reason": reason, "attempts": 2}
        values |= {"first_failed_at": NOON if failed else None}
        tx.execute(update(jobs).where(jobs.c.id == number).values(values))

    await database.write(unit)


async def test_figures_of_all_processes_are_added_up_by_moment_series_and_label(
    database: WatchedDatabase,
) -> None:
    await put(database, sample(5, 1), sample(5, 2, "two"), sample(5, 4, series="misses"))
    await put(database, sample(0, 8), sample(5, 16, label="contact"), sample(5, 32, series="jobs"))
    found = await database.read(lambda tx: samples.totals(tx, ("hits", "misses"), NOON))
    five = NOON + 5 * MINUTE
    assert sorted(found, key=lambda each: each.value) == [
        Total(five, "hits", "deal", 3),
        Total(five, "misses", "deal", 4),
        Total(five, "hits", "contact", 16),
    ]


async def test_a_sample_that_is_written_again_counts_once(database: WatchedDatabase) -> None:
    for _ in range(2):
        await put(database, sample(5, 7))
    assert await scalar(database, "SELECT sum(value) FROM samples") == 7


async def test_a_label_is_cut_to_its_column(database: WatchedDatabase) -> None:
    await put(database, sample(5, 7, label="я" * 200))
    assert await scalar(database, "SELECT label FROM samples") == "я" * samples.LABEL


async def test_old_samples_go_so_many_moments_at_a_time(database: WatchedDatabase) -> None:
    await put(database, *(sample(minute, 1, process) for minute in range(5) for process in ("one", "two")))
    before = NOON + 3 * MINUTE
    dropped = [await database.write(lambda tx: samples.drop(tx, before, most=2)) for _ in range(3)]
    assert dropped == [2, 1, 0]
    assert await scalar(database, "SELECT count(*) FROM samples") == 4


async def test_done_jobs_are_counted_by_topic_and_time(database: WatchedDatabase) -> None:
    await put_job(database, "telegram", "done", finished=at(0))
    await put_job(database, "telegram", "done", finished=at(299))
    await put_job(database, "telegram", "done", finished=at(300))
    await put_job(database, "telegram", "dead", finished=at(5))
    await put_job(database, "sweep", "done", finished=at(5))
    await put_job(database, "portal", "done", finished=at(5))
    found = await database.read(lambda tx: samples.jobs_done(tx, NOON, at(300), without=["sweep"]))
    assert found == {"telegram": 2, "portal": 1}


async def test_overdue_jobs_are_those_that_wait_and_were_due(database: WatchedDatabase) -> None:
    for state, due in (("waiting", -5), ("waiting", -9), ("waiting", 0), ("claimed", -9), ("dead", -9)):
        await put_job(database, "telegram", state, at(due))
    await put_job(database, "portal", "waiting", at(-1))
    found = await database.read(lambda tx: job_signs.overdue(tx, NOON))
    assert found == [Overdue("portal", 1, at(-1)), Overdue("telegram", 2, at(-9))]


async def test_jobs_that_died_come_in_the_order_in_which_they_did(database: WatchedDatabase) -> None:
    for topic, moment in (("b", 20), ("a", 10), ("old", 0)):
        await put_job(database, topic, "dead", finished=at(moment))
    await put_job(database, "fine", "done", finished=at(30))
    assert await database.read(lambda tx: job_signs.died(tx, NOON)) == [("a", at(10)), ("b", at(20))]


async def test_the_verdict_is_that_of_the_newest_job_that_came_to_anything(database: WatchedDatabase) -> None:
    async def verdict() -> Verdict | None:
        return await database.read(lambda tx: job_signs.last_verdict(tx, "backup"))

    await put_job(database, "backup", "waiting")
    assert await verdict() is None
    await put_job(database, "backup", "dead", finished=at(1), reason="full")
    await put_job(database, "other", "done", finished=at(1))
    assert await verdict() == Verdict("full", 2, None)
    await put_job(database, "backup", "done", finished=at(2))
    assert await verdict() == Verdict(None, 2, None)
    await put_job(database, "backup", "waiting", at(600), failed=True, reason="read-only")
    assert await verdict() == Verdict("read-only", 2, at(600))
    await put_job(database, "backup", "claimed")
    await put_job(database, "backup", "waiting", at(900))
    assert await verdict() == Verdict("read-only", 2, at(600))
