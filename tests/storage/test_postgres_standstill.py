"""A process that stands still in the middle of a transaction must not hold up the others."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncTransaction

from storage import jobs
from storage.database import Transaction
from storage.errors import StorageUnavailable
from storage.postgres import dsn_of
from tests.storage.files import WatchedDatabase, opened, scalar
from tests.storage.rows import LEASE, NOON, new_job

SHOW = "SHOW transaction_timeout"
TOUCH = text("UPDATE jobs SET reason = 'touched'")


@pytest.fixture
async def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WatchedDatabase]:
    monkeypatch.setattr("storage.postgres.STANDSTILL", 0.1)
    async with opened(postgres_url) as found:
        yield found


class Standing:
    """A unit that stands still, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, tx: Transaction) -> None:
        tx.execute(TOUCH)
        if self.left:
            self.left -= 1
            time.sleep(0.5)  # the whole process, as after SIGSTOP
        tx.execute(TOUCH)


async def test_a_unit_that_stood_still_runs_again_from_its_beginning(database: WatchedDatabase) -> None:
    await database.write_row(jobs.accept, new_job())
    await database.write(Standing(times=1))
    assert await scalar(database, "SELECT reason FROM jobs") == "touched"


class StandingAtTheEnd:
    """A unit that stands still once, when only its commit is left to do."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, tx: Transaction) -> None:
        self.runs += 1
        tx.execute(TOUCH)
        if self.runs == 1:
            time.sleep(0.5)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 10])
async def test_a_unit_that_stood_still_before_its_commit_runs_again(
    database: WatchedDatabase, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By so many turns of the loop the driver has read nothing, the last word, or the session's end."""
    commit = AsyncTransaction.commit

    async def later(self: AsyncTransaction) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await commit(self)

    monkeypatch.setattr(AsyncTransaction, "commit", later)
    await database.write_row(jobs.accept, new_job())
    unit = StandingAtTheEnd()
    await database.write(unit)
    assert unit.runs == 2
    assert await scalar(database, "SELECT reason FROM jobs") == "touched"


async def test_a_unit_that_always_stands_still_is_an_outage_and_leaves_nothing(
    database: WatchedDatabase,
) -> None:
    await database.write_row(jobs.accept, new_job())
    with pytest.raises(StorageUnavailable):
        await database.write(Standing(times=3))
    assert await scalar(database, "SELECT reason FROM jobs") is None


async def test_a_lapsed_claim_that_is_being_written_holds_up_no_other(
    database: WatchedDatabase, postgres_url: str
) -> None:
    for key in ("chat:1", "chat:2", "chat:3"):
        await database.write_row(jobs.accept, new_job(key))
    until, later = NOON + LEASE, NOON + LEASE + timedelta(seconds=1)
    await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=NOON, lease_until=until, most=3)
    )
    zombie = await asyncpg.connect(dsn_of(postgres_url))
    await zombie.execute("BEGIN; UPDATE jobs SET reason = 'nearly done' WHERE key = 'chat:2'")
    assert await database.write(lambda tx: jobs.free_lapsed(tx, now=later)) == (2, 0)
    await zombie.close()
    assert await database.write(lambda tx: jobs.free_lapsed(tx, now=later)) == (1, 0)


async def test_a_process_that_stands_still_within_a_statement_loses_its_locks(
    database: WatchedDatabase, postgres_url: str
) -> None:
    await database.write_row(jobs.accept, new_job())
    until, later = NOON + LEASE, NOON + LEASE + timedelta(seconds=1)
    await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=NOON, lease_until=until, most=1)
    )
    assert await database.read(lambda tx: tx.exec_driver_sql(SHOW).scalar_one()) == "5s"
    zombie = await asyncpg.connect(dsn_of(postgres_url), server_settings={"transaction_timeout": "300"})
    await zombie.execute("BEGIN; UPDATE jobs SET reason = 'nearly done'")
    await zombie.prepare("SELECT 1")  # and then nothing more
    while await database.write(lambda tx: jobs.free_lapsed(tx, now=later)) == (0, 0):
        await asyncio.sleep(0.01)
    assert await scalar(database, "SELECT state FROM jobs") == "waiting"
    zombie.terminate()


async def test_a_session_that_was_told_to_read_only_is_not_asked_again(
    database: WatchedDatabase, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    other = await asyncpg.connect(dsn_of(postgres_url))
    await other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(StorageUnavailable, match="read-only"):
        await database.write_row(jobs.accept, new_job())
    await other.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await other.close()
    assert await database.write_row(jobs.accept, new_job())
