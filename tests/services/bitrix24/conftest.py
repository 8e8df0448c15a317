"""A portal's client on a real database and virtual time, with a scripted portal behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.bitrix24.far import FarPortal, Room, new_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with new_room(tmp_path) as made:
        yield made


@pytest.fixture
def far(room: Room) -> FarPortal:
    return room.far
