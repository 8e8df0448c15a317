"""The portal's side of the measurements, and ours: a stand-in elsewhere, and the hub's client for it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TypeVar

import httpx
import msgspec
from prometheus_client import CollectorRegistry

from bench.portal_process import HOST, Listening, Terms
from sandbox.bitrix24.entities import CONTACT, DEAL
from services.bitrix24 import Portal, build_portal
from services.bitrix24.wire import build_client
from services.engine.call_times import CallTimes
from services.engine.clock import Clock, SystemClock
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from settings import load_settings
from storage.database import Database
from storage.sqlite import SqliteDatabase

ROOT = Path(__file__).parents[1]
RATE, BURST, MOST_COMMANDS = 2.0, 50, 50  # of the cloud's portals, and of the stand-in's
REQUESTS, REFUSED = "requests", "refused"  # columns
LONGEST_LINE = 2**22  # bytes
PATIENCE = 140.0  # seconds until a client that gets nowhere counts as failed

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Account:
    """What the portal says of itself."""

    requests: int
    refused: int  # requests that were more than its bucket holds
    contacts: int
    deals: int


@dataclass(frozen=True, slots=True)
class FarEnd:
    """A stand-in that runs in another process."""

    listening: Listening
    _client: httpx.AsyncClient

    @property
    def webhook(self) -> str:
        """The portal's address as a client is given it."""
        return self.listening.webhook

    async def account(self) -> Account:
        """How much has come so far, by the portal's own ledger."""
        return await account_of(self._client, self.listening.address, HOST)


async def account_of(client: httpx.AsyncClient, address: str, domain: str) -> Account:
    """What a portal says of itself on its page; `address` is the stand-ins'."""
    page = (await client.get(f"{address}/portal/page/portals/{domain}")).raise_for_status().json()
    kept = {kind["id"]: kind["count"] for kind in page["kinds"]}
    figures = page["figures"]
    return Account(figures["requests"], figures["rejections"], kept[CONTACT], kept[DEAL])


@asynccontextmanager
async def far_end(terms: Terms) -> AsyncIterator[FarEnd]:
    """A new stand-in for the block, its ledger empty and its bucket too."""
    async with (
        elsewhere("bench.portal_process", terms) as (lines, _),
        httpx.AsyncClient(timeout=60) as client,
    ):
        yield FarEnd(msgspec.json.decode(await lines.readline(), type=Listening), client)


@asynccontextmanager
async def elsewhere(
    module: str, terms: object
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A module that runs in a process of its own until the block ends: what it writes, and what it reads."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        msgspec.json.encode(terms).decode(),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout, process.stdin
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def our_portal(webhook: str, file: Path) -> AsyncIterator[Portal]:
    """The hub's client, on a database of its own, for the block."""
    database = SqliteDatabase(file)
    await database.open()
    try:
        async with build_client() as client, portal_with(webhook, client, database, SystemClock()) as portal:
            yield portal
    finally:
        await database.close()


@asynccontextmanager
async def portal_with(
    webhook: str, client: httpx.AsyncClient, database: Database, clock: Clock
) -> AsyncIterator[Portal]:
    """The hub's client over what is there."""
    settings = load_settings({"BITRIX24_URL": webhook}, None).bitrix24
    supervisor = Supervisor(clock)
    times = CallTimes(Counters(CollectorRegistry()), clock)
    try:
        yield build_portal(settings, client, database, clock, Random(1), times, supervisor)
    finally:
        await supervisor.stop(0)


async def ran_to_its_end(work: Awaitable[Result]) -> tuple[Result | None, float, str]:
    """What came of it, the seconds it took, and the class of what ended it before."""
    started = perf_counter()
    try:
        async with asyncio.timeout(PATIENCE):
            result: Result | None = await work
    except Exception as error:  # noqa: BLE001 - a peer may fail with anything, and that is told
        return None, perf_counter() - started, _class_of(error)
    return result, perf_counter() - started, ""


def _class_of(error: Exception) -> str:
    """Its name; of several together that of the first."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
