"""Backups for tests, of either kind of database."""

from pathlib import Path

import pytest

from storage import messages, restoring, sticker_sets
from storage.accepting import accept as accept_jobs
from storage.backup import Made, PostgresSource, Source, SqliteSource, back_up
from storage.database import Database
from storage.postgres_target import PostgresTarget
from storage.restoring import Restored, SqliteTarget, Target, Terms
from storage.steps import Progress, Steps
from tests.postgres import PostgresServer, postgres
from tests.storage.files import Home
from tests.storage.rows import NOON, at, new_job, new_message, sticker_set

LATER = at(3600)


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs are found, where a test uses it."""
    parameters = getattr(request.node, "callspec", None)
    if parameters and parameters.params.get("home") == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("PATH", str(server.bin), prepend=":")


def source_at(home: Home) -> Source:
    """What lies there, to be backed up."""
    return PostgresSource(home) if isinstance(home, str) else SqliteSource(home)


def target_at(home: Home) -> Target:
    """The place, to be restored to."""
    return PostgresTarget(home, postgres(home), "1.2.3") if isinstance(home, str) else SqliteTarget(home)


async def backup_of(home: Home, to: Path, progress: Progress | None = None) -> Made:
    """A backup made at noon."""
    return await back_up(source_at(home), to, Steps(progress), now=NOON, version="1.2.3")


async def restored_to(home: Home, file: Path, *, verify: bool = True, **terms: bool) -> Restored:
    """A restore an hour later."""
    return await restoring.restore(target_at(home), file, Terms(verify=verify, **terms), Steps(), now=LATER)


async def accept(database: Database, dedup_id: str) -> None:
    """Have a job accepted, as a door does."""
    await database.write_row(accept_jobs, new_job(dedup_id=dedup_id))


async def fill(database: Database) -> None:
    """Some rows in several tables: a listed set, a job and a message that wait."""
    await database.write(lambda tx: sticker_sets.add(tx, sticker_set("Cats_by_bot")))
    await database.write(lambda tx: messages.put(tx, new_message()))
    await accept(database, "first")
