from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.storage.files import WatchedDatabase, new_file, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with all tables and no rows."""
    return new_file(tmp_path)


@pytest.fixture
async def database(path: Path) -> AsyncIterator[WatchedDatabase]:
    """That file, opened."""
    async with opened(path) as found:
        yield found
