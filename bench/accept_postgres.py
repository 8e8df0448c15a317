"""From "please keep this" until it is durable, on PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from random import Random

import asyncpg
from pgqueuer import Queries

from bench.caches import OURS
from bench.clients import Accept, answered
from bench.jobs import TOPIC, accepting, payload_of
from bench.rounds import Contender, Goal, Heading, Scale, Table, compare
from storage.postgres import dsn_of
from tests.postgres import PostgresServer, new_database, postgres, server

CONNECTIONS = 20  # of either pool: DATABASE_POOL_SIZE's default
PGQUEUER = "PgQueuer, pool"

_ABOUT = (
    "Rows a second, each committed with fsync before its answer, a payload of about 1 kB under a unique "
    "dedup id, one server for all, a new database for each cell, {clients} asking at a time. Ours is "
    "`Inbox.accept` on a pool of {connections} connections, which stores what waits together by one "
    'statement and notifies those who wait. PgQueuer is `Queries.enqueue(…, dedupe_key, on_conflict="skip")` '
    "on an asyncpg pool of as many connections, and on the single connection of its first example."
)

_WHY = (
    "Both send one statement. Ours tells a row from a known one, keeps more indexes and notifies those who "
    "wait, and goes by way of SQLAlchemy's pool and result; rows that wait together share all of that."
)

Opened = Callable[[PostgresServer], AbstractAsyncContextManager[Accept]]


async def accept_one(scale: Scale, random: Random) -> Table:
    """One client."""
    return await _table(1, "one", scale, random)


async def accept_many(scale: Scale, random: Random) -> Table:
    """Sixty-four clients."""
    return await _table(64, "64", scale, random)


async def _table(clients: int, word: str, scale: Scale, random: Random) -> Table:
    with server(options=()) as made:
        return await accept_on(made, clients, word, scale, random)


async def accept_on(made: PostgresServer, clients: int, word: str, scale: Scale, random: Random) -> Table:
    """The same on a server that runs already; `word` says the number of clients."""
    title = f"Accept until durable: PostgreSQL, {word} at a time"
    says = f"PostgreSQL accept ≥ 1× PgQueuer, {word} at a time"
    goal = Goal(says, OURS, PGQUEUER, least=1.0, reason=_WHY if clients == 1 else "")
    about = _ABOUT.format(clients=word, connections=CONNECTIONS)
    heading = Heading(title, "rows a second", about, PGQUEUER, (goal,))
    contenders = [
        Contender(peer, partial(_measured, opened, made, clients, scale.disk_seconds))
        for peer, opened in _PEERS.items()
    ]
    return await compare(heading, contenders, scale.rounds, random)


async def _measured(opened: Opened, made: PostgresServer, clients: int, seconds: float) -> float:
    async with opened(made) as accept:
        return await answered(accept, clients, seconds)


@asynccontextmanager
async def _ours(made: PostgresServer) -> AsyncIterator[Accept]:
    async with new_database(made) as url, accepting(postgres(url, pool_size=CONNECTIONS)) as accept:
        yield accept


@asynccontextmanager
async def _pgqueuer_pool(made: PostgresServer) -> AsyncIterator[Accept]:
    async with (
        new_database(made, template="template1") as url,
        asyncpg.create_pool(dsn_of(url), min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
    ):
        yield await _enqueuing(Queries.from_asyncpg_pool(pool))


@asynccontextmanager
async def _pgqueuer_connection(made: PostgresServer) -> AsyncIterator[Accept]:
    async with new_database(made, template="template1") as url:
        connection = await asyncpg.connect(dsn_of(url))
        try:
            yield await _enqueuing(Queries.from_asyncpg_connection(connection))
        finally:
            await connection.close()


async def _enqueuing(queries: Queries) -> Accept:
    await queries.install()

    async def accept(number: int) -> None:
        payload = payload_of(number).encode()
        await queries.enqueue(TOPIC, payload, dedupe_key=f"1:{number}", on_conflict="skip")

    return accept


_PEERS: dict[str, Opened] = {
    OURS: _ours,
    PGQUEUER: _pgqueuer_pool,
    "PgQueuer, one connection": _pgqueuer_connection,
}
