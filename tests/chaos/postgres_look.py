"""The same look into PostgreSQL. Its driver knows only coroutines, so they run in a thread of their own."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from storage.postgres import dsn_of
from tests.chaos.look import Look, as_text

PATIENCE = 60.0  # seconds an answer may take
_NAMED = re.compile(r"(?<!:):([a-z_]+)")
# Every index against its table, every table's pages and tuples
# (https://www.postgresql.org/docs/current/amcheck.html).
_OURS = "relnamespace = 'public'::regnamespace"
_INDEXES = (
    "SELECT count(bt_index_check(pg_class.oid, true)::text) FROM pg_class JOIN pg_am ON pg_am.oid = relam "
    f"WHERE {_OURS} AND relkind = 'i' AND amname = 'btree'"
)
_TABLES = (
    "SELECT relname, found.msg FROM pg_class, LATERAL verify_heapam(pg_class.oid) AS found "
    f"WHERE {_OURS} AND relkind = 'r'"
)


class PostgresLook(Look):
    """Into a database; a connection that broke is made anew with the next question."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._dsn = dsn_of(url)
        self._loop = loop
        self._connection: asyncpg.Connection | None = None

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        names: list[str] = []

        def numbered(match: re.Match[str]) -> str:
            names.append(match[1])
            return f"${len(names)}"

        statement = _NAMED.sub(numbered, query)
        found = self._wait(self._ask(statement, [values[name] for name in names]))
        return [tuple(map(as_text, row)) for row in found]

    def integrity(self) -> str:
        self.rows("CREATE EXTENSION IF NOT EXISTS amcheck")
        try:
            self.rows(_INDEXES)
        except asyncpg.PostgresError as error:
            return str(error)
        broken = self.rows(_TABLES)
        return str(broken) if broken else "ok"

    def close(self) -> None:
        """Leave the database."""
        if self._connection:
            self._wait(self._connection.close())

    async def _ask(self, statement: str, values: list[object]) -> list[Any]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn)
        found: list[Any] = await self._connection.fetch(statement, *values)
        return found

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


@contextmanager
def looking_at_postgres(url: str) -> Iterator[Look]:
    """Questions for the block's time."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="look")
    thread.start()
    look = PostgresLook(url, loop)
    try:
        yield look
        look.close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
