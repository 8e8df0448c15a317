"""The database file: what is refused at opening, and what an outage looks like from above."""

import asyncio
import fcntl
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

import storage.sqlite
from storage.database import Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.sqlite import SqliteDatabase, path_of
from tests.services.engine.regions import start
from tests.storage.files import WatchedDatabase, copy_of, new_file, opened, rows, scalar

ROOT = Path(__file__).parents[2]
INSERT = "INSERT INTO people (user_id, name, seen_at) VALUES (:id, :name, 'now')"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[WatchedDatabase]:
    """A file: what is shown here is SQLite's own."""
    async with opened(path) as found:
        yield found


def keep(tx: Transaction, number: int, name: str = "Ann") -> None:
    tx.execute(text(INSERT), {"id": number, "name": name})


async def names(database: WatchedDatabase) -> list[int]:
    return [row[0] for row in await rows(database, "SELECT user_id FROM people ORDER BY user_id")]


def filled_to_the_brim(tx: Transaction) -> None:
    pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def relieved(tx: Transaction) -> None:
    tx.exec_driver_sql("PRAGMA max_page_count=1000000")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite+aiosqlite:///data/hub.db", "data/hub.db"),
        ("sqlite+aiosqlite:////var/lib/hub.db", "/var/lib/hub.db"),
    ],
)
def test_the_url_names_a_relative_or_an_absolute_file(url: str, path: str) -> None:
    assert path_of(url) == Path(path)


async def test_a_new_file_is_made_with_its_folder_and_all_tables(tmp_path: Path) -> None:
    async with opened(tmp_path / "new" / "folder" / "hub.db") as database:
        assert await scalar(database, "SELECT count(*) FROM jobs") == 0


async def test_writer_and_readers_work_on_a_log_that_is_synced_at_each_commit(
    database: WatchedDatabase,
) -> None:
    def pragmas(tx: Transaction) -> list[object]:
        return [
            tx.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "query_only")
        ]

    full = 2
    assert await database.write(pragmas) == ["wal", full, 1, 0]
    assert await database.read(pragmas) == ["wal", full, 1, 1]


async def test_a_file_that_cannot_keep_a_log_is_refused(tmp_path: Path) -> None:
    path = new_file(tmp_path)
    with sqlite3.connect(path) as beside:  # a rollback journal in use cannot be changed to a log
        beside.execute("PRAGMA journal_mode=DELETE")
        beside.execute("BEGIN EXCLUSIVE")
        beside.execute("CREATE TABLE held (id)")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(storage.sqlite, "BUSY_TIMEOUT", 0.05)
            with pytest.raises(DatabaseRefused, match="database is locked"):
                await SqliteDatabase(path).open()
        beside.rollback()
    beside.close()


async def test_a_second_opener_is_refused_in_one_clear_line(database: WatchedDatabase, path: Path) -> None:
    with pytest.raises(DatabaseRefused) as refusal:
        await SqliteDatabase(path).open()
    assert str(refusal.value) == f"another Switchboard already runs on {path}; stop it first"
    await database.write(lambda tx: keep(tx, 1))


async def test_another_process_is_refused_too_and_let_in_once_the_first_has_closed(path: Path) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from storage.sqlite import SqliteDatabase\n"
        "from storage.errors import DatabaseRefused\n"
        "try: asyncio.run(SqliteDatabase(Path(sys.argv[1])).open())\n"
        "except DatabaseRefused as error: sys.exit(str(error))"
    )

    def second() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, str(path)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    async with opened(path):
        refused = await asyncio.to_thread(second)
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"another Switchboard already runs on {path}; stop it first"
    assert (await asyncio.to_thread(second)).returncode == 0


async def test_a_lock_file_left_by_a_dead_process_holds_up_nobody(path: Path) -> None:
    path.with_name("hub.db.lock").write_text("")
    async with opened(path) as database:
        assert await scalar(database, "SELECT 1") == 1


async def test_the_lock_is_held_from_opening_to_closing(path: Path) -> None:
    def lock() -> None:
        with path.with_name("hub.db.lock").open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    async with opened(path):
        with pytest.raises(BlockingIOError):
            lock()
    lock()


async def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Ann, " * 1000)
    with pytest.raises(DatabaseRefused) as refusal:
        await SqliteDatabase(path).open()
    assert str(refusal.value) == f"cannot open the database {path}: file is not a database"


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseRefused, match="cannot open the database"):
        await SqliteDatabase(tmp_path / "file" / "hub.db").open()


async def test_a_reader_cannot_write(database: WatchedDatabase) -> None:
    with pytest.raises(StorageUnavailable, match="readonly"):
        await database.read(lambda tx: keep(tx, 1))
    assert await names(database) == []


