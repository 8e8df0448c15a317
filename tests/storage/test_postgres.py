"""PostgreSQL's own: poolers, lost connections, races, hints and the leader's lock."""

import asyncio
import signal
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest
from sqlalchemy import text

from storage import jobs
from storage.database import Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.postgres import dsn_of
from storage.postgres_presence import PRESENCE
from tests.pgbouncer import pgbouncer, pooler
from tests.postgres import PostgresServer, new_database, postgres, server
from tests.storage.files import WatchedDatabase, opened, rows, scalar
from tests.storage.rows import LEASE, NOON, new_job

INSERT = text("INSERT INTO people (user_id, name, seen_at) VALUES (:id, 'x', now())")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[WatchedDatabase]:
    """PostgreSQL alone."""
    async with opened(postgres_url) as found:
        yield found


@pytest.fixture
async def pooler_port(postgres_server: PostgresServer) -> AsyncIterator[int]:
    program = pgbouncer()
    if program is None:
        pytest.skip("no pgbouncer: install Debian's package")
    with pooler(postgres_server, program) as port:
        yield port


def keep(tx: Transaction, number: int) -> None:
    tx.execute(INSERT, {"id": number})


async def people(database: WatchedDatabase) -> list[int]:
    return [row[0] for row in await rows(database, "SELECT user_id FROM people ORDER BY user_id")]


# --- opening


async def test_two_that_open_an_empty_database_at_once_migrate_it_once(
    postgres_server: PostgresServer,
) -> None:
    async with new_database(postgres_server, template="template0") as url:
        databases = [postgres(url) for _ in range(4)]
        await asyncio.gather(*(each.open() for each in databases))
        assert [
            await each.read(lambda tx: tx.execute(text("SELECT count(*) FROM jobs")).scalar())
            for each in databases
        ] == [0] * 4
        await asyncio.gather(*(each.close() for each in databases))


async def test_a_tool_beside_the_hub_does_not_migrate(postgres_server: PostgresServer) -> None:
    async with new_database(postgres_server, template="template0") as url:
        with pytest.raises(DatabaseRefused, match="no tables yet: start the hub once"):
            await postgres(url, beside=True).open()


async def test_an_address_where_nobody_listens_is_one_clear_line() -> None:
    with pytest.raises(DatabaseRefused) as refusal:
        await postgres("postgresql+asyncpg://hub:secret@127.0.0.1:1/hub").open()
    assert "cannot open the database" in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_a_database_that_is_not_there_is_one_clear_line(postgres_server: PostgresServer) -> None:
    with pytest.raises(DatabaseRefused, match='database "nowhere" does not exist'):
        await postgres(postgres_server.url("nowhere")).open()


async def test_a_database_in_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    connection = await asyncpg.connect(dsn_of(postgres_server.url("postgres")))
    await connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    await connection.close()
    with pytest.raises(DatabaseRefused, match="UTF8"):
        await postgres(postgres_server.url("latin")).open()


# --- poolers


async def test_a_pooler_without_a_direct_address_is_refused(
    postgres_server: PostgresServer, postgres_url: str, pooler_port: int
) -> None:
    through = postgres_url.replace(str(postgres_server.port), str(pooler_port))
    with pytest.raises(DatabaseRefused, match="set DATABASE_DIRECT_URL"):
        await postgres(through).open()
    with pytest.raises(DatabaseRefused, match="DATABASE_DIRECT_URL leads to a connection pooler"):
        await postgres(through, direct_url=f"{through}?application_name=direct").open()


async def test_everything_works_through_a_transaction_pooler(
    postgres_server: PostgresServer, postgres_url: str, pooler_port: int
) -> None:
    through = postgres_url.replace(str(postgres_server.port), str(pooler_port))
    database = postgres(through, direct_url=postgres_url, pool_size=20)
    await database.open()
    assert database.facts.pooled
    # More at once than the pooler has servers: transactions of one connection land on different ones.
    accepted = await asyncio.gather(
        *(
            database.write_row(jobs.accept, new_job(f"key:{number}", dedup_id=str(number)))
            for number in range(50)
        )
    )
    assert all(new for _, new in accepted)
    await asyncio.gather(*(database.write(partial(keep, number=number)) for number in range(50)))
    found = await asyncio.gather(
        *(
            database.read(lambda tx: tx.execute(text("SELECT count(*) FROM people")).scalar())
            for _ in range(50)
        )
    )
    assert found == [50] * 50
    lock = database.leader_lock()
    assert await lock.acquire()
    await lock.confirm()
    await lock.release()
    await database.close()


