"""Restoring: all that was accepted is there, nothing of it runs by itself, what was there before is kept."""

import fcntl
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

from storage import archive, jobs, messages, restoring, sqlite_copy
from storage.archive import BackupError, Manifest
from storage.errors import DatabaseRefused
from storage.restoring import Settled, Terms
from storage.schema import HEAD, REVISIONS
from storage.steps import Steps
from tests.postgres import PostgresServer, new_database, postgres
from tests.storage.backups import LATER, accept, backup_of, fill, programs, restored_to, target_at
from tests.storage.files import Home, WatchedDatabase, copy_of, new_file, opened, rows, scalar
from tests.storage.rows import LEASE, NOON, at, new_message

__all__ = ["programs"]

REASON = "restored from the backup of 2026-01-15 12:00:00 UTC: may have been"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup is."""
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "hub.backup"


@pytest.fixture
async def place(home: Home, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    """An empty place of the same kind of database."""
    if isinstance(home, Path):
        yield tmp_path / "new" / "folder" / "hub.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        async with new_database(server, template="template0") as url:
            yield url


async def states(database: WatchedDatabase, table: str) -> list[tuple[object, ...]]:
    return await rows(database, f"SELECT state, reason FROM {table} ORDER BY id")


async def test_all_that_was_accepted_is_there_in_an_empty_place(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await accept(database, "second")
    await backup_of(home, file)

    await restored_to(place, file)

    async with opened(place) as found:
        assert await rows(found, "SELECT dedup_id FROM jobs ORDER BY id") == [("first",), ("second",)]
        assert await rows(found, "SELECT name FROM sticker_sets") == [("Cats_by_bot",)]
        assert await scalar(found, "SELECT version_num FROM alembic_version") == HEAD


async def test_what_waits_in_the_copy_does_not_run_by_itself(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await accept(database, "claimed")
    await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=NOON, lease_until=NOON + LEASE, most=1)
    )
    await backup_of(home, file)

    done = await restored_to(place, file)

    assert done.settled == Settled(jobs=2, messages=1)
    async with opened(place) as found:
        assert await states(found, "jobs") == [("dead", f"{REASON} done since")] * 2
        assert await states(found, "messages") == [("dropped", f"{REASON} sent since")]
        assert await rows(found, "SELECT owner, lease_until FROM jobs") == [(None, None)] * 2
        later = at(1e6)
        claimed = await found.write(
            lambda tx: jobs.claim(tx, "telegram", owner="p.2", now=later, lease_until=later, most=9)
        )
        assert claimed == []


async def test_finished_work_is_left_as_it_is(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    (job,) = await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=NOON, lease_until=NOON + LEASE, most=1)
    )
    await database.write(lambda tx: jobs.finish(tx, job, at=NOON, result={"ok": 1}))
    await database.write(lambda tx: messages.end(tx, 1, "sent", at=NOON, sent_id=5))
    await backup_of(home, file)

    done = await restored_to(place, file)

    assert done.settled == Settled(0, 0)
    async with opened(place) as found:
        assert await states(found, "jobs") == [("done", None)]
        assert await states(found, "messages") == [("sent", None)]


async def test_with_resume_what_waits_goes_on_and_nobody_owns_it(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await database.write(
        lambda tx: jobs.claim(tx, "telegram", owner="p.1", now=NOON, lease_until=NOON + LEASE, most=1)
    )
    await backup_of(home, file)

    done = await restored_to(place, file, resume=True)

    assert done.settled == Settled(jobs=1, messages=1)
    async with opened(place) as found:
        assert await rows(found, "SELECT state, owner FROM jobs") == [("waiting", None)]
        assert await states(found, "messages") == [("waiting", None)]


async def test_the_journal_tells_of_it(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await backup_of(home, file)

    await restored_to(place, file)

    async with opened(place) as found:
        query = "SELECT actor, action, kind, key, CAST(after AS TEXT) FROM journal"
        ((*what, after),) = await rows(found, query)
    assert what == ["restore", "restored", "backup", "2026-01-15T12:00:00+00:00"]
    assert json.loads(after) == {"jobs": 1, "messages": 1, "resumed": False, "revoked": 0}


async def test_new_numbers_go_on_where_the_old_ones_ended(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await backup_of(home, file)
    await restored_to(place, file)

    async with opened(place) as found:
        assert await found.write(lambda tx: messages.put(tx, new_message())) == 2


async def test_what_was_there_is_kept_beside(
    database: WatchedDatabase, home: Home, file: Path, request: pytest.FixtureRequest
) -> None:
    await fill(database)
    await backup_of(home, file)
    await accept(database, "second")
    await database.close()

    done = await restored_to(home, file)

    async with opened(home) as found:
        assert await rows(found, "SELECT dedup_id FROM jobs") == [("first",)]
    assert done.aside
    if isinstance(home, Path):  # the file itself
        async with opened(done.aside) as former:
            assert len(await states(former, "jobs")) == 2
    else:  # a backup of it
        with archive.opened(done.aside, Steps()) as former_backup:
            assert former_backup.manifest.rows["jobs"] == 2


async def test_tables_without_rows_are_no_data(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await backup_of(home, file)
    async with opened(place):
        pass

    await restored_to(place, file)

    async with opened(place) as found:
        assert await rows(found, "SELECT dedup_id FROM jobs") == [("first",)]


@pytest.mark.parametrize("schema", [REVISIONS[0]])
async def test_an_older_backup_is_brought_up_to_date(
    place: Home, file: Path, schema: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old = await _old_database(place, tmp_path, schema, request)
    await backup_of(old, file)

    done = await restored_to(place, file)

    assert done.manifest.schema == schema
    async with opened(place) as found:
        assert await scalar(found, "SELECT version_num FROM alembic_version") == HEAD
        assert await scalar(found, "SELECT count(*) FROM keys") == 0  # a table of a later revision


async def _old_database(place: Home, folder: Path, revision: str, request: pytest.FixtureRequest) -> Home:
    if isinstance(place, str):
        # Made at the old revision where the target is: what is there is then replaced, and no harm done.
        target = target_at(place)
        await target._write(lambda tx: _upgrade(tx, revision))  # type: ignore[attr-defined]
        return place
    path = folder / "old.db"
    engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection, connection.begin():
        _upgrade(connection, revision)
    engine.dispose()
    return path


def _upgrade(connection: object, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(restoring.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _packed(file: Path, data: Path, **changed: object) -> None:
    """A backup with a right checksum whose manifest says something else."""
    manifest = Manifest(
        format=1, database="sqlite", schema=HEAD, version="1.2.3", created_at=NOON, rows={"jobs": 0}
    )
    with archive.workspace(file) as folder:
        shutil.copyfile(data, folder / "copy")
        changed_manifest = msgspec.structs.replace(manifest, **changed)
        archive.pack(folder, changed_manifest, folder / "copy", file, Steps())


async def test_a_backup_of_a_newer_switchboard_is_refused_in_one_line(tmp_path: Path, file: Path) -> None:
    _packed(file, new_file(tmp_path), schema="9999")
    with pytest.raises(BackupError) as refusal:
        await restored_to(tmp_path / "new.db", file)
    line = f"is from a newer Switchboard (schema 9999, this one knows up to {HEAD}); upgrade this one first"
    assert str(refusal.value) == f"{file} {line}"
    assert not (tmp_path / "new.db").exists()


async def test_a_backup_goes_back_into_its_own_kind_only(
    tmp_path: Path, file: Path, postgres_url: str
) -> None:
    await backup_of(new_file(tmp_path), file)
    with pytest.raises(BackupError, match="holds a SQLite database and DATABASE_URL names PostgreSQL"):
        await restored_to(postgres_url, file)


async def test_verify_counts_the_rows_and_finds_what_is_missing(tmp_path: Path, file: Path) -> None:
    _packed(file, new_file(tmp_path), rows={"jobs": 3})
    with pytest.raises(BackupError, match="jobs has 0 rows after loading, the backup speaks of 3"):
        await restored_to(tmp_path / "new.db", file)
    assert not (tmp_path / "new.db").exists()


async def test_without_verify_the_checksum_alone_decides(tmp_path: Path, file: Path) -> None:
    _packed(file, new_file(tmp_path), rows={"jobs": 3})
    await restored_to(tmp_path / "new.db", file, verify=False)


async def test_a_rehearsal_changes_nothing(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await fill(database)
    await backup_of(home, file)

    manifest = await restoring.rehearse(target_at(place), file, Terms(verify=True), Steps())

    assert manifest.rows["jobs"] == 1
    assert await target_at(place).obstacle() is None
    if isinstance(place, Path):
        assert not place.exists()
        assert not place.parent.exists()
    assert [each.name for each in file.parent.iterdir()] == ["hub.backup"]


async def test_a_rehearsal_finds_what_a_restore_would_find(tmp_path: Path, file: Path) -> None:
    _packed(file, new_file(tmp_path), rows={"jobs": 3})
    target = target_at(tmp_path / "new.db")
    with pytest.raises(BackupError, match="jobs has 0 rows"):
        await restoring.rehearse(target, file, Terms(verify=True), Steps())


# --- a running hub, a crash


async def test_nothing_is_restored_under_a_running_hub(
    database: WatchedDatabase, home: Home, file: Path
) -> None:
    await backup_of(home, file)
    lock = database.leader_lock()
    assert await lock.acquire()

    with pytest.raises(BackupError, match=r"a Switchboard runs on .*; stop it first"):
        await restored_to(home, file, force=True)
    assert "a Switchboard runs on" in str(await target_at(home).obstacle())

    await lock.release()


async def test_no_hub_can_start_while_a_file_is_restored(tmp_path: Path, file: Path) -> None:
    await backup_of(new_file(tmp_path), file)
    place = tmp_path / "new.db"
    refused: list[bool] = []

    def start(stage: str, _done: int, _total: int) -> None:
        if stage == "unpack":
            with place.with_name("new.db.lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    refused.append(True)

    await restoring.restore(target_at(place), file, Terms(), Steps(start), now=LATER)
    assert refused == [True]


async def test_the_log_of_a_killed_hub_goes_with_its_file(tmp_path: Path, file: Path) -> None:
    """What SQLite finds beside a file under its log's name it takes for that file's own."""
    await backup_of(new_file(tmp_path), file)
    async with opened(new_file(tmp_path, "live.db")) as database:
        await accept(database, "only in the log")
        dead = copy_of(tmp_path / "live.db", "dead.db")
    assert dead.with_name("dead.db-wal").stat().st_size

    done = await restored_to(dead, file, force=True)

    async with opened(dead) as found:
        assert await states(found, "jobs") == []
    assert done.aside
    async with opened(done.aside) as former:
        assert await rows(former, "SELECT dedup_id FROM jobs") == [("only in the log",)]


async def test_a_log_without_its_file_does_not_spoil_the_restored_one(tmp_path: Path, file: Path) -> None:
    await backup_of(new_file(tmp_path), file)
    async with opened(new_file(tmp_path, "live.db")) as database:
        await accept(database, "only in the log")
        dead = copy_of(tmp_path / "live.db", "dead.db")
    dead.unlink()

    await restored_to(dead, file)

    async with opened(dead) as found:
        assert await states(found, "jobs") == []


async def test_a_file_that_is_no_database_is_moved_aside_by_force_only(tmp_path: Path, file: Path) -> None:
    await backup_of(new_file(tmp_path), file)
    notes = tmp_path / "notes.txt"
    notes.write_text("not to be lost")

    with pytest.raises(BackupError, match=r"is no database of Switchboard; --force moves it aside"):
        await restored_to(notes, file)
    done = await restored_to(notes, file, force=True)

    assert done.aside
    assert done.aside.read_text() == "not to be lost"


async def test_a_restore_that_fails_while_loading_leaves_the_place_as_it_was(
    tmp_path: Path, file: Path
) -> None:
    place = new_file(tmp_path)
    _packed(file, place, rows={"jobs": 3})
    before = place.read_bytes()

    with pytest.raises(BackupError):
        await restored_to(place, file, force=True)

    assert place.read_bytes() == before
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".hub.db")]


def test_a_file_whose_log_is_not_written_back_takes_no_place(tmp_path: Path) -> None:
    """What was settled last would be missing in it, and the hub would do things twice."""
    made, place = new_file(tmp_path, "made.db"), new_file(tmp_path)
    (tmp_path / "made.db-wal").write_bytes(b"settled")
    before = place.read_bytes()

    with pytest.raises(BackupError, match="could not be written into it"):
        sqlite_copy.replace(place, made, now=LATER)

    assert place.read_bytes() == before


async def test_a_restore_cut_off_before_it_settled_lets_no_hub_start_and_may_be_repeated(
    postgres_url: str, postgres_server: PostgresServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is loaded shows work as waiting that was done long ago."""
    monkeypatch.setenv("PATH", str(postgres_server.bin), prepend=":")
    async with opened(postgres_url) as database:
        await fill(database)
    await backup_of(postgres_url, file)

    def end(stage: str, _done: int, _total: int) -> None:
        if stage == "settle":
            raise InterruptedError

    async with new_database(postgres_server, template="template0") as place:
        with pytest.raises(BackupError):
            await restoring.restore(target_at(place), file, Terms(), Steps(end), now=LATER)
        with pytest.raises(DatabaseRefused, match="already exists"):
            await postgres(place).open()

        await restored_to(place, file)

        async with opened(place) as found:
            assert [row[0] for row in await states(found, "jobs")] == ["dead"]
