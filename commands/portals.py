"""The portals of the settings for a command that asks them itself, without a hub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import SystemRandom

from prometheus_client import CollectorRegistry

from services.bitrix24 import Portal, build_portal
from services.bitrix24.wire import build_client
from services.deals.looking import Looking
from services.deals.mapping.model import Mapping
from services.deals.schemas import Schemas
from services.deals.sources import Sources
from services.engine.call_times import CallTimes
from services.engine.clock import Clock
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from settings import Settings
from storage.database import Database

GRACE = 1.0  # seconds that what still runs gets in the end


@asynccontextmanager
async def looking_at(
    settings: Settings, rules: Mapping, database: Database, *, counted_in: Database, clock: Clock
) -> AsyncIterator[Looking]:
    """Looks at the deals of BITRIX24_SOURCES with what `database` knows of them.

    `counted_in`: where requests are counted, so that no portal gets more than it takes.
    """
    async with AsyncExitStack() as stack:
        supervisor, counters = Supervisor(clock), Counters(CollectorRegistry())
        stack.push_async_callback(supervisor.stop, GRACE)

        def portal(source: str = "") -> Portal:
            client = build_client()
            stack.push_async_callback(client.aclose)
            times = CallTimes(counters, clock)
            return build_portal(
                settings.bitrix24,
                client,
                counted_in,
                clock,
                SystemRandom(),
                times,
                supervisor,
                source=source,
            )

        sources = Sources(portal(), {domain: portal(domain) for domain in settings.bitrix24.sources})
        yield Looking(sources, database, clock, Schemas(clock), lambda: rules)
