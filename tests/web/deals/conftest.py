"""A hub with portals that nobody asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.deals.model import TOPIC
from services.engine.inbox import Topic
from services.engine.retry import OUTSIDE
from services.engine.work import Work
from storage.records import Job
from tests.clock import HandClock
from tests.web.deals.telling import PORTALS, SOURCES
from tests.web.door import Door, open_door


async def never(job: Job, work: Work) -> None:
    raise AssertionError("no worker runs here")


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError("nobody asks a portal here, least of all at an address of a body")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def door(tmp_path: Path, clock: HandClock) -> AsyncIterator[Door]:
    """A hub with portals that nobody asks: what is taken waits."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as portal:
        clients = dict.fromkeys(SOURCES, portal)
        async with open_door(tmp_path, clock=clock, portal=portal, sources=clients, **PORTALS) as opened:
            opened.hub.inbox.register(Topic(TOPIC, never, 1, OUTSIDE))
            clock.in_flight = lambda: opened.database.in_flight
            yield opened
