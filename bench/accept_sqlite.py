"""From "please keep this" until it is durable, on SQLite."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import create_async_engine

from bench.caches import OURS
from bench.clients import Accept, answered
from bench.jobs import accepting, values_of
from bench.rounds import Contender, Goal, Heading, Scale, Table, compare
from storage.sqlite import SqliteDatabase
from storage.tables import jobs

AIOSQLITE = "aiosqlite, a commit each"

_ABOUT = (
    "Rows a second, each durable before its answer: the same row of about 1 kB into the same table with its "
    "indexes and its UNIQUE(topic, dedup_id), write-ahead log, synchronous=FULL, a new file for each cell, "
    "{clients} asking at a time. {how}"
)
_HOW = (
    "Ours is `Inbox.accept`: one thread commits all that wait together. aiosqlite has one connection and a "
    "lock around INSERT and COMMIT, so that no request commits half of another; without the lock commits "
    "merge by accident, and a rollback would take others' rows along. SQLAlchemy runs "
    "`engine.begin()` with one INSERT on a pool of one connection."
)
_INSERT = """
INSERT INTO jobs
    (topic, key, dedup_id, dedup_until, payload, state, due_at, correlation_id, accepted_at)
VALUES
    (:topic, :key, :dedup_id, :dedup_until, :payload, :state, :due_at, :correlation_id, :accepted_at)
ON CONFLICT (topic, dedup_id) DO NOTHING
"""

_WHY = (
    "With commits shared, what is left is a row's own price, and most of that is Python: making the row, the "
    "future, and SQLAlchemy's part of each INSERT."
)

Opened = Callable[[Path], AbstractAsyncContextManager[Accept]]


async def accept_one(scale: Scale, random: Random) -> Table:
    """One client."""
    return await _table(1, "one", scale, random, ())


async def accept_many(scale: Scale, random: Random) -> Table:
    """Sixty-four clients."""
    goal = Goal("accept ≥ 5× aiosqlite, 64 at a time", OURS, AIOSQLITE, least=5.0, reason=_WHY)
    return await _table(64, "64", scale, random, (goal,))


async def _table(clients: int, word: str, scale: Scale, random: Random, goals: tuple[Goal, ...]) -> Table:
    title = f"Accept until durable: SQLite, {word} at a time"
    about = _ABOUT.format(clients=word, how=_HOW)
    heading = Heading(title, "rows a second", about, AIOSQLITE, goals)
    with tempfile.TemporaryDirectory() as folder:
        template = await _template(Path(folder))
        contenders = [
            Contender(peer, partial(_measured, opened, template, clients, scale.disk_seconds))
            for peer, opened in _PEERS.items()
        ]
        return await compare(heading, contenders, scale.rounds, random)


async def _template(folder: Path) -> Path:
    """An empty database with all tables."""
    path = folder / "template.db"
    database = SqliteDatabase(path)
    await database.open()
    await database.close()
    return path


async def _measured(opened: Opened, template: Path, clients: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        path = Path(folder) / "jobs.db"
        shutil.copyfile(template, path)
        async with opened(path) as accept:
            return await answered(accept, clients, seconds)


@asynccontextmanager
async def _ours(path: Path) -> AsyncIterator[Accept]:
    async with accepting(SqliteDatabase(path)) as accept:
        yield accept


@asynccontextmanager
async def _aiosqlite(path: Path) -> AsyncIterator[Accept]:
    async with aiosqlite.connect(path) as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        lock = asyncio.Lock()

        async def accept(number: int) -> None:
            async with lock:
                await connection.execute(_INSERT, _as_text(values_of(number)))
                await connection.commit()

        yield accept


@asynccontextmanager
async def _aiosqlite_unlocked(path: Path) -> AsyncIterator[Accept]:
    async with aiosqlite.connect(path) as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")

        async def accept(number: int) -> None:
            await connection.execute(_INSERT, _as_text(values_of(number)))
            await connection.commit()

        yield accept


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    moments = {name: values[name].isoformat() for name in ("dedup_until", "due_at", "accepted_at")}
    return values | moments


@asynccontextmanager
async def _sqlalchemy(path: Path) -> AsyncIterator[Accept]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _durable)
    statement = insert(jobs).on_conflict_do_nothing(index_elements=["topic", "dedup_id"])

    async def accept(number: int) -> None:
        async with engine.begin() as connection:
            await connection.execute(statement, values_of(number))

    try:
        yield accept
    finally:
        await engine.dispose()


def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


_PEERS: dict[str, Opened] = {
    OURS: _ours,
    AIOSQLITE: _aiosqlite,
    "aiosqlite, no lock": _aiosqlite_unlocked,
    "SQLAlchemy async + aiosqlite, a commit each": _sqlalchemy,
}
