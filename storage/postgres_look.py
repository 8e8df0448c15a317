"""What is at the other end of a PostgreSQL address."""

from dataclasses import dataclass

import asyncpg

from storage.errors import DatabaseRefused

OLDEST = 14  # idle_session_timeout, by which a leader that hangs loses its lock


@dataclass(frozen=True, slots=True)
class Facts:
    """`pooled`: statements reach PostgreSQL through a connection pooler. `identity` tells databases apart."""

    name: str
    version: str
    pooled: bool
    identity: str

    @property
    def major(self) -> int:
        """The first number of its version, as in `17.2` or `18beta1`; it has two digits since 10."""
        return int(self.version[:2])


async def look(dsn: str, *, timeout: float) -> Facts:
    """Ask it. Raises DatabaseRefused for one that cannot be used, and what the driver raises."""
    connection = await asyncpg.connect(dsn, timeout=timeout, command_timeout=timeout, statement_cache_size=0)
    try:
        async with connection.transaction():
            row = await connection.fetchrow(
                "SELECT pg_backend_pid() AS pid, current_database() AS name, "
                "current_setting('server_version') AS version, "
                "current_setting('server_version_num')::int AS number, "
                "current_setting('server_encoding') AS encoding, "
                "concat_ws(' ', pg_postmaster_start_time(), (SELECT oid FROM pg_database "
                "WHERE datname = current_database())) AS identity"
            )
        told = connection.get_server_pid()
    finally:
        connection.terminate()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    if row["number"] < OLDEST * 10000:
        raise DatabaseRefused(f"PostgreSQL {row['version']} is too old: {OLDEST} is the least")
    if row["encoding"] != "UTF8":
        raise DatabaseRefused(f"the database {row['name']} is in {row['encoding']}, it should be in UTF8")
    # A pooler invents the process id it tells at the connection's start.
    return Facts(row["name"], row["version"], row["pid"] != told, row["identity"])
