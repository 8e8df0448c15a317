"""`run.py replay` as an operator meets it, also beside a running hub."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.sqlite import SqliteDatabase
from tests.commands.test_run import Run, run
from tests.postgres import PostgresServer, new_database
from tests.storage.files import new_file, opened
from tests.storage.test_replaying import kill

__all__ = ["run"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database where the settings of an empty environment look for it, with three dead jobs."""
    (tmp_path / "data").mkdir()
    path = new_file(tmp_path / "data", "switchboard.db")

    async def plant() -> None:
        async with opened(path) as database:
            for topic in ("telegram", "telegram", "backup"):
                await kill(database, topic=topic, reason="Refused: hunter2 said no")

    asyncio.run(plant())
    return path


def states(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT topic, state, replays FROM jobs ORDER BY id").fetchall()


def test_a_dry_run_counts_and_changes_nothing(run: Run, file: Path) -> None:
    before = states(file)
    told = run("replay", "--dry-run")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("3 jobs to replay\n")
    assert "      2  telegram  Refused: hunter2 said no\n" in told.stdout
    assert states(file) == before


def test_without_a_terminal_nobody_is_asked(run: Run, file: Path) -> None:
    told = run("replay")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-3:] == [
        "3 jobs to replay",
        "putting them back",
        "3 jobs put back; a running hub works them now, another one when it starts",
    ]
    assert {state for _, state, _ in states(file)} == {"waiting"}
    with closing(sqlite3.connect(file)) as connection:
        journal = connection.execute("SELECT DISTINCT actor, action, kind FROM journal").fetchall()
    assert journal == [("command line", "replay", "job")]
    again = run("replay")
    assert (again.returncode, again.stdout) == (0, "nothing has failed\n")


def test_one_topic_may_be_named(run: Run, file: Path) -> None:
    told = run("replay", "--topic", "backup")
    assert told.returncode == 0
    assert "1 job of the topic backup to replay\n" in told.stdout
    assert "telegram" not in told.stdout
    assert states(file) == [("telegram", "dead", 0), ("telegram", "dead", 0), ("backup", "waiting", 1)]
    nothing = run("replay", "--topic", "unheard")
    assert (nothing.returncode, nothing.stdout) == (0, "nothing of the topic unheard has failed\n")


def test_it_may_run_beside_a_hub(run: Run, file: Path) -> None:
    async def beside() -> str:
        hub = SqliteDatabase(file)
        await hub.open()
        try:
            return (await asyncio.to_thread(run, "replay")).stdout
        finally:
            await hub.close()

    assert "3 jobs put back" in asyncio.run(beside())


def test_on_postgresql_too(run: Run, postgres_server: PostgresServer) -> None:
    async def act() -> str:
        async with new_database(postgres_server) as url, opened(url) as database:
            await kill(database)
            done = await asyncio.to_thread(run, "replay", DATABASE_URL=url, SECRET_KEY="k" * 32)
            return done.stdout + done.stderr

    assert "1 job put back" in asyncio.run(act())


def test_without_a_database_it_fails_in_one_line(run: Run) -> None:
    told = run("replay")
    assert told.returncode == 1
    assert told.stderr.startswith("switchboard: there is no database")
    assert run("replay", "now").returncode == 2


def test_a_part_of_the_reason_or_of_the_key_may_be_named(run: Run, file: Path) -> None:
    nothing = run("replay", "--reason", "100%", "--topic", "backup")
    named = "of the topic backup whose reason holds “100%”"
    assert (nothing.returncode, nothing.stdout) == (0, f"nothing {named} has failed\n")
    assert run("replay", "--key", "elsewhere").stdout == "nothing whose key holds “elsewhere” has failed\n"
    told = run("replay", "--reason", "HUNTER2 said", "--key", "chat", "--topic", "backup")
    assert told.returncode == 0
    assert (
        "1 job of the topic backup whose reason holds “HUNTER2 said” and whose key holds “chat”"
        in told.stdout
    )
    assert "telegram" not in told.stdout
    assert [state for _, state, _ in states(file)] == ["dead", "dead", "waiting"]


@pytest.mark.parametrize("empty", ["", " ", "%", "\u200b", "“”"])
@pytest.mark.parametrize("option", ["--topic", "--reason", "--key"])
def test_an_option_that_names_nothing_is_wrong_usage_and_not_everything(
    run: Run, file: Path, option: str, empty: str
) -> None:
    told = run("replay", option, empty)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (f"switchboard: {option}: give a text with a letter or a digit, or leave it out\n")
    assert {state for _, state, _ in states(file)} == {"dead"}


def test_all_options_that_name_nothing_are_told(run: Run, file: Path) -> None:
    told = run("replay", "--topic", "telegram", "--key", "", "--reason", "", "--dry-run")
    assert told.returncode == 2
    assert told.stderr.startswith("switchboard: --reason, --key: ")
