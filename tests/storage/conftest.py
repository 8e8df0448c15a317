from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.storage.files import Home, WatchedDatabase, new_file, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with all tables and no rows."""
    return new_file(tmp_path)


@pytest.fixture
async def database(home: Home) -> AsyncIterator[WatchedDatabase]:
    """An empty database with all tables, opened: each test runs on SQLite and on PostgreSQL."""
    async with opened(home) as found:
        yield found
