"""SQLite: WAL with synchronous=FULL, one writer, separate readers, a lock file that proves we are alone."""

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from storage import schema
from storage.database import SILENCE, LeaderLock, Result, Row, Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.writer import Writer, is_outage

BUSY_TIMEOUT = 5.0  # seconds SQLite itself waits for a lock held by a tool beside us
READERS = 2


def path_of(url: str) -> Path:
    """The file that a DATABASE_URL names; sqlite+aiosqlite:///relative or ////absolute."""
    return Path(make_url(url).database or "")


class SqliteDatabase:
    """One file. A hub is alone on it; `beside` opens it for a tool, which may write while a hub runs."""

    def __init__(self, path: Path, *, beside: bool = False) -> None:
        self._path = path
        self._beside = beside
        self._lock: IO[str] | None = None
        self._writing = _engine(path, pool_size=1)
        self._reading = _engine(path, pool_size=READERS, read_only=True)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="storage.reader")
        self._writer = Writer(self._writing)
        self._closed = True  # reading would make the file

    async def open(self) -> None:
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    async def read(self, query: Callable[[Transaction], Result]) -> Result:
        if self._closed:
            raise StorageUnavailable("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, query)

    async def write(self, unit: Callable[[Transaction], Result]) -> Result:
        result: Result = await self._writer.hand_in(unit)
        return result

    async def write_row(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], row: Row
    ) -> Result:
        result: Result = await self._writer.hand_in(unit, row, batched=True)
        return result

    async def write_rows(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], rows: Sequence[Row]
    ) -> list[Result]:
        futures = [self._writer.hand_in(unit, row, batched=True) for row in rows]
        results: list[Result] = await asyncio.gather(*futures)
        return results

    def leader_lock(self, silence: float = SILENCE) -> LeaderLock:
        """See Database."""
        return AloneLock()

    async def follow_hints(self, hear: Callable[[str], None]) -> None:
        """See Database. There is no other process to hear from."""
        await asyncio.Event().wait()

    def _open(self) -> None:
        try:
            self._make_ready()
        except BaseException:
            self._let_go()
            raise
        self._writer.start()
        self._closed = False

    def _make_ready(self) -> None:
        try:
            self._prepare_file()
            with self._writing.connect() as connection:
                _assert_durable(connection, self._path)
            with self._writing.connect() as connection, connection.begin():
                act = schema.assert_current if self._beside else schema.bring_up_to_date
                act(connection, self._path)
        except (OSError, DBAPIError, sqlite3.Error) as error:
            raise DatabaseRefused(f"cannot open the database {self._path}: {_first_line(error)}") from error

    def _prepare_file(self) -> None:
        if self._beside:
            if not self._path.exists():
                raise DatabaseRefused(f"there is no database {self._path}")
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)  # what people write is for nobody else on this machine
        self._lock = _lock(self._path.with_name(self._path.name + ".lock"))

    def _close(self) -> None:
        self._closed = True
        self._writer.stop()
        self._readers.shutdown()
        self._let_go()

    def _let_go(self) -> None:
        self._reading.dispose()
        self._writing.dispose()
        if self._lock:
            self._lock.close()

    def _query(self, query: Callable[[Transaction], Result]) -> Result:
        try:
            with self._reading.connect() as connection:
                return query(connection)
        except DBAPIError as error:
            if is_outage(error):
                raise StorageUnavailable(_first_line(error)) from error
            raise


class AloneLock:
    """The leader's lock where there is one process: always ours (the file's lock proves it)."""

    async def acquire(self) -> bool:
        """Always."""
        return True

    async def confirm(self) -> None:
        """Nobody can take it."""

    async def release(self) -> None:
        """Nobody waits for it."""


def _engine(path: Path, *, pool_size: int, read_only: bool = False) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_reset_on_return="rollback",  # a commit that failed may have left its transaction open
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False, "isolation_level": None},
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,  # what people wrote is not for the log
    )
    event.listen(engine, "connect", lambda raw, _: _prepare(raw, read_only=read_only))
    return engine


def _prepare(raw: Any, *, read_only: bool) -> None:
    cursor = raw.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA query_only=" + ("ON" if read_only else "OFF"))
    cursor.close()


def _assert_durable(connection: Transaction, path: Path) -> None:
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    if (mode, level) != ("wal", 2):
        raise DatabaseRefused(f"{path} cannot keep what it accepts: journal {mode}, synchronous {level}")


def _lock(path: Path) -> IO[str]:
    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise DatabaseRefused(
            f"another Switchboard already runs on {path.with_suffix('')}; stop it first"
        ) from None
    return handle


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).split("\n", 1)[0]
