"""Where it happens: a world served on loopback and a hub process that has a database file of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World
from storage import sticker_sets
from storage.records import StickerSet
from storage.sqlite import SqliteDatabase
from tests.chaos.driver import PATIENCE, TICK, Driver
from tests.chaos.history import History, read_rows
from tests.chaos.hub import HubProcess, hub_process
from tests.chaos.look import Look, looking_at
from tests.chaos.program import Program


@dataclass(frozen=True, slots=True)
class Scene:
    """A world with nobody in it, and a hub that nobody has started."""

    world: World
    hub: HubProcess
    look: Look
    database: Path

    async def list_sets(self, names: Iterable[str]) -> None:
        """Put sets of the world into the gallery, while no hub runs."""
        rows = [_row(self.world, name) for name in names]
        database = SqliteDatabase(self.database)
        await database.open()
        await database.write(lambda tx: [sticker_sets.add(tx, row) for row in rows])
        await database.close()

    async def until_quiet(self) -> None:
        """Wait until every update is taken, every job worked and every message out; TimeoutError if never."""
        async with asyncio.timeout(PATIENCE):
            while self.world.updates.pending_count or self._unworked() > 0 or self.look.unsettled():
                await asyncio.sleep(TICK)

    def _unworked(self) -> int:
        return len(self.world.updates.emitted) - self.look.done_jobs()

    async def perform(self, program: Program, random: Random) -> History:
        """Run a program of this world to its end; what it leaves."""
        await self.list_sets(program.listed)
        driver = Driver(self.world, program, self.hub, self.look, random)
        await driver.run()
        return History(
            bot_id=self.world.bot.id,
            updates=list(self.world.updates.emitted),
            calls=self.world.ledger.calls,
            listed_at_start=frozenset(name.lower() for name in program.listed),
            known_listed=frozenset(driver.known_listed),
            gap=driver.gap,
            lives=driver.lives,
            deaths=driver.deaths,
            **read_rows(self.look),
        )


def _row(world: World, name: str) -> StickerSet:
    known = world.library.sets[name.lower()]
    return StickerSet(
        name=known.name,
        title=known.title,
        kind=known.sticker_type,
        count=len(known.stickers),
        added_by=None,
        added_in=None,
        added_at=datetime.now(UTC),
    )


@asynccontextmanager
async def new_scene(folder: Path, **settings: str) -> AsyncIterator[Scene]:
    """A scene for the block's time; `settings` are variables of the hub besides the needed ones."""
    world, database, log = World(SystemClock()), folder / "hub.db", folder / "hub.log"
    await _migrated(database)
    async with serving(build_sandbox(world.clock, world=world)) as address:
        needed = {
            "TELEGRAM_BOT_TOKEN": world.token,
            "TELEGRAM_API_URL": f"{address}/telegram",
            "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
            "HTTP_PORT": "0",
            "LOG_LEVEL": "WARNING",
        }
        async with hub_process(needed | settings, log) as hub:
            with looking_at(database) as look:
                yield Scene(world, hub, look, database)


async def _migrated(path: Path) -> None:
    database = SqliteDatabase(path)
    await database.open()
    await database.close()