async def test_postgresql_itself_is_not_taken_for_a_pooler(postgres_url: str) -> None:
    database = postgres(postgres_url)
    await database.open()
    assert not database.facts.pooled
    await database.close()


# --- lost connections


async def test_a_backend_terminated_in_mid_transaction_leaves_nothing_and_the_unit_runs_again(
    database: WatchedDatabase,
) -> None:
    runs = 0

    def unit(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        keep(tx, runs)
        if runs == 1:
            tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.write(unit)
    assert runs == 2
    assert await people(database) == [2]


async def test_a_connection_that_breaks_each_time_is_an_outage(database: WatchedDatabase) -> None:
    with pytest.raises(StorageUnavailable):
        await database.write(lambda tx: tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())")))
    assert await people(database) == []


async def test_after_a_restart_of_the_server_everything_is_there_and_works() -> None:
    with server(options=()) as own:  # a crash of it: what was committed has to be there
        async with new_database(own) as url, opened(url) as database:
            await asyncio.gather(*(database.write(partial(keep, number=number)) for number in range(8)))
            own.stop(signal.SIGQUIT)
            with pytest.raises(StorageUnavailable):
                await database.write(lambda tx: keep(tx, 100))
            with pytest.raises(StorageUnavailable):
                await database.read(lambda tx: tx.execute(text("SELECT 1")).scalar())
            own.start()
            await database.write(lambda tx: keep(tx, 101))
            assert await people(database) == [*range(8), 101]


async def test_a_statement_that_takes_too_long_is_an_outage_and_leaves_nothing(postgres_url: str) -> None:
    database = WatchedDatabase(postgres(postgres_url, query_timeout=0.2))
    await database.open()

    def unit(tx: Transaction) -> None:
        keep(tx, 1)
        tx.execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(StorageUnavailable, match=r"in time|transaction timeout"):
        await database.write(unit)
    assert await people(database) == []
    await database.close()


async def test_when_every_connection_is_in_use_others_are_told_so(postgres_url: str) -> None:
    database = WatchedDatabase(postgres(postgres_url, pool_size=2, query_timeout=0.5))
    await database.open()
    slow = [
        asyncio.ensure_future(database.write(lambda tx: tx.execute(text("SELECT pg_sleep(30)"))))
        for _ in range(2)
    ]
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable):
        await asyncio.gather(*(database.read(lambda tx: tx.execute(text("SELECT 1"))) for _ in range(4)))
    assert all(
        isinstance(each, StorageUnavailable) for each in await asyncio.gather(*slow, return_exceptions=True)
    )
    await database.close()


