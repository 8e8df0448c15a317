"""A process killed between "deal added" and "link stored", again and again: no deal gets a second twin."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.bitrix24.portal import Portal
from services.bitrix24.written import SENDING, SETTLING
from tests.chaos.hub import HubProcess, Life, hub_process
from tests.chaos.scene import free_port, is_taken
from tests.e2e.partner import HOME_TOKEN, PARTNER, TOKEN, new_partner
from tests.e2e.poll_forms import sound
from tests.storage.files import new_file
from tests.town import PATIENCE, Outside, new_outside, portal_settings

FEW, MANY = 5, 100
HELD = SENDING + SETTLING + 60.0  # seconds; whoever starts so much later meets no lease of the dead
LOOK = 0.02  # seconds of real time


@dataclass(slots=True)
class Scene:
    """Two portals, and hubs that live one after the other on one database, each `HELD` after the former."""

    outside: Outside
    partner: Portal
    file: Path
    port: int
    lives: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[HubProcess]:
        """A process that listens."""
        self.lives += 1
        options = ("--later", str(self.lives * HELD))
        async with hub_process(self._settings(), self.file.with_name("hub.log"), options) as hub:
            await hub.start()
            await self._until(lambda: is_taken(self.address))
            yield hub

    async def killed(self) -> Life:
        """A life that ends behind the first twin that it makes."""
        async with self.hub() as hub:
            await hub.arm("deal added", 1)
            self.partner.add_deal(TITLE=f"Курс {self.lives}", CATEGORY_ID=1)
            return await hub.ended()

    async def healed(self) -> Life:
        """A life that brings everything to its end."""
        async with self.hub() as hub:
            await self._until(
                lambda: not self.rows("SELECT 1 FROM jobs WHERE topic = 'deals' AND state != 'done'")
            )
            return await hub.stop()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as database:
            return database.execute(query).fetchall()

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():
                await asyncio.sleep(LOOK)

    def _settings(self) -> dict[str, str]:
        source = {"url": self.partner.url(self.outside.sandbox), "application_token": TOKEN}
        return portal_settings(self.outside.portal, self.outside.sandbox) | {
            "TELEGRAM_BOT_TOKEN": self.outside.world.token,
            "TELEGRAM_API_URL": self.outside.api_url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.file}",
            "HTTP_PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
            "BACKUP_INTERVAL_HOURS": "0",
            "BITRIX24_SOURCES": json.dumps({PARTNER: source}),
            "BITRIX24_APPLICATION_TOKEN": HOME_TOKEN,
        }


@asynccontextmanager
async def new_scene(folder: Path) -> AsyncIterator[Scene]:
    """Nobody has started a hub yet. The portals have no limits, which would only cost time."""
    async with new_outside(folder) as outside:
        scene = Scene(outside, new_partner(outside), new_file(folder), free_port())
        for portal, token in ((scene.partner, TOKEN), (outside.portal, HOME_TOKEN)):
            portal.bucket.rate = None
            portal.events.subscribe(f"{scene.address}/webhook/deal", token)
        yield scene


async def _run(folder: Path, kills: int) -> None:
    async with new_scene(folder) as scene:
        lives = [await scene.killed() for _ in range(kills)]
        last = await scene.healed()
        home, partner = scene.outside.portal, scene.partner
        links: dict[int, int] = dict(scene.rows("SELECT source_deal_id, target_deal_id FROM deal_links"))
    added = len(home.ledger.of("crm.deal.add"))
    print(f"{sum(life.was_killed for life in lives)} kills: {added} twins made, {len(links)} linked")
    assert all(life.was_killed for life in lives)
    assert last.exit_code == 0
    assert sound(home)
    assert added == len(home.deals) == len(partner.deals) == kills
    origins = {number: deal["ORIGIN_ID"] for number, deal in home.deals.items()}
    assert {source: origins[target] for source, target in links.items()} == {
        number: f"{PARTNER}:{number}" for number in partner.deals
    }
    assert Counter(links.values()) == dict.fromkeys(home.deals, 1)


async def test_kills_behind_a_new_twin_leave_one_twin_each(tmp_path: Path) -> None:
    await _run(tmp_path, FEW)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_a_hundred_kills_behind_a_new_twin_leave_one_twin_each(tmp_path: Path) -> None:
    await _run(tmp_path, MANY)
