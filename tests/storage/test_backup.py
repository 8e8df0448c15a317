"""Backups: whole, of one moment, and refused when anything about them changed."""

import asyncio
import random
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from storage import archive
from storage.archive import BackupError, Manifest
from storage.steps import Steps
from tests.postgres import PostgresServer
from tests.storage.backups import accept, backup_of, fill, programs, restored_to, source_at
from tests.storage.files import Home, WatchedDatabase, new_file, opened, scalar
from tests.storage.rows import NOON

__all__ = ["programs"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup goes: a folder with nothing else in it."""
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "hub.backup"


async def test_a_backup_says_what_is_in_it(database: WatchedDatabase, home: Home, file: Path) -> None:
    await fill(database)

    made = await backup_of(home, file)

    with archive.opened(file, Steps()) as found:
        assert found.manifest == made.manifest
    kind = "postgresql" if isinstance(home, str) else "sqlite"
    assert (made.manifest.database, made.manifest.version) == (kind, "1.2.3")
    assert made.manifest.schema == await scalar(database, "SELECT version_num FROM alembic_version")
    assert made.manifest.created_at == NOON
    assert made.manifest.rows["jobs"] == made.manifest.rows["sticker_sets"] == 1
    assert made.manifest.rows["people"] == 0


async def test_a_backup_is_one_file_that_only_its_owner_reads(
    database: WatchedDatabase, home: Home, file: Path
) -> None:
    made = await backup_of(home, file)

    assert [each.name for each in file.parent.iterdir()] == ["hub.backup"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.size == file.stat().st_size


async def test_any_zip_program_opens_it_and_its_last_line_is_the_checksum(
    database: WatchedDatabase, home: Home, file: Path
) -> None:
    await backup_of(home, file)

    with zipfile.ZipFile(file) as opened_by_another:
        assert opened_by_another.testzip() is None
        assert "manifest.json" in opened_by_another.namelist()
    assert file.read_bytes().splitlines()[-1].startswith(b"sha256:")


async def test_work_is_accepted_during_a_backup_and_all_from_before_it_is_inside(
    database: WatchedDatabase, home: Home, file: Path
) -> None:
    before = [f"before-{number}" for number in range(50)]
    for dedup_id in before:
        await accept(database, dedup_id)
    during: list[str] = []
    making = asyncio.create_task(backup_of(home, file))
    while not making.done():
        during.append(f"during-{len(during)}")
        await accept(database, during[-1])

    made = making.result()

    assert during
    assert await scalar(database, "SELECT count(*) FROM jobs") == len(before) + len(during)
    assert len(before) <= made.manifest.rows["jobs"] <= len(before) + len(during)


async def test_a_copy_is_of_one_moment_however_much_is_written_while_it_goes_on(
    tmp_path: Path, file: Path
) -> None:
    home, loop = new_file(tmp_path), asyncio.get_running_loop()
    async with opened(home) as database:
        await database.write(lambda tx: tx.exec_driver_sql("CREATE TABLE ballast (data BLOB)"))
        for _ in range(4):  # several steps of the copy
            await database.write(
                lambda tx: tx.exec_driver_sql("INSERT INTO ballast VALUES (zeroblob(2000000))")
            )
        written: list[int] = []

        def write(stage: str, _done: int, _total: int) -> None:
            """At each step somebody writes, and is done before the next."""
            if stage == "copy":
                written.append(len(written))
                asyncio.run_coroutine_threadsafe(accept(database, f"job-{written[-1]}"), loop).result(20)

        made = await backup_of(home, file, write)

        assert len(written) > 2
        assert made.manifest.rows["jobs"] == 0
        assert await scalar(database, "SELECT count(*) FROM jobs") == len(written)


async def test_a_backup_takes_the_place_of_an_earlier_one(
    database: WatchedDatabase, home: Home, file: Path
) -> None:
    await backup_of(home, file)
    await fill(database)

    await backup_of(home, file)

    with archive.opened(file, Steps()) as found:
        assert found.manifest.rows["jobs"] == 1


async def test_a_backup_that_fails_leaves_nothing_and_an_earlier_one_as_it_was(
    tmp_path: Path, file: Path
) -> None:
    home = new_file(tmp_path)
    await backup_of(home, file)
    earlier = file.read_bytes()
    home.write_bytes(b"no database" * 1000)

    with pytest.raises(BackupError, match="file is not a database"):
        await backup_of(home, file)

    assert [each.name for each in file.parent.iterdir()] == ["hub.backup"]
    assert file.read_bytes() == earlier


async def test_one_who_stops_a_backup_leaves_nothing(tmp_path: Path, file: Path) -> None:
    home, reached, going_on = new_file(tmp_path), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(stage: str, _done: int, _total: int) -> None:
        if stage == "pack":
            loop.call_soon_threadsafe(reached.set)
            assert going_on.wait(20)

    making = asyncio.create_task(backup_of(home, file, hold))
    await asyncio.wait_for(reached.wait(), 60)
    assert list(file.parent.iterdir())
    making.cancel()
    await asyncio.sleep(0)
    going_on.set()

    with pytest.raises(asyncio.CancelledError):
        await making
    assert list(file.parent.iterdir()) == []


async def test_a_slip_of_the_hand_does_not_replace_the_database_by_its_backup(tmp_path: Path) -> None:
    home = new_file(tmp_path)
    before = home.read_bytes()

    with pytest.raises(BackupError, match="is no backup; choose another name"):
        await backup_of(home, home)

    assert home.read_bytes() == before


async def test_a_damaged_database_is_not_taken_for_a_backup(tmp_path: Path, file: Path) -> None:
    home = new_file(tmp_path)
    async with opened(home) as database:
        for number in range(300):
            await accept(database, f"job-{number}")
    damaged = bytearray(home.read_bytes())
    for page in range(2, len(damaged) // 4096):  # the schema stays readable
        damaged[page * 4096 + 3 : page * 4096 + 8] = b"\xff" * 5
    home.write_bytes(damaged)

    with pytest.raises(BackupError, match=r"damaged|malformed"):
        await backup_of(home, file)

    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("folder", ["nowhere", "a-file"])
async def test_a_place_that_takes_no_file_is_one_line(tmp_path: Path, folder: str) -> None:
    home = new_file(tmp_path)
    (tmp_path / "a-file").write_text("")

    with pytest.raises(BackupError, match=r"^cannot write (to )?\S+: [A-Z][a-z ]+$"):
        await backup_of(home, tmp_path / folder / "hub.backup")


async def test_no_backup_is_begun_that_could_fill_the_disk(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_file(tmp_path)
    size = home.stat().st_size
    usage = type("Usage", (), {"free": 2 * size - 1})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)

    with pytest.raises(BackupError, match="no room in"):
        await backup_of(home, file)

    usage.free = 2 * size  # type: ignore[attr-defined]
    await backup_of(home, file)


# --- altered, cut, foreign


def _flip(whole: bytes, bit: int) -> bytes:
    altered = bytearray(whole)
    altered[bit // 8] ^= 1 << bit % 8
    return bytes(altered)


async def test_a_hundred_altered_or_cut_backups_are_all_refused(
    database: WatchedDatabase, home: Home, file: Path, tmp_path: Path
) -> None:
    await fill(database)
    await backup_of(home, file)
    whole, chance = file.read_bytes(), random.Random(1)
    altered = [_flip(whole, chance.randrange(len(whole) * 8)) for _ in range(60)]
    altered += [whole[: chance.randrange(len(whole))] for _ in range(30)]
    altered += [whole + bytes(chance.randrange(1, 100)) for _ in range(5)]
    altered += [whole[:cut] + whole[cut + 1 :] for cut in (chance.randrange(len(whole)) for _ in range(5))]

    for content in altered:
        file.write_bytes(content)
        with pytest.raises(BackupError, match=r"is damaged|is cut or damaged|is not a backup"):
            await restored_to(tmp_path / "new" / "hub.db", file)

    assert not (tmp_path / "new").exists()
    file.write_bytes(whole)
    with archive.opened(file, Steps()):
        pass


async def test_every_bit_of_the_checksum_itself_counts(tmp_path: Path, file: Path) -> None:
    await backup_of(new_file(tmp_path), file)
    whole = file.read_bytes()

    for bit in range((len(whole) - 72) * 8, len(whole) * 8):
        file.write_bytes(_flip(whole, bit))
        with pytest.raises(BackupError), archive.opened(file, Steps()):
            pass


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "is not a backup made by Switchboard"),
        (b"hello", "is not a backup made by Switchboard"),
        (b"SQLite format 3\x00" + bytes(5000), "is not a backup made by Switchboard"),
        (b"PK\x03\x04" + bytes(5000), "is cut or damaged: its last line, the checksum, is missing"),
    ],
)
def test_what_is_no_backup_is_told_in_one_line(file: Path, content: bytes, line: str) -> None:
    file.write_bytes(content)
    with pytest.raises(BackupError) as refusal, archive.opened(file, Steps()):
        pass
    assert str(refusal.value) == f"{file} {line}"


def test_a_file_that_is_not_there_is_told_in_one_line(file: Path) -> None:
    with pytest.raises(BackupError) as refusal, archive.opened(file, Steps()):
        pass
    assert str(refusal.value) == f"cannot read {file}: No such file or directory"


def _packed(file: Path, change: Callable[[Manifest], Manifest]) -> None:
    """A file with a right checksum and something else in its manifest."""
    manifest = Manifest(
        format=1, database="sqlite", schema="0001", version="1.2.3", created_at=NOON, rows={"jobs": 0}
    )
    with archive.workspace(file) as folder:
        (folder / "copy").write_bytes(b"data")
        archive.pack(folder, change(manifest), folder / "copy", file, Steps())


def test_a_backup_in_a_newer_format_is_refused(file: Path) -> None:
    _packed(file, lambda manifest: msgspec.structs.replace(manifest, format=2))
    with pytest.raises(BackupError, match="was made by a newer Switchboard"), archive.opened(file, Steps()):
        pass


async def test_rows_that_cannot_be_copied_in_one_piece_are_not_copied(tmp_path: Path, file: Path) -> None:
    """A reference to nothing is damage, too, though every page is in order."""
    home = new_file(tmp_path)
    with sqlite3.connect(home) as connection:
        connection.execute(
            "INSERT INTO proposals (token, kind, key, details, state, chat_id, shown_row, created_at, "
            "expires_at) VALUES ('t', 'stickerset', 'Cats', '{}', 'open', 1, 99, 'now', 'then')"
        )
    connection.close()

    with pytest.raises(BackupError, match="a row of proposals refers to one that is not there"):
        await backup_of(home, file)


# --- PostgreSQL's own programs


async def test_without_pg_dump_one_line_says_what_to_install(
    postgres_url: str, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError) as refusal:
        await backup_of(postgres_url, file)
    assert str(refusal.value) == (
        "pg_dump is not installed; it comes with PostgreSQL's client programs (postgresql-client)"
    )
    assert list(file.parent.iterdir()) == []


async def test_a_pg_dump_older_than_the_server_is_refused_by_its_version(
    postgres_url: str, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24 (Debian)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(
        BackupError, match="pg_dump 9 is older than the server, PostgreSQL 18: install version"
    ):
        await backup_of(postgres_url, file)


async def test_the_password_is_in_no_argument(
    postgres_url: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    postgres_server: PostgresServer,
) -> None:
    spy = tmp_path / "pg_dump"
    spy.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\necho "$PGPASSWORD" >> {tmp_path}/password\n'
        f'exec {postgres_server.bin}/pg_dump "$@"\n'
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    url = postgres_url.replace("postgres@", "postgres:swordfish@")

    await backup_of(url, file)

    assert "swordfish" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "password").read_text().split() == ["swordfish"]
    assert "swordfish" not in repr(source_at(url))


async def test_an_address_where_nobody_answers_is_one_line(file: Path) -> None:
    with pytest.raises(BackupError, match=r"^PostgreSQL: .*Connect call failed"):
        await backup_of("postgresql+asyncpg://hub@127.0.0.1:9/hub", file)
