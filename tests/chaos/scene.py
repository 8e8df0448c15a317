"""Where it happens: a world served on loopback and a hub process that has a database of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx

from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World
from storage import sticker_sets
from storage.records import StickerSet
from tests.chaos.driver import PATIENCE, TICK, Death, Driver
from tests.chaos.history import History, read_rows
from tests.chaos.hub import HubProcess, Life, hub_process
from tests.chaos.log_book import LogBook
from tests.chaos.look import Look, looking_at_file
from tests.chaos.people import People
from tests.chaos.postgres_look import looking_at_postgres
from tests.chaos.posting import SECRET, Answers
from tests.chaos.program import Program
from tests.storage.files import Home, new_file, opened
from web.routes.telegram import PATH

BELOW_EPHEMERAL = range(20000, 30000)  # ports that nobody is given by chance while the hub is dead


@dataclass(frozen=True, slots=True)
class Scene:
    """A world with nobody in it, and a hub that nobody has started."""

    world: World
    hubs: Sequence[HubProcess]
    logs: Sequence[LogBook]
    look: Look
    home: Home

    @property
    def hub(self) -> HubProcess:
        """The first, or only one."""
        return self.hubs[0]

    async def list_sets(self, names: Iterable[str]) -> None:
        """Put sets of the world into the gallery, while no hub runs."""
        rows = [_row(self.world, name) for name in names]
        async with opened(self.home) as database:
            await database.write(lambda tx: [sticker_sets.add(tx, row) for row in rows])

    def history(
        self,
        program: Program,
        people: People,
        answers: Answers,
        *,
        deaths: Sequence[Death],
        lives: Sequence[Life],
    ) -> History:
        """What a run leaves that posted its updates: these in the order in which they were taken."""
        rows = read_rows(self.look)
        place = {job.dedup_id: job.id for job in rows["jobs"]}
        bot_id, emitted = self.world.bot.id, list(self.world.updates.emitted)
        return History(
            bot_id=bot_id,
            updates=sorted(emitted, key=lambda one: place.get(f"{bot_id}:{one['update_id']}", 0)),
            calls=self.world.ledger.calls,
            listed_at_start=frozenset(name.lower() for name in program.listed),
            known_listed=frozenset(people.known_listed),
            acknowledged=frozenset(answers.acknowledged),
            lives=lives,
            deaths=deaths,
            **rows,
        )

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
async def new_scene(
    folder: Path,
    home: Home | None = None,
    *,
    ports: Sequence[int] = (0,),
    options: Sequence[str] = (),
    **settings: str,
) -> AsyncIterator[Scene]:
    """A scene for the block's time: a hub for each of `ports`, all on one database, nobody started.

    Without a home for it they have a new file in the folder. `settings` are variables besides the needed
    ones, `options` those of hub_process.py.
    """
    world, place = World(SystemClock()), home or new_file(folder)
    looking = looking_at_postgres(place) if isinstance(place, str) else looking_at_file(place)
    books = [LogBook(folder / f"hub-{number}.log") for number in range(len(ports))]
    async with serving(build_sandbox(world.clock, world=world)) as address, AsyncExitStack() as stack:
        needed = {
            "TELEGRAM_BOT_TOKEN": world.token,
            "TELEGRAM_API_URL": f"{address}/telegram",
            "DATABASE_URL": place if isinstance(place, str) else f"sqlite+aiosqlite:///{place}",
            "LOG_LEVEL": "WARNING",
            "BACKUP_INTERVAL_HOURS": "0",  # one begun at a start would meet the test's own trouble, or not
        }
        hubs = [
            await stack.enter_async_context(
                hub_process(needed | {"HTTP_PORT": str(port)} | settings, book.path, options)
            )
            for port, book in zip(ports, books, strict=True)
        ]
        yield Scene(world, hubs, books, stack.enter_context(looking), place)


def webhook_settings(address: str) -> dict[str, str]:
    """What has a hub take updates by webhook at its own address."""
    return {
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_URL": address + PATH,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }


def free_port() -> int:
    """One to come back to after a kill."""
    for number in Random().sample(BELOW_EPHEMERAL, 100):
        if not is_taken(f"http://127.0.0.1:{number}"):
            return number
    raise RuntimeError("no free port")


def is_taken(address: str) -> bool:
    """Whether somebody listens at an http address of this machine."""
    url = httpx.URL(address)
    with socket.socket() as probe:
        return probe.connect_ex((url.host, url.port or 80)) == 0
