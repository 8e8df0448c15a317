"""`run.py restore` as an operator meets it, and the hub that starts on what was restored."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.backup import back_up, source_of
from storage.schema import HEAD
from storage.steps import Steps
from tests.commands.test_run import Run, run
from tests.postgres import PostgresServer, new_database
from tests.storage.backups import backup_of, fill
from tests.storage.files import Home, new_file, opened, rows
from tests.storage.rows import NOON
from tests.town import BORIS, LISTED, UNLISTED, Outside, Town, TownClock, new_outside

__all__ = ["run"]


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A backup with a job and a message that wait."""
    home = new_file(tmp_path, "former.db")
    async with opened(home) as database:
        await fill(database)
    await backup_of(home, tmp_path / "hub.backup")
    return tmp_path / "hub.backup"


async def test_into_an_empty_place_it_tells_what_it_did(run: Run, file: Path, tmp_path: Path) -> None:
    result = await asyncio.to_thread(run, "restore", "hub.backup", "--verify")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "checking the file",
        "unpacking it",
        "checking what was loaded",
        "settling what may have been done since",
        f"restored: backup of 2026-01-15 15:00:00+03:00 by version 1.2.3, schema {HEAD}, 3 rows",
        "1 jobs are dead and 1 messages dropped: they may have been done since the backup",
    ]
    async with opened(tmp_path / "data" / "switchboard.db") as database:
        assert await rows(database, "SELECT state FROM jobs") == [("dead",)]


async def test_with_resume_it_says_that_what_waits_goes_on(run: Run, file: Path) -> None:
    result = await asyncio.to_thread(run, "restore", "hub.backup", "--resume")

    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == "1 jobs and 1 messages wait and go on at the next start"


async def test_a_second_restore_keeps_the_first_beside(run: Run, file: Path, tmp_path: Path) -> None:
    await asyncio.to_thread(run, "restore", "hub.backup")

    second = await asyncio.to_thread(run, "restore", "hub.backup")

    assert second.returncode == 0
    aside = second.stdout.splitlines()[-1].removeprefix("what was there before is now ")
    assert (tmp_path / aside).is_file()


async def test_keys_of_which_nobody_knows_and_keys_that_stay_revoked_are_told(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    home = new_file(tmp_path / "data", "switchboard.db")
    for name in ("one", "two"):
        await asyncio.to_thread(run, "keys", "create", name, "--scope", "read")
    await backup_of(home, tmp_path / "keys.backup")
    await asyncio.to_thread(run, "keys", "revoke", "1")

    beside = await asyncio.to_thread(run, "restore", "keys.backup")
    elsewhere = await asyncio.to_thread(
        run, "restore", "keys.backup", DATABASE_URL="sqlite+aiosqlite:///data/new.db"
    )

    assert "1 keys revoked since the backup stay revoked" in beside.stdout.splitlines()
    assert elsewhere.stdout.splitlines()[-1] == (
        "2 keys are good that may have been revoked since the backup: see `keys list`"
    )


async def test_a_dry_run_only_looks(run: Run, file: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())

    result = await asyncio.to_thread(run, "restore", "hub.backup", "--dry-run", "--verify")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-2:] == [
        f"backup of 2026-01-15 15:00:00+03:00 by version 1.2.3, schema {HEAD}, 3 rows",
        "nothing was changed",
    ]
    assert sorted(tmp_path.iterdir()) == before


async def test_a_dry_run_beside_a_running_hub_says_what_a_restore_would_meet(
    run: Run, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    async with opened(tmp_path / "data" / "switchboard.db"):
        looked = await asyncio.to_thread(run, "restore", "hub.backup", "--dry-run")
        refused = await asyncio.to_thread(run, "restore", "hub.backup", "--force")

    line = "a Switchboard runs on data/switchboard.db; stop it first"
    assert looked.returncode == 0
    assert looked.stdout.splitlines()[-1] == f"nothing was changed; now it would be refused: {line}"
    assert (refused.returncode, refused.stderr) == (1, f"switchboard: {line}\n")


async def test_a_backup_cut_in_half_is_one_line_and_nothing_is_touched(
    run: Run, file: Path, tmp_path: Path
) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])

    result = await asyncio.to_thread(run, "restore", "hub.backup", "--verify", "--force")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "switchboard: hub.backup is cut or damaged: its last line, the checksum, is missing\n"
    )
    assert not (tmp_path / "data").exists()


