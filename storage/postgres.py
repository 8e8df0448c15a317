"""PostgreSQL: a pool of connections, rows that wait together in one commit, hints by NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import msgspec
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage import schema
from storage.database import SILENCE, Result, Row, Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.groups import Groups, Spawn
from storage.postgres_errors import (
    PostgresTrouble,
    converted,
    is_read_only,
    is_to_repeat,
    reason_of,
    was_not_sent,
    was_undone,
)
from storage.postgres_leader import AdvisoryLock
from storage.postgres_look import Facts, look
from storage.postgres_presence import Presence

HINTS = "switchboard"  # the channel that the triggers of migration 0002 notify
TRIES = 3  # of a unit that lost against another one, or whose connection broke before its commit
SPELLED = {"ssl": "sslmode"}
_FOR_OTHERS = {
    "pgbouncer",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "statement_cache_size",
}
PATIENCE = 10.0  # seconds that making a connection may take
# Seconds. A process that stands still in the middle of a transaction keeps its locks, and others wait: units
# never wait for the outside, so this long a pause between two statements means nothing else.
STANDSTILL = 3.0
TRANSACTION_TIMEOUT = 17  # the PostgreSQL that learnt it


class PostgresDatabase:
    """One PostgreSQL database, which several processes may share.

    `url` may lead to a transaction pooler; then `direct_url` leads to PostgreSQL itself, for what belongs
    to one session: hints and the leader's lock. `spawn(name, work)` starts the commits of grouped rows.
    `beside` opens for a tool: the tables are checked and not changed.
    """

    def __init__(
        self,
        url: str,
        *,
        direct_url: str = "",
        pool_size: int,
        query_timeout: float,
        spawn: Spawn,
        beside: bool = False,
    ) -> None:
        self._beside = beside
        self._dsn = dsn_of(url)
        self._direct = dsn_of(direct_url or url)
        self._pool_size = pool_size
        self._query_timeout = query_timeout
        self._groups = Groups(self._write_group, spawn)
        self._engine: AsyncEngine | None = None
        self._facts: Facts | None = None
        self._presence = Presence(self._direct, timeout=PATIENCE)

    async def open(self) -> None:
        """Connect, see what is at the other end, and bring the tables up to date."""
        try:
            self._facts = await self._look()
            await self._presence.enter()
            await self._bring_up_to_date()
        except PostgresTrouble as error:
            self._presence.leave()
            raise DatabaseRefused(f"cannot open the database: {reason_of(error)}") from error
        except DatabaseRefused:
            self._presence.leave()
            raise
        self._engine = self._new_engine(self._query_timeout, pool_size=self._pool_size)

    async def close(self) -> None:
        await self._groups.close()
        engine, self._engine = self._engine, None
        if engine:
            await engine.dispose()
        self._presence.leave()

    async def read(self, query: Callable[[Transaction], Result]) -> Result:
        return await self._tried(lambda: self._read(query))

    async def write(self, unit: Callable[[Transaction], Result]) -> Result:
        return await self._tried(lambda: self._write(unit))

    async def write_row(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], row: Row
    ) -> Result:
        result: Result = await self._groups.hand_in(unit, row)
        return result

    async def write_rows(
        self, unit: Callable[[Transaction, Sequence[Row]], Sequence[Result]], rows: Sequence[Row]
    ) -> list[Result]:
        results: list[Result] = await asyncio.gather(*(self._groups.hand_in(unit, row) for row in rows))
        return results

    def leader_lock(self, silence: float = SILENCE) -> AdvisoryLock:
        """See Database."""
        return AdvisoryLock(self._direct, timeout=self._query_timeout, silence=silence)

    async def follow_hints(self, hear: Callable[[str], None]) -> None:
        """See Database. The connection is one of its own, to PostgreSQL itself."""
        cut_off = asyncio.Event()
        try:
            await self._presence.enter()  # again, when the server was restarted since
            connection = await asyncpg.connect(
                self._direct, timeout=PATIENCE, command_timeout=self._query_timeout, statement_cache_size=0
            )
            try:
                connection.add_termination_listener(lambda _: cut_off.set())
                await connection.add_listener(HINTS, lambda *heard: hear(str(heard[-1])))
                await cut_off.wait()
            finally:
                connection.terminate()
        except (*PostgresTrouble, DatabaseRefused) as error:
            raise StorageUnavailable(reason_of(error)) from error
        raise StorageUnavailable("PostgreSQL closed the connection that hints come by")

    @property
    def facts(self) -> Facts:
        """What was found at the opening."""
        if self._facts is None:
            raise StorageUnavailable("the database is closed")
        return self._facts

    @property
    def in_use(self) -> int:
        """Connections of the pool that are at work."""
        return self._engine.pool.checkedout() if self._engine else 0  # type: ignore[attr-defined]

    async def _look(self) -> Facts:
        facts = await look(self._dsn, timeout=PATIENCE)
        if self._direct == self._dsn:
            if facts.pooled:
                raise DatabaseRefused(
                    "DATABASE_URL leads to a connection pooler: set DATABASE_DIRECT_URL to PostgreSQL itself"
                )
        else:
            _assert_direct(facts, await look(self._direct, timeout=PATIENCE))
        return facts

    async def _tried(
        self,
        run: Callable[[], Awaitable[Result]],
        again: Callable[[BaseException], bool] = is_to_repeat,
    ) -> Result:
        """Repeat what lost a race or its connection, as long as nothing of it can have been committed."""
        tries = 0
        while True:
            tries += 1
            try:
                async with asyncio.timeout(self._query_timeout * TRIES):
                    return await run()
            except NoConnectionFree as error:
                raise StorageUnavailable("all connections to PostgreSQL are in use") from error
            except PostgresTrouble as error:
                if tries == TRIES or not again(error):
                    raise converted(error) from error

    async def _read(self, query: Callable[[Transaction], Result]) -> Result:
        async with self._connected() as connection:
            # Without a transaction a statement is one round trip, not three. A pooler needs one all the
            # same: it may send what belongs together to two servers.
            if not self.facts.pooled:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await connection.run_sync(query)

    async def _write(self, unit: Callable[[Transaction], Result]) -> Result:
        async with self._connected() as connection:
            transaction = await connection.begin()
            if self.facts.pooled:  # its sessions are not ours to set up
                for name, value in _limits(self.facts, self._query_timeout).items():
                    await connection.exec_driver_sql(f"SET LOCAL {name} = {value}")
            result = await connection.run_sync(unit)
            try:
                await transaction.commit()
            except PostgresTrouble as error:
                if was_undone(error):  # so it may run again
                    raise
                # It may be there or not: running it again is not for us to say.
                raise StorageUnavailable(f"the commit got no answer, {reason_of(error)}") from error
            return result

    async def _write_group(self, unit: Callable[..., Sequence[Any]], rows: Sequence[Any]) -> Sequence[Any]:
        if len(rows) == 1 and not self.facts.pooled:
            return await self._tried(lambda: self._write_alone(unit, rows), again=was_not_sent)
        return await self.write(lambda tx: unit(tx, rows))

    async def _write_alone(self, unit: Callable[..., Sequence[Any]], rows: Sequence[Any]) -> Sequence[Any]:
        """A row without company: each statement is its own transaction, one round trip instead of three."""
        async with self._connected() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await connection.run_sync(unit, rows)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        if self._engine is None:
            raise StorageUnavailable("the database is closed")
        async with self._engine.connect() as connection:
            try:
                yield connection
            except PostgresTrouble as error:
                if is_read_only(error):  # a new connection may lead to a server that writes, or find it does
                    await connection.invalidate()
                raise

    async def _bring_up_to_date(self) -> None:
        engine = self._new_engine(None)  # a migration takes what it takes
        act = schema.assert_current if self._beside else schema.bring_up_to_date
        try:
            async with engine.connect() as connection, connection.begin():
                # Of two hubs that start at once the second waits, and finds the work done.
                await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7702, 1)")
                await connection.run_sync(act, f"the database {self.facts.name}")
        finally:
            await engine.dispose()

    def _new_engine(self, timeout: float | None, *, pool_size: int | None = None) -> AsyncEngine:
        pool: dict[str, Any] = {"poolclass": NullPool}
        if pool_size:
            pool = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": timeout}
        return create_async_engine(
            "postgresql+asyncpg://",
            connect_args=self._connecting(timeout),
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            hide_parameters=True,  # what people wrote is not for the log
            **pool,
        )

    def _connecting(self, timeout: float | None) -> dict[str, Any]:
        async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
            pooled = self.facts.pooled
            return await asyncpg.connect(
                self._dsn,
                timeout=PATIENCE,
                command_timeout=timeout,
                statement_cache_size=0 if pooled else 100,
                server_settings=None if pooled or timeout is None else _limits(self.facts, timeout),
            )

        if not self.facts.pooled:
            return {"async_creator_fn": connect}
        # Unnamed statements: a pooler hands the next transaction to another server, which knows no names.
        unnamed = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}
        return {"async_creator_fn": connect} | unnamed


def _limits(facts: Facts, timeout: float) -> dict[str, str]:
    """How long a transaction may do nothing, and how long it may last: for clients that stand still.

    One that stops between the preparing of a statement and its running is not idle for PostgreSQL, so before
    17 its locks stay until it goes on or ends (postgresql.org/docs/current/runtime-config-client.html).
    """
    limits = {"idle_in_transaction_session_timeout": STANDSTILL}
    if facts.major >= TRANSACTION_TIMEOUT:
        limits["transaction_timeout"] = timeout
    return {name: str(round(seconds * 1000)) for name, seconds in limits.items()}


def _assert_direct(facts: Facts, direct: Facts) -> None:
    if direct.pooled:
        raise DatabaseRefused("DATABASE_DIRECT_URL leads to a connection pooler, not to PostgreSQL itself")
    if direct.identity != facts.identity:
        raise DatabaseRefused(
            f"DATABASE_DIRECT_URL leads to another database ({direct.name}) than DATABASE_URL ({facts.name})"
        )


def dsn_of(url: str) -> str:
    """The address as the driver and PostgreSQL's own tools take it.

    `ssl=` is SQLAlchemy's word for sslmode, and the names of _FOR_OTHERS are for poolers and other drivers.
    """
    parts = urlsplit("postgresql://" + url.partition("://")[2])
    query = [(SPELLED.get(name, name), value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode([each for each in query if each[0] not in _FOR_OTHERS])))