async def test_a_database_that_takes_no_writes_is_an_outage_that_ends(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    async with opened(postgres_url) as database:
        name = postgres_url.rsplit("/", 1)[1]

        async def set_read_only(value: str) -> None:
            connection = await asyncpg.connect(dsn_of(postgres_server.url("postgres")))
            await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            await connection.close()

        await set_read_only("on")
        with pytest.raises(StorageUnavailable, match="read-only"):
            await database.write_row(jobs.accept, new_job(dedup_id="1"))
        await set_read_only("off")
        assert (await database.write_row(jobs.accept, new_job(dedup_id="1")))[1]


# --- races


async def test_of_many_processes_that_claim_at_once_each_job_goes_to_one(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        for number in range(60):
            await database.write_row(jobs.accept, new_job(f"key:{number % 20}", payload=str(number)))

        async def claim_all(owner: str) -> list[int]:
            taken: list[int] = []
            for _ in range(10):
                claimed = await database.write(
                    lambda tx: jobs.claim(
                        tx, "telegram", owner=owner, now=NOON, lease_until=NOON + LEASE, most=5
                    )
                )
                taken += [job.id for job in claimed]
            return taken

        taken = await asyncio.gather(*(claim_all(f"p{number}.1") for number in range(8)))
        claimed = [number for of_one in taken for number in of_one]
        assert len(claimed) == len(set(claimed)) == 20  # one of each key, the others wait for it
        keys = await rows(database, "SELECT key FROM jobs WHERE state = 'claimed'")
        assert len(set(keys)) == 20


async def test_units_that_deadlock_both_end_well(database: WatchedDatabase) -> None:
    await database.write(partial(keep, number=1))
    await database.write(partial(keep, number=2))

    def unit(order: tuple[int, int], tx: Transaction) -> None:
        for number in order:
            tx.execute(text("UPDATE people SET name = name || 'y' WHERE user_id = :id"), {"id": number})
            tx.execute(text("SELECT pg_sleep(0.1)"))

    await asyncio.gather(
        database.write(lambda tx: unit((1, 2), tx)), database.write(lambda tx: unit((2, 1), tx))
    )
    assert await rows(database, "SELECT name FROM people") == [("xyy",), ("xyy",)]


async def test_the_same_ids_from_two_processes_in_opposite_order_are_stored_once(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as other:
        numbers = range(100)
        answers = await asyncio.gather(
            *(one.write_row(jobs.accept, new_job(dedup_id=str(number))) for number in numbers),
            *(other.write_row(jobs.accept, new_job(dedup_id=str(number))) for number in reversed(numbers)),
        )
        assert sum(new for _, new in answers) == 100
        assert await scalar(one, "SELECT count(*) FROM jobs") == 100
        by_one = [number for number, _ in answers[:100]]
        assert by_one == [number for number, _ in reversed(answers[100:])]


# --- hints


async def test_new_jobs_messages_and_invalidations_are_hinted_to_other_processes(postgres_url: str) -> None:
    async with opened(postgres_url) as database, opened(postgres_url) as other:
        heard: asyncio.Queue[str] = asyncio.Queue()
        listening = asyncio.ensure_future(other.follow_hints(heard.put_nowait))
        while not await scalar(database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"):
            await asyncio.sleep(0.01)
        await database.write_row(jobs.accept, new_job(topic="telegram"))
        assert await heard.get() == "jobs.telegram"
        await database.write(
            lambda tx: tx.execute(text("INSERT INTO invalidations (region, at) VALUES ('stickerset', now())"))
        )
        assert await heard.get() == "invalidations"
        listening.cancel()


async def test_a_listener_that_is_cut_off_says_so(database: WatchedDatabase) -> None:
    listening = asyncio.ensure_future(database.follow_hints(print))
    gone = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    while not await scalar(database, gone):
        await asyncio.sleep(0.01)
    with pytest.raises(StorageUnavailable):
        await listening


# --- the leader's lock


async def test_one_of_two_gets_the_lock_and_the_other_after_it(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        first, second = database.leader_lock(), database.leader_lock()
        assert await first.acquire()
        assert await first.acquire()
        assert not await second.acquire()
        await first.confirm()
        with pytest.raises(StorageUnavailable):
            await second.confirm()
        await first.release()
        while not await second.acquire():
            await asyncio.sleep(0.01)
        await second.release()


async def test_a_leader_whose_session_is_cut_learns_it_and_the_lock_is_free(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        first, second = database.leader_lock(), database.leader_lock()
        assert await first.acquire()
        await scalar(
            database,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted",
        )
        while not await second.acquire():
            await asyncio.sleep(0.01)
        with pytest.raises(StorageUnavailable):
            await first.confirm()
        await second.release()


async def test_a_leader_that_hangs_is_cut_off_by_the_server(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        first, second = database.leader_lock(silence=0.2), database.leader_lock()
        assert await first.acquire()
        while not await second.acquire():  # the first one says nothing meanwhile
            await asyncio.sleep(0.05)
        with pytest.raises(StorageUnavailable):
            await first.confirm()
        await second.release()


# --- addresses


async def test_a_direct_address_of_another_database_is_refused(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    async with new_database(postgres_server) as other:
        with pytest.raises(DatabaseRefused, match="another database"):
            await postgres(postgres_url, direct_url=other).open()


async def test_words_for_poolers_and_other_drivers_in_an_address_do_no_harm(postgres_url: str) -> None:
    words = "?ssl=disable&prepared_statement_cache_size=0&pgbouncer=true"
    database = postgres(postgres_url + words)
    await database.open()
    await database.close()
    assert dsn_of("postgresql+asyncpg://u:p%40w@h/db?ssl=require&pgbouncer=true") == (
        "postgresql://u:p%40w@h/db?sslmode=require"
    )


# --- a restore wants the database for itself


async def test_nobody_opens_a_database_that_is_being_restored(postgres_url: str) -> None:
    restoring = await asyncpg.connect(dsn_of(postgres_url))
    assert await restoring.fetchval("SELECT pg_try_advisory_lock($1, $2)", *PRESENCE)
    with pytest.raises(DatabaseRefused, match="a restore is under way"):
        await postgres(postgres_url).open()
    await restoring.close()
    async with opened(postgres_url):
        pass


async def test_whoever_has_opened_a_database_keeps_a_restore_away(postgres_url: str) -> None:
    restoring = await asyncpg.connect(dsn_of(postgres_url))
    async with opened(postgres_url):
        assert not await restoring.fetchval("SELECT pg_try_advisory_lock($1, $2)", *PRESENCE)
    while not await restoring.fetchval("SELECT pg_try_advisory_lock($1, $2)", *PRESENCE):
        await asyncio.sleep(0.01)
    await restoring.close()
