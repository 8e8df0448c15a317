"""Putting a backup into a PostgreSQL database."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage import archive, postgres_copy, postgres_tools, revocations
from storage.archive import Archive, BackupError, Kind, Manifest
from storage.backup import PostgresSource, back_up
from storage.database import Database, Result, Transaction
from storage.postgres import dsn_of
from storage.postgres_copy import Connection
from storage.postgres_errors import PostgresTrouble, reason_of
from storage.postgres_presence import PRESENCE
from storage.restoring import Restored, Settled, Terms, assert_same_rows, opened_once, settle
from storage.revocations import Former
from storage.schema import upgrade
from storage.steps import Steps
from storage.tables import metadata


@dataclass(frozen=True, slots=True)
class PostgresTarget:
    """A database; `url` leads to it, not to a pooler. `database` is the same one, not opened."""

    url: str = field(repr=False)
    database: Database
    version: str
    kind: Kind = "postgresql"

    async def obstacle(self) -> str | None:
        try:
            async with self._alone():
                return None
        except BackupError as error:
            return str(error)

    async def load(self, backup: Archive, terms: Terms, steps: Steps, *, now: datetime) -> Restored:
        async with self._alone() as connection:
            await postgres_tools.assert_not_older(
                "pg_restore", await postgres_copy.server_version(connection)
            )
            aside = await self._kept(backup.path, steps, now) if await _holds_data(connection) else None
            former = await self._former_keys(connection)
            with archive.workspace(backup.path) as folder:
                dumped = folder / "loaded"
                await steps.run(lambda: _unpacked(backup, dumped, steps))
                await self._load(backup.manifest, dumped, terms, steps, connection)
                settled = await self._settle(backup.manifest, terms, former, steps, now)
        await opened_once(self.database)
        return Restored(backup.manifest, settled, aside)

    async def rehearse(self, backup: Archive, steps: Steps) -> None:
        with archive.workspace(backup.path) as folder:
            dumped = folder / "loaded"
            await steps.run(lambda: _unpacked(backup, dumped, steps))
            steps.tell("check")
            await postgres_copy.assert_readable(dumped)

    async def _kept(self, file: Path, steps: Steps, now: datetime) -> Path:
        """What is there now, as a backup beside the one that takes its place."""
        to = file.with_name(f"before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup")
        await back_up(PostgresSource(self.url), to, steps, now=now, version=self.version)
        return to

    async def _load(
        self,
        manifest: Manifest,
        dumped: Path,
        terms: Terms,
        steps: Steps,
        connection: Connection,
    ) -> None:
        steps.tell("load")
        # Between the two units nothing can start on these tables: they do not say which revision they have.
        await self._write(lambda tx: _make_room(tx, manifest.schema))
        try:
            await postgres_copy.load(dsn_of(self.url), dumped)
        except BackupError as error:
            raise BackupError(f"{error}; the database is empty now, restore again") from error
        steps.tell("check")
        found = await postgres_copy.rows(connection) if terms.verify else manifest.rows
        assert_same_rows(manifest, found)

    async def _settle(
        self, manifest: Manifest, terms: Terms, former: Former, steps: Steps, now: datetime
    ) -> Settled:
        steps.tell("settle")

        def unit(tx: Transaction) -> Settled:
            settled = settle(tx, manifest.created_at, terms, former, now=now)
            tx.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{manifest.schema}')")  # noqa: S608 - a known revision
            return settled

        return await self._write(unit)

    async def _former_keys(self, connection: Connection) -> Former:
        # What a restore that was cut off left here are the keys as its backup knew them.
        return {} if await _is_half_restored(connection) else await self._write(revocations.known)

    async def _write(self, unit: Callable[[Transaction], Result]) -> Result:
        async def connect(*_: object, **__: object) -> Connection:
            return await asyncpg.connect(dsn_of(self.url), statement_cache_size=0)

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            poolclass=NullPool,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
        )
        try:
            async with engine.connect() as connection, connection.begin():
                return await connection.run_sync(unit)
        except PostgresTrouble as error:
            raise BackupError(reason_of(error)) from error
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        """A connection that holds the lock which everybody who works on the database shares."""
        async with postgres_copy.connected(dsn_of(self.url)) as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *PRESENCE):
                name = await connection.fetchval("SELECT current_database()")
                raise BackupError(f"a Switchboard runs on the database {name}; stop it first")
            yield connection


async def _holds_data(connection: Connection) -> bool:
    if await _is_half_restored(connection):
        return False
    counted = await postgres_copy.rows(connection)
    return any(count for table, count in counted.items() if table != "health_marks")


async def _is_half_restored(connection: Connection) -> bool:
    if not await postgres_copy.existing(connection, ["alembic_version"]):
        return False
    return not await connection.fetchval("SELECT count(*) FROM alembic_version")


def _unpacked(backup: Archive, to: Path, steps: Steps) -> None:
    try:
        backup.unpack(to, steps)
    except OSError as error:
        raise BackupError(f"cannot write to {to.parent.parent}: {error.strerror}") from error


def _make_room(tx: Transaction, revision: str) -> None:
    """Empty tables of the backup's own revision, with the functions that its triggers need."""
    _drop(tx)
    upgrade(tx, revision)
    tx.exec_driver_sql("DELETE FROM alembic_version")


# The functions that triggers of our tables call; others' functions are theirs.
_FUNCTIONS = text(
    "SELECT DISTINCT tgfoid::regprocedure::text FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN "
    "(SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:names AS text[])) AS name)"
)


def _drop(tx: Transaction) -> None:
    dropped = list(tx.execute(_FUNCTIONS, {"names": list(metadata.tables)}).scalars())
    # Together, for they refer to each other; without CASCADE, for what others built on them is theirs.
    tx.exec_driver_sql(f"DROP TABLE IF EXISTS alembic_version, {', '.join(metadata.tables)}")
    for function in dropped:
        tx.exec_driver_sql(f"DROP FUNCTION {function}")
