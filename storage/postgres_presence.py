"""Who works on a PostgreSQL database says so by a shared lock; a restore wants it for itself."""

import asyncpg

from storage.errors import DatabaseRefused

PRESENCE = (7702, 3)  # an advisory lock, per database as the leader's is


class Presence:
    """A session that holds the lock for as long as it lives."""

    def __init__(self, dsn: str, *, timeout: float) -> None:
        self._dsn = dsn
        self._timeout = timeout
        self._connection: asyncpg.Connection | None = None

    async def enter(self) -> None:
        """Be there, if not already. Raises DatabaseRefused during a restore, and what the driver raises."""
        if self._connection and not self._connection.is_closed():
            return
        connection = await asyncpg.connect(
            self._dsn, timeout=self._timeout, command_timeout=self._timeout, statement_cache_size=0
        )
        try:
            admitted = await connection.fetchval("SELECT pg_try_advisory_lock_shared($1, $2)", *PRESENCE)
        except BaseException:
            connection.terminate()
            raise
        if not admitted:
            connection.terminate()
            raise DatabaseRefused("a restore is under way on this database: start again when it is done")
        self._connection = connection

    def leave(self) -> None:
        """Be gone, by ending the session."""
        connection, self._connection = self._connection, None
        if connection:
            connection.terminate()