async def test_a_file_that_is_not_there_is_one_line(run: Run) -> None:
    result = await asyncio.to_thread(run, "restore", "nothing.backup")
    assert (result.returncode, result.stderr) == (
        1,
        "switchboard: cannot read nothing.backup: No such file or directory\n",
    )


# --- the hub that starts on it


class AtSending:
    """Makes a backup the moment the hub is about to send something, once, after being armed."""

    def __init__(self, url: str, file: Path) -> None:
        self._url = url
        self._file = file
        self.is_armed = False

    def hit(self, name: str) -> None:
        """The hub stands still meanwhile: the copy shows the message as being sent and the job as done."""
        if name == "sending" and self.is_armed:
            self.is_armed = False
            making = threading.Thread(target=lambda: asyncio.run(self._make()))
            making.start()
            making.join()

    async def _make(self) -> None:
        await back_up(source_of(self._url, ""), self._file, Steps(), now=NOON, version="1.2.3")


def url_of(home: Home) -> str:
    return home if isinstance(home, str) else f"sqlite+aiosqlite:///{home}"


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with new_outside(tmp_path, clock=TownClock()) as world:
        yield world


@pytest.fixture
async def place(home: Home, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    """An empty place of the same kind of database."""
    if isinstance(home, Path):
        yield tmp_path / "elsewhere" / "hub.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        async with new_database(server, template="template0") as url:
            yield url


@pytest.fixture
def programs(home: Home, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs are found, where a test uses it."""
    if isinstance(home, str):
        server: PostgresServer = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("PATH", str(server.bin), prepend=":")


async def _lived(outside: Outside, home: Home, file: Path) -> int:
    """A hub lists a set, is asked about another, and is backed up when about to answer; it answers.

    How many messages Boris got of it.
    """
    failpoints = AtSending(url_of(home), file)
    async with outside.hub(failpoints=failpoints, DATABASE_URL=url_of(home)) as town:
        await town.lists(LISTED)
        failpoints.is_armed = True
        await town.sends(BORIS, UNLISTED)
        assert not failpoints.is_armed
        return len(town.sent(BORIS))


async def _restored(run: Run, place: Home, file: Path, *options: str) -> None:
    path = os.environ["PATH"]
    command = ("restore", str(file), "--verify", *options)
    result = await asyncio.to_thread(run, *command, DATABASE_URL=url_of(place), PATH=path)
    assert (result.returncode, result.stderr) == (0, "")


async def _is_listed(town: Town, name: str) -> bool:
    return bool(await town.rows("SELECT 1 FROM sticker_sets WHERE name = :name", name=name))


@pytest.mark.usefixtures("programs")
async def test_a_hub_on_what_was_restored_knows_everything_and_does_nothing_twice(
    run: Run, outside: Outside, home: Home, place: Home, tmp_path: Path
) -> None:
    file = tmp_path / "hub.backup"
    got = await _lived(outside, home, file)
    assert got == 1
    await _restored(run, place, file)

    async with replace(outside, template=None).hub(DATABASE_URL=url_of(place)) as town:
        await town.settle()
        assert await _is_listed(town, LISTED)
        assert len(town.sent(BORIS)) == got  # the answer that was being sent is not sent again
        states = await town.rows("SELECT state FROM messages WHERE chat_id = :chat", chat=BORIS)
        assert states == [("dropped",)]
        await town.sends(BORIS, LISTED)  # and it works
        assert len(town.sent(BORIS)) == got + 1


@pytest.mark.usefixtures("programs")
async def test_with_resume_the_hub_goes_on_with_what_it_was_doing(
    run: Run, outside: Outside, home: Home, place: Home, tmp_path: Path
) -> None:
    """Meant for a hub that was stopped before its backup; here it was not, and so says a thing twice."""
    file = tmp_path / "hub.backup"
    got = await _lived(outside, home, file)
    await _restored(run, place, file, "--resume")

    async with replace(outside, template=None).hub(DATABASE_URL=url_of(place)) as town:
        await town.settle()
        assert len(town.sent(BORIS)) == got + 1
