"""Many calls at once, through the whole client, to a portal that enforces its limits, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from sandbox.bitrix24.portal import WEBHOOK_CODE
from sandbox.bitrix24.portal import Portal as FarEnd
from sandbox.bitrix24.standin import Bitrix24
from sandbox.transport import LoopbackTransport
from services.bitrix24 import Portal, build_portal
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.wire import build_client
from services.engine.call_times import CallTimes
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from settings import load_settings
from tests.clock import HandClock
from tests.services.bitrix24.limits import HOST, all_of
from tests.storage.files import WatchedDatabase, new_file, opened

URL = f"https://{HOST}/rest/1/{WEBHOOK_CODE}/"
ADD = "crm.contact.add"
RATE = 2.0  # the stand-in's own, as the cloud's


@dataclass
class Town:
    """A portal with its limits, and a hub's database; `process` is one life of the hub."""

    clock: HandClock
    far: FarEnd
    stand_in: Bitrix24
    database: WatchedDatabase

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Portal]:
        """A client for the block."""
        settings = load_settings({"BITRIX24_URL": URL}, None).bitrix24
        supervisor = Supervisor(self.clock)
        app = Starlette(routes=self.stand_in.host_routes)
        async with build_client(LoopbackTransport(app, self.clock)) as client:
            times = CallTimes(Counters(CollectorRegistry()), self.clock)
            yield build_portal(settings, client, self.database, self.clock, Random(1), times, supervisor)
            await supervisor.stop(0)


@asynccontextmanager
async def town(folder: Path, **options: float) -> AsyncIterator[Town]:
    """All of it, for one test."""
    async with opened(new_file(folder)) as database:
        clock = HandClock()
        stand_in = Bitrix24(clock)
        clock.in_flight = lambda: database.in_flight + stand_in.traffic.in_flight
        yield Town(clock, stand_in.add_portal(HOST, **options), stand_in, database)
        stand_in.close()


async def added(portal: Portal, number: int) -> int:
    """The id of a new contact."""
    done = await portal.call(ADD, {"fields": {"NAME": f"Contact {number}"}})
    return int(done.result)


@pytest.mark.parametrize("latency", [0.05, 0.5])
async def test_4000_contacts_take_hardly_longer_than_the_portals_limit_wants(
    tmp_path: Path, latency: float
) -> None:
    async with town(tmp_path, latency=latency) as at, at.process() as portal:
        begun = at.clock.monotonic()
        ids = await at.clock.run(all_of([added(portal, number) for number in range(4000)]))
        took = at.clock.monotonic() - begun
        requests = at.far.ledger.requests
        print(f"{latency=} {requests=} {took=:.2f} ratio={took / ((requests - 50) / RATE):.3f}")
        assert len(set(ids)) == len(at.far.contacts) == 4000
        assert at.far.ledger.rejections == 0
        assert requests <= 1.1 * 4000 / 50
        assert took <= 1.1 * (requests - 50) / RATE


@pytest.mark.parametrize("latency", [0.05, 0.5])
async def test_a_restart_in_the_middle_of_the_burst_leads_to_no_refusal(
    tmp_path: Path, latency: float
) -> None:
    async with town(tmp_path, latency=latency) as at:
        async with at.process() as portal:
            first = asyncio.create_task(all_of([added(portal, number) for number in range(3000)]))
            await at.clock.run_until(lambda: at.far.ledger.requests >= 40)
            first.cancel()
        async with at.process() as portal:
            await at.clock.run(all_of([added(portal, number) for number in range(2500)]))
        assert at.far.ledger.rejections == 0
        assert len(at.far.contacts) >= 2500


@pytest.mark.parametrize("limit", [480, 420])
async def test_slow_commands_use_their_operating_time_up_and_no_request_is_cut(
    tmp_path: Path, limit: float
) -> None:
    """Four windows of ten minutes, with 0.7 s a command and work that never ends."""
    options = {"latency": 0.15, "command_latency": 0.7, "operating_limit": limit}
    async with town(tmp_path, **options) as at, at.process() as portal:
        minutes = 40
        end = at.clock.monotonic() + minutes * 60

        async def work(number: int) -> None:
            while at.clock.monotonic() < end:
                try:
                    await added(portal, number)
                except PortalUnavailable as error:
                    await at.clock.sleep(error.retry_after or 1.0)

        await at.clock.run(all_of([work(number) for number in range(400)]))
        used = len(at.far.contacts) * 0.7
        windows = minutes / 10
        print(f"{used=:.0f} of {windows * limit:.0f}, {at.far.ledger.blocked=} {at.far.ledger.requests=}")
        assert used >= 0.9 * limit * windows
        assert at.far.ledger.blocked <= 400, "a limit lower than the documented one is met once, and learnt"
        assert at.far.ledger.cut == 0
        assert at.far.ledger.rejections == 0
