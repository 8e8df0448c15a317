"""Slow commands without end, under the portal's limit of ten minutes' work, in virtual time."""

import asyncio
import tempfile
from functools import partial
from math import ceil, nan
from pathlib import Path
from random import Random

from starlette.applications import Starlette

from bench.caches import OURS
from bench.portal_side import RATE, REFUSED, REQUESTS, portal_with
from bench.rounds import Goal, Heading, Ran, Scale, Table, compare_runs
from sandbox.bitrix24.portal import WEBHOOK_CODE, WEBHOOK_USER
from sandbox.bitrix24.standin import Bitrix24
from sandbox.transport import LoopbackTransport
from services.bitrix24 import Portal
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.wire import build_client
from tests.clock import HandClock
from tests.storage.files import new_file, opened

HOST = "home.bitrix24.ru"
ADD = "crm.contact.add"
CEILING = "the limit itself"
BLOCKED, CUT = "commands blocked", "requests cut"
LIMIT = 480.0  # seconds of work a method may do in WINDOW
WINDOW = 10  # minutes
COMMAND, LATENCY = 0.7, 0.15  # seconds
CALLERS = 400

_ABOUT = """Seconds of work that a portal does in {minutes} minutes, when {callers} callers add one contact
after another, each costs it {command} s, and it blocks a method that has worked {limit:.0f} s within ten
minutes; a request that lasts 60 s is cut. The hub's client and the stand-in share one loop and a clock of
virtual time. The limit itself: as much as it allows in each ten minutes, begun ones too."""


async def operating_time(scale: Scale, random: Random) -> Table:
    """How much of the allowed work gets done."""
    allowed = LIMIT * ceil(scale.minutes / WINDOW)
    about = _ABOUT.format(minutes=scale.minutes, callers=CALLERS, command=COMMAND, limit=LIMIT)
    heading = Heading(
        f"Portal: commands of {COMMAND} s for {scale.minutes} minutes",
        "seconds of work",
        about,
        CEILING,
        (
            Goal("operating limit: ≥ 90 % of what it allows", OURS, CEILING, least=0.9),
            Goal("operating limit: no request cut", OURS, most=0, column=CUT),
        ),
    )
    runs = {OURS: partial(_ours, scale.minutes), CEILING: partial(_ceiling, allowed)}
    return await compare_runs(heading, runs, 1, random)


async def _ceiling(allowed: float) -> Ran:
    return Ran(allowed, dict.fromkeys((REQUESTS, REFUSED, BLOCKED, CUT), nan))


async def _ours(minutes: int) -> Ran:
    clock = HandClock()
    stand_in = Bitrix24(clock)
    options = {"rate": RATE, "latency": LATENCY, "command_latency": COMMAND, "operating_limit": LIMIT}
    far = stand_in.add_portal(HOST, **options)
    transport = LoopbackTransport(Starlette(routes=stand_in.host_routes), clock)
    webhook = f"https://{HOST}/rest/{WEBHOOK_USER}/{WEBHOOK_CODE}/"
    with tempfile.TemporaryDirectory() as folder:
        async with (
            opened(new_file(Path(folder))) as database,
            build_client(transport) as client,
            portal_with(webhook, client, database, clock) as portal,
        ):
            clock.in_flight = lambda: database.in_flight + stand_in.traffic.in_flight
            await clock.run(_work(portal, clock, minutes * 60.0))
            stand_in.close()
    ledger = far.ledger
    counted: dict[str, float] = {
        REQUESTS: ledger.requests,
        REFUSED: ledger.rejections,
        BLOCKED: ledger.blocked,
        CUT: ledger.cut,
    }
    return Ran(len(far.contacts) * COMMAND, counted)


async def _work(portal: Portal, clock: HandClock, seconds: float) -> None:
    end = clock.monotonic() + seconds

    async def caller() -> None:
        while clock.monotonic() < end:
            try:
                await portal.call(ADD, {"fields": {"NAME": "Анна"}})
            except PortalUnavailable as error:
                await clock.sleep(error.retry_after or 1.0)

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())
