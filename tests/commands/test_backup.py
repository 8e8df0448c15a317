"""`run.py backup` as an operator meets it."""

import asyncio
import os
import pty
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from storage import archive
from storage.steps import Steps
from tests.commands.test_run import ROOT, Run, run
from tests.postgres import PostgresServer
from tests.storage.backups import accept, fill
from tests.storage.files import new_file, opened, scalar

__all__ = ["run"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database where the settings of an empty environment look for it."""
    (tmp_path / "data").mkdir()
    return new_file(tmp_path / "data", "switchboard.db")


async def test_it_works_beside_a_running_hub_and_says_what_it_wrote(
    run: Run, file: Path, tmp_path: Path
) -> None:
    async with opened(file) as database:  # as a hub has it
        await fill(database)

        result = await asyncio.to_thread(run, "backup", "hub.backup")

        await accept(database, "afterwards")
        assert await scalar(database, "SELECT count(*) FROM jobs") == 2
    assert (result.returncode, result.stderr) == (0, "")
    *stages, summary = result.stdout.splitlines()
    assert stages == ["copying the database", "checking the copy", "packing it", "sealing it"]
    assert re.fullmatch(r"hub\.backup: [0-9.]+ KiB, schema [0-9]{4}, 3 rows", summary)
    with archive.opened(tmp_path / "hub.backup", Steps()) as found:
        assert found.manifest.rows["jobs"] == 1


def test_on_a_terminal_a_bar_shows_how_far_it_is(file: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, str(ROOT / "run.py"), "backup", "hub.backup"]
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = _all_of(ours)
    assert process.returncode == 0
    assert "100%" in shown
    assert "copying the database" in shown
    assert "hub.backup: " in shown


def _all_of(terminal: int) -> str:
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(terminal)
    return shown.decode()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["backup", "data/switchboard.db"], "data/switchboard.db is there already and is no backup"),
        (["backup", "data"], "data is a folder; name a file in it"),
        (["backup", "nowhere/hub.backup"], "cannot write to nowhere: No such file or directory"),
    ],
)
def test_what_goes_wrong_is_one_line(run: Run, file: Path, arguments: list[str], line: str) -> None:
    result = run(*arguments)

    assert result.returncode == 1
    assert result.stderr.startswith(f"switchboard: {line}")
    assert len(result.stderr.splitlines()) == 1


def test_without_a_database_there_is_nothing_to_back_up(run: Run, tmp_path: Path) -> None:
    result = run("backup", "hub.backup")

    assert result.returncode == 1
    assert result.stderr == "switchboard: there is no database at data/switchboard.db\n"
    assert list(tmp_path.iterdir()) == []


def test_bad_settings_end_with_two(run: Run) -> None:
    result = run("backup", "hub.backup", DATABASE_URL="mysql://db")
    assert (result.returncode, result.stderr.split(":")[0]) == (2, "DATABASE_URL")


@pytest.mark.parametrize("share", [0.4, 0.95])
def test_a_full_disk_leaves_no_half_file_and_is_one_line(file: Path, tmp_path: Path, share: float) -> None:
    """No file may grow beyond that share of the database's size: the copy breaks off early, or at its end."""
    _incompressible(file)
    room = int(file.stat().st_size * share)
    command = [sys.executable, str(ROOT / "run.py"), "backup", "hub.backup"]
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert re.fullmatch(r"switchboard: cannot (copy|write) \S+: .+\n", result.stderr)
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def _incompressible(file: Path) -> None:
    import sqlite3

    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE ballast (data BLOB)")
        connection.execute("INSERT INTO ballast VALUES (randomblob(60000))")
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


async def test_postgres_is_dumped_beside_whoever_works_on_it(
    run: Run, postgres_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with opened(postgres_url) as database:
        await fill(database)
        path = f"{postgres_server.bin}:{os.environ['PATH']}"

        result = await asyncio.to_thread(run, "backup", "hub.backup", DATABASE_URL=postgres_url, PATH=path)

    assert (result.returncode, result.stderr) == (0, "")
    with archive.opened(tmp_path / "hub.backup", Steps()) as found:
        assert found.manifest.database == "postgresql"