async def test_what_was_written_is_there_after_a_crash(database: WatchedDatabase, path: Path) -> None:
    await database.write(lambda tx: keep(tx, 1))
    async with opened(copy_of(path, "after.db")) as found:
        assert await names(found) == [1]


async def test_a_full_disk_is_an_outage_and_never_a_false_yes(database: WatchedDatabase, path: Path) -> None:
    await database.write(filled_to_the_brim)
    said_yes: list[int] = []

    async def fill(number: int) -> None:
        await database.write(lambda tx: keep(tx, number, "A" * 2000))
        said_yes.append(number)

    outcomes = await asyncio.gather(*(fill(number) for number in range(20)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert refused
    assert {type(outcome) for outcome in refused} == {StorageUnavailable}
    assert "full" in str(refused[0])
    assert await names(database) == sorted(said_yes)
    async with opened(copy_of(path, "after.db")) as found:
        assert await names(found) == sorted(said_yes)


async def test_after_the_disk_has_room_again_everything_works_and_nothing_is_lost(
    database: WatchedDatabase,
) -> None:
    await database.write(lambda tx: keep(tx, 1))
    await database.write(filled_to_the_brim)
    with pytest.raises(StorageUnavailable):
        await database.write(lambda tx: keep(tx, 2, "A" * 100_000))
    await database.write(relieved)
    await database.write(lambda tx: keep(tx, 3, "A" * 100_000))
    assert await names(database) == [1, 3]


async def test_another_tool_that_holds_the_file_too_long_is_an_outage_that_ends_with_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.sqlite, "BUSY_TIMEOUT", 0.05)
    async with opened(path) as database:
        await database.write(lambda tx: keep(tx, 1))
        tool = sqlite3.connect(path, isolation_level=None)
        tool.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            await database.write(lambda tx: keep(tx, 2))
        assert await names(database) == [1]  # readers do not mind
        tool.execute("ROLLBACK")
        tool.close()
        await database.write(lambda tx: keep(tx, 3))
        assert await names(database) == [1, 3]


async def test_another_tool_that_holds_the_file_briefly_is_waited_for(
    database: WatchedDatabase, path: Path
) -> None:
    tool = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    tool.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, lambda: tool.execute("ROLLBACK"))
    release.start()
    await database.write(lambda tx: keep(tx, 1))
    await asyncio.to_thread(release.join)
    tool.close()
    assert await names(database) == [1]


async def test_a_database_that_became_read_only_is_an_outage(database: WatchedDatabase) -> None:
    await database.write(lambda tx: tx.exec_driver_sql("PRAGMA query_only=ON"))
    with pytest.raises(StorageUnavailable, match="readonly"):
        await database.write(lambda tx: keep(tx, 1))
    assert await names(database) == []


async def test_a_place_that_takes_no_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(DatabaseRefused, match="cannot open the database"):
        await SqliteDatabase(tmp_path / "taken" / "hub.db").open()


async def test_closing_finishes_what_was_handed_in(path: Path) -> None:
    database = SqliteDatabase(path)
    await database.open()
    writes = [start(database.write(partial(keep, number=n))) for n in range(50)]
    await asyncio.sleep(0)  # all are handed in, none is awaited yet
    await database.close()
    await asyncio.gather(*writes)
    async with opened(path) as again:
        assert await names(again) == list(range(50))


async def test_a_closed_database_is_an_outage_and_not_a_silence(path: Path) -> None:
    database = SqliteDatabase(path)
    await database.open()
    await database.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.write(lambda tx: keep(tx, 1))


async def test_what_is_handed_in_while_it_closes_is_refused_and_never_left_waiting(path: Path) -> None:
    database = SqliteDatabase(path)
    await database.open()
    begun, may_end = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        begun.set()
        may_end.wait(10)

    async with asyncio.TaskGroup() as group:
        first = group.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, 10)
        closing = group.create_task(database.close())
        await asyncio.to_thread(lambda: None)  # the close has reached its thread
        await asyncio.sleep(0.05)
        late = group.create_task(asyncio.wait_for(_outcome(database), 5))
        await asyncio.sleep(0)
        may_end.set()
    assert first.done()
    assert closing.done()
    assert isinstance(late.result(), StorageUnavailable)


async def _outcome(database: SqliteDatabase) -> Exception | None:
    try:
        await database.write(lambda tx: keep(tx, 1))
    except StorageUnavailable as error:
        return error
    return None


async def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with opened(tmp_path / "hub.db"):
        for name in ("hub.db", "hub.db-wal"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0
