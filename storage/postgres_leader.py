"""The lock that makes one of several processes the leader: a PostgreSQL advisory lock."""

import asyncpg

from storage.errors import StorageUnavailable
from storage.postgres_errors import PostgresTrouble, reason_of

LOCK = (7702, 2)  # advisory locks are per database, so the numbers only have to differ from our other one


class AdvisoryLock:
    """Held by a session of its own, for as long as that session lives and speaks."""

    def __init__(self, dsn: str, *, timeout: float, silence: float) -> None:
        """A leader that hangs keeps its connection, and with it the lock: `silence` seconds lose both."""
        self._dsn = dsn
        self._silence = silence
        self._timeout = timeout
        self._connection: asyncpg.Connection | None = None

    async def acquire(self) -> bool:
        """Try to become the holder; False when another process is. Raises StorageUnavailable."""
        return bool(await self._ask("SELECT pg_try_advisory_lock($1, $2)"))

    async def confirm(self) -> None:
        """Make sure that the lock is still ours. Raises StorageUnavailable when it is not."""
        held = await self._ask(
            "SELECT true FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted "
            "AND classid::bigint = $1 AND objid::bigint = $2"
        )
        if not held:
            await self.release()
            raise StorageUnavailable("the leader's lock is lost")

    async def release(self) -> None:
        """Let it go, by ending the session."""
        connection, self._connection = self._connection, None
        if connection:
            connection.terminate()

    async def _ask(self, query: str) -> object:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            return await self._connection.fetchval(query, *LOCK)
        except PostgresTrouble as error:
            await self.release()
            raise StorageUnavailable(reason_of(error)) from error

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._dsn, timeout=self._timeout, command_timeout=self._timeout, statement_cache_size=0
        )
        await connection.execute(f"SET idle_session_timeout = '{self._silence * 1000:.0f}ms'")
        return connection
