"""Reading a long list of deals."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench.caches import OURS
from bench.portal_peers import FAST, SDK, Params, fast_rows, sdk_rows
from bench.portal_process import Terms
from bench.portal_side import RATE, REFUSED, REQUESTS, FarEnd, far_end, our_portal, ran_to_its_end
from bench.rounds import Goal, Heading, Ran, Scale, Table, compare_runs
from tests.storage.files import new_file

LIST = "crm.deal.list"
READ = "deals read"
PARAMS: Params = {"select": ["ID", "TITLE", "STAGE_ID", "OPPORTUNITY", "CONTACT_ID"]}

_ABOUT = """Seconds until {count} deals with five fields are read, from a stand-in in a process of its own,
new for each run, that takes fifty requests at once and then two a second{latency}. Deals read are counted
by their ids.

- Ours is `portal.list_all`: by id, so that no deal is missed or read twice while others come and go; one
  page, then in one request as many as a quick portal gives in half a second, then fifty.
- fast-bitrix24: `get_all`, by offsets: the first page tells how many there are, the rest is asked at once.
- b24pysdk: `call_list_fast`, by id: one page, then fifty in a request."""

Read = Callable[[], Awaitable[list[Any]]]
Opened = Callable[[FarEnd, Path], AbstractAsyncContextManager[Read]]


async def list_at_0(scale: Scale, random: Random) -> Table:
    """A portal that answers at once."""
    return await _table(0.0, scale, random)


async def list_at_150(scale: Scale, random: Random) -> Table:
    """A portal as far away as the cloud's."""
    return await _table(0.15, scale, random)


async def _table(latency: float, scale: Scale, random: Random) -> Table:
    where = f"{latency * 1000:.0f} ms"
    costs = f", and needs {where} for a request besides its work" if latency else ""
    heading = Heading(
        f"Portal: {scale.deals:,} deals listed, {where} a request",
        "seconds",
        _ABOUT.format(count=f"{scale.deals:,}", latency=costs),
        OURS,
        (Goal(f"{scale.deals:,} deals at {where}: all are read", OURS, least=scale.deals, column=READ),),
        digits=2,
    )
    terms = Terms(latency=latency * scale.slowness, rate=RATE, deals=scale.deals)
    runs = {name: partial(_ran, opened, terms) for name, opened in _OPENED.items()}
    return await compare_runs(heading, runs, scale.few, random)


async def _ran(opened: Opened, terms: Terms) -> Ran:
    with tempfile.TemporaryDirectory() as folder:
        async with far_end(terms) as far, opened(far, new_file(Path(folder))) as read:
            rows, seconds, failure = await ran_to_its_end(read())
            account = await far.account()
    read_ids = {row["ID"] for row in rows or ()}
    return Ran(seconds, {REQUESTS: account.requests, REFUSED: account.refused, READ: len(read_ids)}, failure)


@asynccontextmanager
async def _ours(far: FarEnd, file: Path) -> AsyncIterator[Read]:
    async with our_portal(far.webhook, file) as portal:

        async def read() -> list[Any]:
            return [row async for row in portal.list_all(LIST, PARAMS)]

        yield read


@asynccontextmanager
async def _fast(far: FarEnd, _: Path) -> AsyncIterator[Read]:
    yield partial(fast_rows, far.webhook, LIST, PARAMS)


@asynccontextmanager
async def _sdk(far: FarEnd, _: Path) -> AsyncIterator[Read]:
    yield partial(sdk_rows, far.webhook, LIST, PARAMS)


_OPENED: dict[str, Opened] = {OURS: _ours, FAST: _fast, SDK: _sdk}
