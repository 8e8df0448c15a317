from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.engine.workshop import Workshop, workshop
from tests.storage.files import new_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with all tables and no rows."""
    return new_file(tmp_path)


@pytest.fixture
async def shop(path: Path) -> AsyncIterator[Workshop]:
    """An inbox with workers on that file; no topic is started yet."""
    async with workshop(path) as found:
        yield found
