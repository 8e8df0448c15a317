"""Submissions: stored once under their id, and what became of each programme."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from storage import accepting, retention, submissions
from storage.database import Transaction
from storage.submissions import Submission, Wanted
from tests.storage.files import WatchedDatabase, rows, scalar
from tests.storage.rows import NOON, at, new_job

WANTED = (Wanted("физика", "Физика"), Wanted("алгебра", "АЛГЕБРА"))


def a_row(name: str = "s-1", **more: Any) -> Submission:
    row = Submission(
        id=name,
        digest="d" * 64,
        poll_id=17,
        name="Анна",
        last_name="",
        phone="+7 916 123-45-67",
        email="",
        comments="",
        job_id=0,
        contact_id=None,
        in_doubt=False,
        accepted_at=NOON,
        done_at=None,
        programmes=WANTED,
    )
    return replace(row, **more)


async def put(database: WatchedDatabase, *stored: Submission) -> list[bool]:
    return [await database.write(lambda tx, row=row: submissions.put(tx, row)) for row in stored]  # type: ignore[misc]


async def known(database: WatchedDatabase, name: str = "s-1") -> Submission | None:
    return await database.read(lambda tx: submissions.by_id(tx, name))


async def waiting(database: WatchedDatabase, key: str) -> list[str]:
    return await database.read(lambda tx: submissions.waiting_for(tx, key))


async def test_it_is_found_as_it_was_stored_with_its_programmes_in_their_order(
    database: WatchedDatabase,
) -> None:
    assert await put(database, a_row(), a_row("s-2", programmes=())) == [True, True]
    assert await known(database) == a_row()
    assert await known(database, "s-2") == a_row("s-2", programmes=())
    assert await known(database, "S-1") is None
    assert await known(database, "s-3\0\ud800") is None


async def test_an_id_that_is_known_changes_nothing(database: WatchedDatabase) -> None:
    other = a_row(name="s-1", programmes=(Wanted("химия", "Химия"),))
    assert await put(database, a_row(), replace(other, poll_id=18)) == [True, False]
    assert await known(database) == a_row()


async def test_of_many_at_one_moment_one_is_stored(database: WatchedDatabase) -> None:
    outcomes = await asyncio.gather(*(put(database, a_row(poll_id=n + 1)) for n in range(8)))
    assert sum(new for (new,) in outcomes) == 1
    assert await scalar(database, "SELECT count(*) FROM submission_programmes") == 2


async def test_texts_are_cut_and_made_storable(database: WatchedDatabase) -> None:
    texts = {"last_name": "я" * 200, "phone": "1\0", "email": "e" * 300, "comments": "\ud800"}
    await put(database, a_row(**texts, programmes=(Wanted("физика", "Физика\0"),)))
    found = await known(database)
    assert found
    assert "\0" not in found.programmes[0].title
    assert (len(found.last_name), len(found.email), found.comments) == (100, 254, "?")
    assert "\0" not in found.phone


async def test_what_is_learnt_of_the_portal_is_kept(database: WatchedDatabase) -> None:
    def unit(tx: Transaction) -> None:
        submissions.belongs_to(tx, "s-1", 12)
        submissions.begin(tx, "s-1")

    await put(database, a_row(), a_row("s-2"))
    await database.write(unit)
    begun = await known(database)
    assert begun == a_row(job_id=12, in_doubt=True)
    await database.write(
        lambda tx: submissions.learn(tx, "s-1", contact_id=5, deals={"алгебра": 9}, in_doubt=False)
    )
    await database.write(lambda tx: submissions.finish(tx, "s-1", at(5)))
    programmes = (WANTED[0], replace(WANTED[1], deal_id=9))
    assert await known(database) == a_row(job_id=12, contact_id=5, done_at=at(5), programmes=programmes)
    assert await known(database, "s-2") == a_row("s-2")


async def test_all_without_a_deal_wait_for_a_programme_but_those_that_were_given_up(
    database: WatchedDatabase,
) -> None:
    def given_up(tx: Transaction) -> int:
        [(number, _)] = accepting.accept(tx, [new_job("k")])
        tx.exec_driver_sql("UPDATE jobs SET state = 'dead'")
        return number

    dead = await database.write(given_up)
    later = [a_row(f"s-{n}", accepted_at=at(9 - n)) for n in range(2, 5)]
    await put(database, *later, a_row("dead", job_id=dead), a_row("other", programmes=(WANTED[1],)))
    await put(database, a_row("mended", job_id=dead, accepted_at=at(10)))
    for done in ("s-3", "mended"):  # but for what is not there
        await database.write(lambda tx, done=done: submissions.finish(tx, done, at(20)))  # type: ignore[misc]
    await database.write(
        lambda tx: submissions.learn(tx, "s-2", contact_id=5, deals={"физика": 9}, in_doubt=False)
    )
    assert await waiting(database, "физика") == ["s-4", "s-3", "mended"]
    assert await waiting(database, "алгебра") == ["other", "s-4", "s-3", "s-2", "mended"]
    assert await waiting(database, "химия") == []


async def sweep(database: WatchedDatabase, before: datetime) -> None:
    for old in retention.done_submissions(before):
        found = await database.read(lambda tx, old=old: old.find(tx, 100))  # type: ignore[misc]
        await database.write(lambda tx, old=old, found=found: old.drop(tx, found))  # type: ignore[misc]


async def test_what_was_done_long_ago_goes_and_what_is_not_or_is_in_doubt_stays(
    database: WatchedDatabase,
) -> None:
    month = timedelta(days=30)
    done = [a_row(name, done_at=NOON) for name in ("old", "doubted")]
    await put(database, *done, a_row("new", done_at=at(9)), a_row("waiting"))
    await database.write(lambda tx: submissions.begin(tx, "doubted"))
    await sweep(database, NOON)
    assert await scalar(database, "SELECT count(*) FROM submissions") == 4
    await sweep(database, NOON + timedelta(seconds=1))
    left = await rows(database, "SELECT id FROM submissions ORDER BY id")
    assert left == [("doubted",), ("new",), ("waiting",)]
    kept = await rows(database, "SELECT DISTINCT submission_id FROM submission_programmes ORDER BY 1")
    assert kept == left
    await sweep(database, NOON + month)
    assert await known(database, "old") is None
