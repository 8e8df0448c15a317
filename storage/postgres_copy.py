"""A PostgreSQL database as a backup sees it: dumped by pg_dump, put back by pg_restore."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from storage import postgres_tools
from storage.archive import BackupError, Content
from storage.postgres import dsn_of
from storage.postgres_errors import PostgresTrouble, reason_of
from storage.schema import HEAD, REVISIONS
from storage.steps import Steps
from storage.tables import metadata

PATIENCE = 10.0  # seconds that making a connection may take
LOCKED = "30s"  # how long pg_dump waits for a table that somebody changes the shape of

Connection = asyncpg.Connection


async def dump(url: str, to: Path, steps: Steps) -> Content:
    """Dump our tables as of one moment, beside whoever works on them. Raises BackupError."""
    dsn = dsn_of(url)
    async with connected(dsn) as connection:
        await postgres_tools.assert_not_older("pg_dump", await server_version(connection))
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL statement_timeout = 0")
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            content = Content(await _revision(connection), await rows(connection))
            steps.tell("copy")
            await postgres_tools.run(
                "pg_dump",
                *("--format=custom", "--no-owner", "--no-privileges", f"--lock-wait-timeout={LOCKED}"),
                *(f"--snapshot={snapshot}", f"--file={to}"),
                *(f"--table={name}" for name in content.rows),
                dsn=dsn,
            )
    return content


async def assert_dumpable(url: str) -> None:
    """Raise BackupError unless pg_dump is there and fits the server."""
    async with connected(dsn_of(url)) as connection:
        await postgres_tools.assert_not_older("pg_dump", await server_version(connection))


async def assert_readable(dumped: Path) -> None:
    """Have pg_restore read all of a dump, into nothing. Raises BackupError."""
    await postgres_tools.run("pg_restore", "--file=/dev/null", str(dumped))


async def load(dsn: str, dumped: Path) -> None:
    """Put a dump in the place of the tables that are there, all or nothing. Raises BackupError."""
    await postgres_tools.run(
        "pg_restore",
        *("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction"),
        str(dumped),
        dsn=dsn,
    )


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """A connection for the block. Raises BackupError for whatever the server or the network says."""
    try:
        connection = await asyncpg.connect(dsn, timeout=PATIENCE, statement_cache_size=0)
        try:
            yield connection
        finally:
            connection.terminate()
    except PostgresTrouble as error:
        raise BackupError(reason_of(error)) from error


async def server_version(connection: Connection) -> int:
    """The server's major version."""
    return int(await connection.fetchval("SELECT current_setting('server_version_num')::int / 10000"))


async def rows(connection: Connection) -> dict[str, int]:
    """Rows by table, of those of our tables that are there."""
    return {
        name: int(await connection.fetchval(f'SELECT count(*) FROM "{name}"'))  # noqa: S608 - our own names
        for name in await existing(connection, sorted(metadata.tables))
    }


async def existing(connection: Connection, names: Iterable[str]) -> list[str]:
    """Those of the tables that are there."""
    query = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
    return [str(record["name"]) for record in await connection.fetch(query, list(names))]


async def _revision(connection: Connection) -> str:
    if not await existing(connection, ["alembic_version"]):
        raise BackupError("the database has no tables of Switchboard")
    revision = str(await connection.fetchval("SELECT version_num FROM alembic_version"))
    if revision not in REVISIONS:  # which may have tables that this one does not know
        raise BackupError(
            f"the database is from a newer Switchboard (schema {revision}, this one knows up to {HEAD}): "
            "back it up with that one"
        )
    return revision
