from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.engine.workshop import Workshop, workshop
from tests.storage.files import Home, new_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with all tables and no rows."""
    return new_file(tmp_path)


@pytest.fixture
async def shop(home: Home) -> AsyncIterator[Workshop]:
    """An inbox with workers on SQLite, then on PostgreSQL; no topic is started yet."""
    async with workshop(home) as found:
        yield found
