"""The tables: what the migrations make is what the code names."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from storage import schema
from storage.errors import DatabaseRefused
from storage.sqlite import SqliteDatabase
from storage.tables import metadata
from tests.storage.files import WatchedDatabase, opened, rows

ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "storage" / "migrations" / "versions"


async def test_the_migrations_leave_exactly_the_tables_the_code_names(database: WatchedDatabase) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    differences = await database.read(
        lambda tx: compare_metadata(MigrationContext.configure(tx, opts=options), metadata)
    )
    assert differences == []


async def test_the_comparison_would_notice_a_missing_index(tmp_path: Path) -> None:
    async with opened(tmp_path / "hub.db") as database:
        await database.write(lambda tx: tx.exec_driver_sql("DROP INDEX ix_journal_item"))
        differences = await database.read(
            lambda tx: compare_metadata(MigrationContext.configure(tx), metadata)
        )
    assert [difference[0] for difference in differences] == ["add_index"]


async def test_partial_indexes_have_the_conditions_that_the_code_names(path: Path) -> None:
    async with opened(path) as database:
        found = await rows(
            database, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        )
    conditions = {name: sql.split(" WHERE ", 1)[1] for name, sql in found}
    wanted = {
        index.name: str(index.dialect_options["sqlite"]["where"])
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert conditions == wanted


def test_the_known_revisions_are_the_files_each_following_the_one_before() -> None:
    found: dict[str | None, str] = {}
    for file in VERSIONS.glob("[0-9]*.py"):
        source = file.read_text("utf-8")
        revision = re.search(r'^revision(?:: str)? = "(\w+)"', source, re.MULTILINE)
        before = re.search(r'^down_revision(?:: [^=]+)? = (?:"(\w+)"|None)', source, re.MULTILINE)
        assert revision, file.name
        assert before, file.name
        assert file.name.startswith(revision.group(1))
        found[before.group(1)] = revision.group(1)
    chain, last = [], found.get(None)
    while last:
        chain.append(last)
        last = found.get(last)
    assert tuple(chain) == schema.REVISIONS
    assert len(chain) == len(found)


async def test_a_database_of_a_newer_switchboard_is_refused_and_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(DatabaseRefused) as refusal:
        await SqliteDatabase(path).open()
    assert "newer Switchboard (schema 9999" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    raw.close()


async def test_a_migration_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    def break_at_the_journal(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "ix_journal_item" in statement:
            raise OSError("the machine is going down")

    event.listen(Engine, "before_cursor_execute", break_at_the_journal)
    try:
        with pytest.raises(DatabaseRefused, match="going down"):
            await SqliteDatabase(tmp_path / "hub.db").open()
    finally:
        event.remove(Engine, "before_cursor_execute", break_at_the_journal)
    with sqlite3.connect(tmp_path / "hub.db") as raw:
        assert raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == []
    raw.close()
    async with opened(tmp_path / "hub.db") as database:
        assert await rows(database, "SELECT * FROM jobs") == []


@pytest.mark.parametrize(("current", "imported"), [(True, False), (False, True)])
def test_alembic_is_imported_only_when_there_is_something_to_migrate(
    tmp_path: Path, path: Path, current: bool, imported: bool
) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from storage.sqlite import SqliteDatabase\n"
        "async def main():\n"
        "    database = SqliteDatabase(Path(sys.argv[1])); await database.open(); await database.close()\n"
        "asyncio.run(main()); print('alembic' in sys.modules)"
    )
    file = path if current else tmp_path / "empty.db"
    command = [sys.executable, "-c", script, str(file)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == str(imported)
