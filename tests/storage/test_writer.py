"""The one writer: each unit all or nothing, neighbours unharmed, few commits for all who wait."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from storage import jobs
from storage.database import Transaction
from storage.errors import StorageUnavailable
from storage.writer import GROUP, LATELY, UNITS, UNITS_BESIDE_ROWS
from tests.services.engine.regions import start
from tests.storage.files import WatchedDatabase, opened, rows, scalar
from tests.storage.rows import new_job


class Oops(Exception):
    pass


@pytest.fixture
async def database(path: Path) -> AsyncIterator[WatchedDatabase]:
    """A file: what is shown here is SQLite's own."""
    async with opened(path) as found:
        yield found


def keep(tx: Transaction, number: int) -> int:
    tx.execute(text("INSERT INTO people (user_id, name, seen_at) VALUES (:id, 'Ann', 'now')"), {"id": number})
    return number


def keep_each(tx: Transaction, numbers: Sequence[int]) -> list[int]:
    for number in numbers:
        if number < 0:
            raise Oops(number)
    return [keep(tx, number) for number in numbers]


def fail_after_writing(tx: Transaction) -> None:
    keep(tx, 1000)
    raise Oops


async def kept(database: WatchedDatabase) -> list[int]:
    return [row[0] for row in await rows(database, "SELECT user_id FROM people ORDER BY user_id")]


class Held:
    """Keeps the writer busy, so that everything handed in meanwhile forms one group."""

    def __init__(self, database: WatchedDatabase) -> None:
        self._database = database
        self._begun, self._over = threading.Event(), threading.Event()

    async def __aenter__(self) -> None:
        def hold(tx: Transaction) -> None:
            self._begun.set()
            self._over.wait(10)

        self._task = start(self._database.write(hold))
        await asyncio.to_thread(self._begun.wait, 10)

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await self._task


async def in_one_group(database: WatchedDatabase, *calls: object) -> list[object]:
    async with Held(database):
        together = asyncio.gather(*calls, return_exceptions=True)  # type: ignore[call-overload]
        await asyncio.sleep(0)
    outcomes: list[object] = await together
    return outcomes


async def test_a_unit_gives_back_what_it_returned(database: WatchedDatabase) -> None:
    assert await database.write(lambda tx: keep(tx, 7)) == 7


async def test_a_unit_that_raises_leaves_no_trace_and_its_error_comes_back(database: WatchedDatabase) -> None:
    with pytest.raises(Oops):
        await database.write(fail_after_writing)
    assert await kept(database) == []


async def test_a_failing_unit_leaves_its_neighbours_in_the_same_commit(database: WatchedDatabase) -> None:
    outcomes = await in_one_group(
        database,
        database.write(lambda tx: keep(tx, 1)),
        database.write(fail_after_writing),
        database.write(lambda tx: keep(tx, 2)),
    )
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], Oops)
    assert outcomes[2] == 2
    assert await kept(database) == [1, 2]


async def test_a_bad_row_of_a_batch_leaves_its_neighbours(database: WatchedDatabase) -> None:
    outcomes = await in_one_group(database, *(database.write_row(keep_each, n) for n in (1, -2, 3, 4)))
    assert [outcomes[0], *outcomes[2:]] == [1, 3, 4]
    assert isinstance(outcomes[1], Oops)
    assert await kept(database) == [1, 3, 4]


async def test_a_row_that_breaks_a_rule_of_the_tables_leaves_its_neighbours_too(
    database: WatchedDatabase,
) -> None:
    outcomes = await in_one_group(database, *(database.write_row(keep_each, n) for n in (1, 2, 1, 3)))
    assert [outcomes[0], outcomes[1], outcomes[3]] == [1, 2, 3]
    assert isinstance(outcomes[2], IntegrityError)
    assert await kept(database) == [1, 2, 3]


async def test_rows_that_wait_together_are_one_call_and_get_their_own_answers(
    database: WatchedDatabase,
) -> None:
    seen: list[list[int]] = []

    def note(tx: Transaction, numbers: Sequence[int]) -> list[int]:
        seen.append(list(numbers))
        return [number * 10 for number in numbers]

    assert await in_one_group(database, *(database.write_row(note, n) for n in range(5))) == [
        0,
        10,
        20,
        30,
        40,
    ]
    assert seen == [[0, 1, 2, 3, 4]]


async def test_units_run_in_the_order_in_which_they_were_handed_in(database: WatchedDatabase) -> None:
    order: list[int] = []

    def note(tx: Transaction, number: int) -> None:
        order.append(number)

    await in_one_group(database, *(database.write(partial(note, number=n)) for n in range(30)))
    assert order == list(range(30))


async def test_a_unit_sees_what_the_unit_before_it_in_the_group_wrote(database: WatchedDatabase) -> None:
    def count(tx: Transaction) -> int:
        return int(tx.execute(text("SELECT count(*) FROM people")).scalar_one())

    outcomes = await in_one_group(database, database.write(lambda tx: keep(tx, 1)), database.write(count))
    assert outcomes == [1, 1]


async def test_two_hundred_accepts_at_once_share_few_commits(path: Path) -> None:
    commits = 0

    def count(_: Connection) -> None:
        nonlocal commits
        commits += 1

    event.listen(Engine, "commit", count)
    try:
        async with opened(path) as database:
            commits = 0
            accepted = [database.write_row(jobs.accept, new_job(f"chat:{n}")) for n in range(200)]
            answers = await asyncio.gather(*accepted)
            assert 0 < commits <= 20
    finally:
        event.remove(Engine, "commit", count)
    assert len({job_id for job_id, new in answers if new}) == 200


