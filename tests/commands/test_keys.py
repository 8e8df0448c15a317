"""`run.py keys` as an operator meets it, also beside a running hub."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.sqlite import SqliteDatabase
from tests.commands.test_run import Run, run
from tests.postgres import PostgresServer, new_database
from tests.storage.files import new_file

__all__ = ["run"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database where the settings of an empty environment look for it."""
    (tmp_path / "data").mkdir()
    return new_file(tmp_path / "data", "switchboard.db")


def sql(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def test_a_new_key_stands_alone_on_standard_output_and_is_never_shown_again(run: Run, file: Path) -> None:
    made = run("keys", "create", "ci robot", "--scope", "read")

    assert made.returncode == 0
    key = made.stdout.removesuffix("\n")
    assert re.fullmatch(r"swb_[A-Za-z0-9_-]{43}", key)
    assert made.stderr == "key 1 (ci robot, read); it is shown this once and never again\n"
    listed = run("keys", "list")
    assert key[:8] in listed.stdout
    assert key not in listed.stdout
    assert key not in str(sql(file, "SELECT * FROM keys"))


def test_keys_are_listed_as_plain_lines_with_times_in_the_settings_zone(run: Run, file: Path) -> None:
    for scope in ("admin", "enterprise:0367"):
        assert run("keys", "create", f"for {scope}", "--scope", scope).returncode == 0
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE keys SET created_at = '2026-01-15T12:00:00.000000Z', hint = 'swb_abcd'")
        connection.execute("UPDATE keys SET used_at = '2026-01-15T22:30:59.000000Z' WHERE id = 2")

    listed = run("keys", "list", TIMEZONE="Asia/Yekaterinburg")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert [re.split(r" {2,}", line) for line in listed.stdout.splitlines()] == [
        ["id", "name", "hint", "scope", "created", "last used", "revoked"],
        ["1", "for admin", "swb_abcd", "admin", "2026-01-15 17:00+05:00", "-", "-"],
        [
            *("2", "for enterprise:0367", "swb_abcd", "enterprise:0367"),
            *("2026-01-15 17:00+05:00", "2026-01-16 03:30+05:00", "-"),
        ],
    ]


def test_a_key_is_revoked_once_and_once_more_is_no_fault(run: Run, file: Path) -> None:
    run("keys", "create", "ci", "--scope", "read")

    first, second = run("keys", "revoke", "1"), run("keys", "revoke", "1")

    assert (first.returncode, first.stdout) == (0, "key 1 is revoked\n")
    assert (second.returncode, second.stdout) == (0, "key 1 was revoked before\n")
    assert sql(file, "SELECT actor, action, key FROM journal ORDER BY id") == [
        ("command line", "create", "1"),
        ("command line", "revoke", "1"),
    ]


async def test_keys_are_made_and_revoked_beside_a_running_hub(run: Run, file: Path) -> None:
    hub = SqliteDatabase(file)
    await hub.open()  # with the lock of the one hub
    try:
        made = await asyncio.to_thread(run, "keys", "create", "ci", "--scope", "webhook")
        revoked = await asyncio.to_thread(run, "keys", "revoke", "1")
    finally:
        await hub.close()

    assert (made.returncode, revoked.returncode) == (0, 0)
    assert sql(file, "SELECT scope, revoked_at IS NULL FROM keys") == [("webhook", 0)]
    assert sql(file, "SELECT region FROM invalidations") == [("keys",)]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["revoke", "7"], 1, "switchboard: there is no key 7"),
        (
            ["create", "ci", "--scope", "all"],
            2,
            "switchboard: there is no scope 'all': admin, read, webhook or enterprise:<number>",
        ),
        (["create", " ", "--scope", "read"], 2, "switchboard: a key's name has 1 to 64 printable characters"),
        (
            ["create", "x\ny", "--scope", "read"],
            2,
            "switchboard: a key's name has 1 to 64 printable characters",
        ),
    ],
)
def test_a_fault_is_one_clear_line(run: Run, file: Path, arguments: list[str], code: int, line: str) -> None:
    result = run("keys", *arguments)

    assert (result.returncode, result.stdout, result.stderr) == (code, "", line + "\n")
    assert sql(file, "SELECT * FROM keys") == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["create"],
        ["create", "ci"],
        ["create", "--scope", "read"],
        ["revoke"],
        ["revoke", "one"],
        ["revoke", "0"],
        ["revoke", "9" * 30],
        ["list", "more"],
    ],
)
def test_bad_usage_ends_with_two(run: Run, file: Path, arguments: list[str]) -> None:
    result = run("keys", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr
    assert "Traceback" not in result.stderr
    assert sql(file, "SELECT * FROM keys") == []


def test_bad_settings_are_told_one_line_each(run: Run, file: Path) -> None:
    result = run("keys", "list", TIMEZONE="Nowhere", LOG_LEVEL="loud")

    assert (result.returncode, result.stdout) == (2, "")
    assert sorted(line.split(":")[0] for line in result.stderr.splitlines()) == ["LOG_LEVEL", "TIMEZONE"]


def test_without_a_database_there_is_one_clear_line_and_none_is_made(run: Run, tmp_path: Path) -> None:
    result = run("keys", "list")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "switchboard: there is no database data/switchboard.db\n"
    assert not (tmp_path / "data").exists()


async def test_on_an_empty_postgres_there_is_one_clear_line(
    run: Run, postgres_server: PostgresServer
) -> None:
    async with new_database(postgres_server, template="template0") as url:
        result = await asyncio.to_thread(run, "keys", "list", DATABASE_URL=url)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("switchboard: the database hub_")
    assert result.stderr.endswith(" has no tables yet: start the hub once\n")
