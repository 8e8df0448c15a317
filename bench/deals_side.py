"""A hub between two portals that run in another process."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import text

from bench.deals_process import HOME, MODULE, PARTNER, Listening, Terms
from bench.events_process import TOKEN, Told
from bench.portal_side import Account, account_of, elsewhere
from commands.assembly import Switchboard, running
from commands.serve import be_steady
from settings import load_settings
from tests.storage.files import new_file

LOOK = 0.05  # seconds between two looks at how far the hub is
_BUSY = text("SELECT count(*) FROM jobs WHERE topic = 'deals' AND state IN ('waiting', 'claimed')")
_LINKED = text("SELECT count(*) FROM deal_links")


@dataclass(frozen=True, slots=True)
class Between:
    """The hub at work and the portals on both sides of it."""

    switchboard: Switchboard
    listening: Listening
    _client: httpx.AsyncClient
    _lines: asyncio.StreamReader
    _orders: asyncio.StreamWriter

    async def home(self) -> Account:
        """What the home portal counts."""
        return await account_of(self._client, self.listening.address, HOME)

    async def partner(self) -> Account:
        """What the partner's portal counts."""
        return await account_of(self._client, self.listening.address, PARTNER)

    async def tell(self, number: int) -> None:
        """One event of the partner's portal; RuntimeError when it is not accepted."""
        auth = {"domain": PARTNER, "application_token": TOKEN}
        event = {"event": "ONCRMDEALADD", "data": {"FIELDS": {"ID": number}}, "auth": auth}
        answer = await self._client.post(f"{self.switchboard.address}/webhook/deal", json=event)
        if answer.status_code != 200:
            raise RuntimeError(f"an event was refused: {answer.text}")

    async def tell_all(self, numbers: range) -> None:
        """Events of all of these, eight at a time."""
        waiting = iter(numbers)

        async def teller() -> None:
            for number in waiting:
                await self.tell(number)

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(teller())

    async def edited(self) -> Told:
        """Have the partner's deals edited as the terms say, each edit told to the hub."""
        self._orders.write(f"{self.switchboard.address}\n".encode())
        return msgspec.json.decode(await self._lines.readline(), type=Told)

    async def done(self, linked: int) -> None:
        """Wait until so many deals have their twins and no deal waits."""
        while True:
            if await self._count(_LINKED) >= linked and not await self._count(_BUSY):
                return
            await asyncio.sleep(LOOK)

    async def rows(self, address: str, *fields: str) -> dict[str, dict[str, Any]]:
        """All deals of a portal by their numbers, read as anybody may."""
        found: dict[str, dict[str, Any]] = {}
        last = "0"
        while True:
            asked = {"filter": {">ID": last}, "select": ["ID", *fields], "order": {"ID": "ASC"}, "start": -1}
            answer = (await self._client.post(f"{address}crm.deal.list", json=asked)).raise_for_status()
            if not (page := answer.json()["result"]):
                return found
            found |= {row["ID"]: row for row in page}
            last = page[-1]["ID"]

    async def _count(self, query: Any) -> int:
        database = self.switchboard.hub.database
        return int(await database.read(lambda tx: tx.execute(query).scalar()) or 0)


@asynccontextmanager
async def between(terms: Terms, **more: str) -> AsyncIterator[Between]:
    """Both portals and a hub on SQLite, for the block; `more` are variables as the environment has them."""
    with tempfile.TemporaryDirectory() as folder:
        async with elsewhere(MODULE, terms) as (lines, orders), httpx.AsyncClient(timeout=60) as client:
            listening = msgspec.json.decode(await lines.readline(), type=Listening)
            settings = load_settings(_variables(listening, Path(folder)) | more, None, serving=True)
            async with running(settings) as switchboard:
                be_steady()
                yield Between(switchboard, listening, client, lines, orders)


def _variables(listening: Listening, folder: Path) -> dict[str, str]:
    sources = {PARTNER: {"url": listening.partner, "application_token": TOKEN}}
    return {
        "TELEGRAM_BOT_TOKEN": listening.token,
        "TELEGRAM_API_URL": f"{listening.address}/telegram",
        "DATABASE_URL": f"sqlite+aiosqlite:///{new_file(folder)}",
        "HTTP_PORT": "0",
        "STOP_GRACE_SECONDS": "2",
        "BACKUP_INTERVAL_HOURS": "0",
        "BITRIX24_URL": listening.home,
        "BITRIX24_DOMAIN": HOME,
        "BITRIX24_SOURCES": msgspec.json.encode(sources).decode(),
        "DEALS_SYNC_INTERVAL": "3600",
    }
