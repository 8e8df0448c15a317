"""SQLite's one writer: a thread that commits together what waits together."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from storage import driver
from storage.errors import StorageUnavailable

GROUP = 512  # rows in one commit at most, so that the first of a burst does not wait for the last
# Units in one commit at most: many cost the disk less, but a row that comes meanwhile waits for them.
UNITS = 32
UNITS_BESIDE_ROWS = 8
LATELY = 50  # commits; rows that were in one of the last so many may well go on coming

_HandedIn = tuple[Callable[..., Any], Any, bool, "asyncio.Future[Any]"]


@dataclass(slots=True)
class _Unit:
    run: Callable[..., Any]
    rows: list[Any] | None  # None: a unit of its own; else the rows of one call
    futures: list["asyncio.Future[Any]"]
    outcomes: list[Any]  # one a future: a result, or _Failed


@dataclass(slots=True, frozen=True)
class _Failed:
    error: BaseException


class Writer:
    """Runs units from any number of callers in one thread, each in its own savepoint, one commit a group."""

    def __init__(self, engine: Engine) -> None:
        event.listen(engine, "begin", _begin_immediate)
        self._engine = engine
        self._connection: Connection | None = None  # kept from commit to commit, until one fails
        self._since_rows = LATELY  # commits
        self._queue: queue.SimpleQueue[_HandedIn | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="storage.writer", daemon=True)
        self._gate = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Begin; once in its life."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what was handed in and end the thread; blocks until then. What comes later is refused."""
        with self._gate:
            self._closed = True
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def hand_in(
        self, run: Callable[..., Any], row: Any = None, *, batched: bool = False
    ) -> "asyncio.Future[Any]":
        """Queue one unit; the future carries its result once it is durable."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        with self._gate:  # nothing may queue up behind the end: nobody would ever look at it
            if self._closed or not self._thread.is_alive():
                raise StorageUnavailable("the database is closed")
            self._queue.put((run, row, batched, future))
        return future

    def _run(self) -> None:
        rows: list[_HandedIn] = []
        units: list[_HandedIn] = []
        open_ = True
        while open_ or rows or units:
            open_ = self._gather(rows, units, open_=open_, wait=not rows and not units)
            self._since_rows = 0 if rows else self._since_rows + 1
            self._take(rows, GROUP)
            self._take(units, UNITS_BESIDE_ROWS if self._since_rows < LATELY else UNITS)
        self._give_back()

    def _take(self, waiting: list[_HandedIn], most: int) -> None:
        group = _grouped(waiting[:most])
        del waiting[:most]
        if group:
            self._commit(group)
            _settle(group)

    def _gather(self, rows: list[_HandedIn], units: list[_HandedIn], *, open_: bool, wait: bool) -> bool:
        """Sort what was handed in; whether more may come. `wait` until there is something."""
        while open_:
            try:
                more = self._queue.get(block=wait)
            except queue.Empty:
                return True
            wait = False
            if more is None:
                return False
            (rows if more[2] else units).append(more)
        return False

    def _commit(self, units: list[_Unit]) -> None:
        try:
            self._connection = connection = self._connection or self._engine.connect()
            with connection.begin():
                for unit in units:
                    _run_in_savepoint(connection, unit)
        except Exception as error:  # noqa: BLE001 - a writer that dies would leave every caller waiting
            # Begin or commit failed: nothing of the whole group is there.
            self._give_back()
            for unit in units:
                unit.outcomes = [_Failed(_unavailable(error))] * len(unit.futures)

    def _give_back(self) -> None:
        """Let the pool have the connection, which undoes what is open there; the next commit asks for one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, sqlite3.Error):
                connection.close()


def _grouped(waiting: Sequence[_HandedIn]) -> list[_Unit]:
    units: list[_Unit] = []
    batches: dict[Callable[..., Any], _Unit] = {}
    for run, row, batched, future in waiting:
        if future.cancelled():
            continue
        if not batched:
            units.append(_Unit(run, None, [future], []))
        elif unit := batches.get(run):
            unit.rows.append(row)  # type: ignore[union-attr]
            unit.futures.append(future)
        else:
            batches[run] = _Unit(run, [row], [future], [])
            units.append(batches[run])
    return units


def _run_in_savepoint(connection: Connection, unit: _Unit) -> None:
    # Straight to the driver: by way of SQLAlchemy each of these costs ten times what SQLite needs for it.
    raw = driver.of(connection)
    raw.execute("SAVEPOINT unit")
    try:
        result = unit.run(connection) if unit.rows is None else unit.run(connection, unit.rows)
        unit.outcomes = [result] if unit.rows is None else list(result)
    except Exception as error:  # noqa: BLE001 - the writer's edge: a unit's failure belongs to its caller
        _undo(connection, unit, error)
    else:
        raw.execute("RELEASE unit")


def _undo(connection: Connection, unit: _Unit, error: Exception) -> None:
    try:
        connection.exec_driver_sql("ROLLBACK TO unit")
    except DBAPIError:
        # A full disk makes SQLite roll back the whole transaction: that is the cause to tell.
        raise error from None
    connection.exec_driver_sql("RELEASE unit")
    if unit.rows is not None and len(unit.rows) > 1:
        _one_by_one(connection, unit)
    else:
        unit.outcomes = [_Failed(_converted(error))]


def _one_by_one(connection: Connection, unit: _Unit) -> None:
    """A bad row must not take its neighbours along: each gets a savepoint of its own."""
    for row, future in zip(unit.rows or [], unit.futures, strict=True):
        single = _Unit(unit.run, [row], [future], [])
        _run_in_savepoint(connection, single)
        unit.outcomes.extend(single.outcomes)


def _settle(units: list[_Unit]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for unit in units:
        for future, outcome in zip(unit.futures, unit.outcomes, strict=True):
            by_loop.setdefault(future.get_loop(), []).append((future, outcome))
    for loop, settled in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_deliver, settled)


def _deliver(settled: "list[tuple[asyncio.Future[Any], Any]]") -> None:
    for future, outcome in settled:
        if future.done():
            continue
        if isinstance(outcome, _Failed):
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome)


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction would find out only at its first write that somebody else writes.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _converted(error: Exception) -> Exception:
    return _unavailable(error) if is_outage(error) else error


def is_outage(error: Exception) -> bool:
    """Whether the database is at fault, not the statement: an outage is waited out, a mistake never ends."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.OperationalError | sqlite3.InterfaceError):
        return False
    return getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def _unavailable(error: BaseException) -> StorageUnavailable:
    cause = getattr(error, "orig", None) or error
    return StorageUnavailable(str(cause))
