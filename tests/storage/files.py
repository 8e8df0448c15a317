"""Real database files for tests: migrated once, then copied, and watched so that virtual time can wait."""

import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, text

from storage import schema
from storage.database import SILENCE, Database, LeaderLock, Result, Row, Transaction
from storage.errors import StorageUnavailable
from storage.sqlite import SqliteDatabase
from tests.postgres import postgres


@functools.cache
def _template() -> bytes:
    """An empty database with all tables, as the migrations make it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        with engine.connect() as connection, connection.begin():
            schema.upgrade(connection)
        engine.dispose()
        return path.read_bytes()


def new_file(folder: Path, name: str = "hub.db") -> Path:
    """A database file with all tables and no rows."""
    path = folder / name
    path.write_bytes(_template())
    return path


class WatchedDatabase:
    """The database itself, with a count of what is in its hands and a switch that makes it refuse."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.in_flight = 0
        self.away = False
        self.refusals = 0  # so many calls from here on are refused
        self.calls = 0

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def read(self, query: Callable[[Transaction], Result]) -> Result:
        return await self._watched(lambda: self._database.read(query))

    async def write(self, unit: Callable[[Transaction], Result]) -> Result:
        return await self._watched(lambda: self._database.write(unit))

    async def write_row(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], row: Row
    ) -> Result:
        return await self._watched(lambda: self._database.write_row(unit, row))

    async def write_rows(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], rows: Sequence[Row]
    ) -> list[Result]:
        return await self._watched(lambda: self._database.write_rows(unit, rows))

    def leader_lock(self, silence: float = SILENCE) -> LeaderLock:
        return _WatchedLock(self, self._database.leader_lock(silence))

    async def follow_hints(self, hear: Callable[[str], None]) -> None:
        await self._database.follow_hints(hear)

    async def _watched(self, call: Callable[[], Awaitable[Result]]) -> Result:
        self.calls += 1
        if self.away or self.refusals:
            self.refusals = max(self.refusals - 1, 0)
            raise StorageUnavailable("away")
        return await self.counted(call)

    async def counted(self, call: Callable[[], Awaitable[Result]]) -> Result:
        self.in_flight += 1
        try:
            return await call()
        finally:
            self.in_flight -= 1


class _WatchedLock:
    """The leader's lock; virtual time waits for its answers too."""

    def __init__(self, database: WatchedDatabase, lock: LeaderLock) -> None:
        self._database = database
        self._lock = lock

    async def acquire(self) -> bool:
        return await self._database.counted(self._lock.acquire)

    async def confirm(self) -> None:
        await self._database.counted(self._lock.confirm)

    async def release(self) -> None:
        await self._database.counted(self._lock.release)


Home = Path | str  # where a database is: an SQLite file, or the address of a PostgreSQL database


@asynccontextmanager
async def opened(home: Home) -> AsyncIterator[WatchedDatabase]:
    """An open database for the block."""
    database = WatchedDatabase(postgres(home) if isinstance(home, str) else SqliteDatabase(home))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def scalar(database: Database, query: str, **values: object) -> Any:
    """The one value of a query."""
    return await database.read(lambda tx: tx.execute(text(query), values).scalar())


async def rows(database: Database, query: str, **values: object) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return await database.read(lambda tx: [tuple(row) for row in tx.execute(text(query), values)])


def copy_of(path: Path, name: str) -> Path:
    """What a process that dies now would leave behind: the file and its log, as they are."""
    copied = path.with_name(name)
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy(source, copied.with_name(name + suffix))
    return copied
