"""Thousands of contacts for a portal that takes fifty requests at once and then two a second."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from math import ceil, nan
from pathlib import Path
from random import Random
from typing import Any

from bench.caches import OURS
from bench.portal_peers import FAST, SDK, Params, fast_calls, sdk_calls
from bench.portal_process import Terms
from bench.portal_side import (
    BURST,
    MOST_COMMANDS,
    RATE,
    REFUSED,
    REQUESTS,
    FarEnd,
    far_end,
    our_portal,
    ran_to_its_end,
)
from bench.rounds import Goal, Heading, Ran, Scale, Table, compare_runs
from services.bitrix24 import Portal
from tests.storage.files import new_file

ADD = "crm.contact.add"
RESTARTED = "ours, stopped in the burst and started anew"
IDS, CREATED, LEAST = "ids given", "contacts made", "× the bucket's least"
SLOW = 8  # requests at a time, as many as ours has
ROUNDS = 1  # the bucket makes each last long, and leaves little to chance

_ABOUT = """Seconds until {count} contacts are added to a portal that takes {burst} requests at once and then
{rate:.0f} a second, refuses what is more, and needs {latency:.0f} ms for a request besides its work. It is
the stand-in in a process of its own, new for each run; requests and refusals are its own count.
“{least}” compares the time with the least in which that bucket lets pass the requests that it took.

- Ours is a `portal.call` for each contact, all awaited at once, with the bucket kept in SQLite. Client and
  database are open before.
- Stopped and started anew: when a third has its ids, client and database are closed; a second client on the
  same database adds what has no id yet. What was on its way then is added twice here; the hub looks for it.
- fast-bitrix24: `BitrixAsync.call` with a list. b24pysdk: `BitrixWebhook.call_batches`, in a thread, over
  http (it knows https only). As its documentation advises when a portal is slow, fast-bitrix24 runs once
  more with `slow({slow})`: so many requests at a time."""


_WHY_LEAST = (
    "The least counts from the first request's arrival to the last's. All calls are made before it, after it "
    "comes the last answer, and a request counts in our bucket until its answer shows that it has arrived."
)


class Stopped(Exception):
    """A client's life ends before its work."""


Adding = Callable[[list[Params]], Awaitable[Iterable[int]]]  # adds contacts; the ids that came back
Opened = Callable[[FarEnd, Path], AbstractAsyncContextManager[Adding]]  # with the file of an empty database
Calls = Callable[[str, str, list[Params]], Awaitable[list[Any]]]


async def adds_at_50(scale: Scale, random: Random) -> Table:
    """A portal nearby."""
    return await _table(0.05, scale, random)


async def adds_at_500(scale: Scale, random: Random) -> Table:
    """A portal far away."""
    return await _table(0.5, scale, random)


async def _table(latency: float, scale: Scale, random: Random) -> Table:
    where = f"{latency * 1000:.0f} ms"
    about = _ABOUT.format(
        count=f"{scale.contacts:,}", burst=BURST, rate=RATE, latency=latency * 1000, least=LEAST, slow=SLOW
    )
    title = f"Portal: {scale.contacts:,} contacts, {where} a request"
    heading = Heading(title, "seconds", about, OURS, _goals(scale.contacts, where), digits=1)
    terms = Terms(latency=latency * scale.slowness, rate=RATE)
    runs = {name: partial(_ran, opened, terms, scale.contacts) for name, opened in _OPENED.items()}
    return await compare_runs(heading, runs, ROUNDS, random)


def _goals(count: int, where: str) -> tuple[Goal, ...]:
    what = f"{count:,} contacts at {where}"
    fewest = ceil(count / MOST_COMMANDS)
    return (
        Goal(f"{what}: all have ids", OURS, least=count, column=IDS),
        Goal(f"{what}: none refused", OURS, most=0, column=REFUSED),
        Goal(f"{what}: ≤ 1.1× the bucket's least time", OURS, most=1.1, column=LEAST, reason=_WHY_LEAST),
        Goal(f"{what}: ≤ 1.1× the fewest requests, {fewest}", OURS, most=1.1 * fewest, column=REQUESTS),
        Goal(f"{what}, started anew in the burst: all have ids", RESTARTED, least=count, column=IDS),
        Goal(f"{what}, started anew in the burst: ≤ 5 refused", RESTARTED, most=5, column=REFUSED),
    )


async def _ran(opened: Opened, terms: Terms, count: int) -> Ran:
    contacts = _contacts(count)
    with tempfile.TemporaryDirectory() as folder:
        async with far_end(terms) as far, opened(far, new_file(Path(folder))) as add:
            ids, seconds, failure = await ran_to_its_end(add(contacts))
            account = await far.account()
    waited = (account.requests - account.refused - BURST) / RATE
    counted = {
        REQUESTS: account.requests,
        REFUSED: account.refused,
        IDS: len(set(ids or ())),
        CREATED: account.contacts,
        LEAST: seconds / waited if waited > 0 and not failure else nan,
    }
    return Ran(seconds, counted, failure)


@asynccontextmanager
async def _ours(far: FarEnd, file: Path) -> AsyncIterator[Adding]:
    async with our_portal(far.webhook, file) as portal:

        async def add(contacts: list[Params]) -> Iterable[int]:
            return (await _added(portal, contacts, len(contacts))).values()

        yield add


@asynccontextmanager
async def _restarted(far: FarEnd, file: Path) -> AsyncIterator[Adding]:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(our_portal(far.webhook, file))

        async def add(contacts: list[Params]) -> Iterable[int]:
            ids = await _added(first, contacts, len(contacts) // 3)
            await stack.aclose()
            rest = [each for each in contacts if _name(each) not in ids]
            second = await stack.enter_async_context(our_portal(far.webhook, file))
            return (ids | await _added(second, rest, len(rest))).values()

        yield add


async def _added(portal: Portal, contacts: Sequence[Params], most: int) -> dict[str, int]:
    """Add these, all at once, and stop when so many have ids; the ids by name."""
    ids: dict[str, int] = {}

    async def add(contact: Params) -> None:
        ids[_name(contact)] = int((await portal.call(ADD, contact)).result)
        if len(ids) >= most < len(contacts):
            raise Stopped

    try:
        async with asyncio.TaskGroup() as group:
            for contact in contacts:
                group.create_task(add(contact))
    except* Stopped:
        pass
    return ids


def _name(contact: Params) -> str:
    return str(contact["fields"]["NAME"])


def _peer(calls: Calls) -> Opened:
    @asynccontextmanager
    async def opened(far: FarEnd, _: Path) -> AsyncIterator[Adding]:
        yield partial(calls, far.webhook, ADD)

    return opened


def _contacts(count: int) -> list[Params]:
    return [
        {"fields": {"NAME": f"Имя {number}", "LAST_NAME": "Петров & Ко", "SOURCE_ID": "WEB"}}
        for number in range(count)
    ]


_OPENED: dict[str, Opened] = {
    OURS: _ours,
    RESTARTED: _restarted,
    FAST: _peer(fast_calls),
    f"{FAST}, slow({SLOW})": _peer(partial(fast_calls, at_once=SLOW)),
    SDK: _peer(sdk_calls),
}