class Commits:
    """What was in each commit of the writer, by the names that the units note."""

    def __init__(self) -> None:
        self.done: list[list[object]] = []
        self._now: list[object] = []

    def unit(self, name: object) -> Callable[[Transaction], None]:
        return lambda tx: self._now.append(name)

    def rows(self, tx: Transaction, names: Sequence[object]) -> list[None]:
        self._now.extend(names)
        return [None for _ in names]

    def __enter__(self) -> "Commits":
        event.listen(Engine, "commit", self._committed)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "commit", self._committed)

    def _committed(self, _: Connection) -> None:
        if self._now:  # not those of a test's own connections
            self.done.append(list(self._now))
            self._now.clear()


async def test_rows_have_commits_of_their_own_and_few_units_are_between_them(
    database: WatchedDatabase,
) -> None:
    with Commits() as commits:
        async with Held(database):
            calls = [database.write(commits.unit(n)) for n in range(3 * UNITS)]
            calls += [database.write_row(commits.rows, "row") for _ in range(2 * GROUP)]
            waiting = asyncio.gather(*calls)
            await asyncio.sleep(0)
        await waiting
    found = list(range(3 * UNITS))
    few = [found[start : start + UNITS_BESIDE_ROWS] for start in range(0, len(found), UNITS_BESIDE_ROWS)]
    rows = ["row"] * GROUP
    assert commits.done == [rows, few[0], rows, few[1], *few[2:]]


async def test_where_no_row_comes_many_units_share_a_commit(database: WatchedDatabase) -> None:
    with Commits() as commits:
        async with Held(database):
            waiting = asyncio.gather(*(database.write(commits.unit(n)) for n in range(2 * UNITS)))
            await asyncio.sleep(0)
        await waiting
    assert [len(commit) for commit in commits.done] == [UNITS, UNITS]


async def test_a_row_of_long_ago_makes_no_commit_smaller(database: WatchedDatabase) -> None:
    with Commits() as commits:
        await database.write_row(commits.rows, "row")
        for number in range(LATELY):
            await database.write(commits.unit(number))
        commits.done.clear()
        async with Held(database):
            waiting = asyncio.gather(*(database.write(commits.unit(n)) for n in range(UNITS)))
            await asyncio.sleep(0)
        await waiting
    assert [len(commit) for commit in commits.done] == [UNITS]


async def test_nobody_hears_of_success_before_the_commit(path: Path) -> None:
    committed = threading.Event()
    async with opened(path) as database:
        may_commit = threading.Event()

        def wait(_: Connection) -> None:
            may_commit.wait(10)
            committed.set()

        event.listen(Engine, "commit", wait)
        try:
            writing = start(database.write(lambda tx: keep(tx, 1)))
            await asyncio.sleep(0.05)
            assert not writing.done()
            may_commit.set()
            await writing
            assert committed.is_set()
        finally:
            may_commit.set()
            event.remove(Engine, "commit", wait)


def break_the_commit(tx: Transaction) -> None:
    """A promise that SQLite checks only at the end, and that does not hold then."""
    tx.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    tx.exec_driver_sql(
        "INSERT INTO proposals (token, kind, key, details, state, chat_id, shown_row, created_at, expires_at)"
        " VALUES ('t', 'k', 'k', '{}', 'open', 1, 404, 'now', 'then')"
    )


async def test_a_commit_that_fails_is_an_outage_for_everybody_in_it(database: WatchedDatabase) -> None:
    outcomes = await in_one_group(
        database,
        *(database.write(partial(keep, number=n)) for n in (5, 6)),
        database.write(break_the_commit),
    )
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    assert await kept(database) == []


async def test_after_a_commit_that_failed_the_next_one_works(database: WatchedDatabase) -> None:
    with pytest.raises(StorageUnavailable, match="FOREIGN KEY"):
        await database.write(break_the_commit)
    await database.write(lambda tx: keep(tx, 9))
    assert await kept(database) == [9]


async def test_a_caller_that_gave_up_before_its_turn_writes_nothing_and_holds_up_nobody(
    database: WatchedDatabase,
) -> None:
    async with Held(database):
        given_up = start(database.write(lambda tx: keep(tx, 1)))
        other = start(database.write(lambda tx: keep(tx, 2)))
        await asyncio.sleep(0)
        given_up.cancel()
    assert await other == 2
    assert await kept(database) == [2]


async def test_a_mistake_in_a_statement_is_an_error_and_not_an_outage(database: WatchedDatabase) -> None:
    """An outage is waited out; a job whose statement can never run would wait for ever."""
    with pytest.raises(Exception, match="no such table: nowhere") as caught:
        await database.write(lambda tx: tx.exec_driver_sql("SELECT * FROM nowhere"))
    assert not isinstance(caught.value, StorageUnavailable)
    with pytest.raises(Exception, match="no such table: nowhere") as caught:
        await scalar(database, "SELECT * FROM nowhere")
    assert not isinstance(caught.value, StorageUnavailable)


async def test_a_number_too_large_for_the_database_is_an_error_of_that_unit_alone(
    database: WatchedDatabase,
) -> None:
    outcomes = await in_one_group(
        database, database.write(lambda tx: keep(tx, 2**70)), database.write(lambda tx: keep(tx, 1))
    )
    assert isinstance(outcomes[0], OverflowError)
    assert outcomes[1] == 1
