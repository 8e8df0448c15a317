"""A small town for tests: the hub and the stand-ins of the outside on one loop, talking over real HTTP."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from sqlalchemy import bindparam, text

from bot.pacing import Pace
from commands import assembly
from commands.assembly import Switchboard, running
from commands.opening import open_database
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import HOME, POLL_FORMS, PROGRAMMES
from sandbox.bitrix24.standin import Bitrix24
from sandbox.clock import Clock as SandboxClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.messages import Message
from sandbox.telegram.people import Person
from sandbox.telegram.queries import CallbackAnswer
from sandbox.telegram.world import World
from services.engine.clock import Clock, SystemClock
from services.engine.failpoints import Failpoints
from settings import Settings, load_settings
from storage.database import Database
from storage.tables import Moment
from tests.clock import HandClock
from tests.pace import UNPACED
from tests.storage.files import WatchedDatabase

ADMIN, BORIS, CHEN = 500100200, 500100201, 500100202  # the admin reads English, Boris Russian
STRANGER = 500100999
GROUP, FORUM = -1001900000001, -1001900000002
LISTED, UNLISTED = "Cats_by_bot", "MoonDogs"  # sets that exist; a test lists the first where it needs one
HOME_PORTAL = HOME
API_KEY = "a-key-for-tests-of-thirty-two-characters"
PATIENCE = 60.0  # seconds of real time until a condition that should come true counts as failed
LOOKS = 300  # in a row that find nothing changed until virtual time has to go on; a stall counts as one
LOOK = 0.01  # seconds of real time between two
STEP = 0.5  # virtual seconds that it goes on then

# What waits behind another try of its key or chat is not due, whatever its own time says.
_UNSETTLED = """
    SELECT (SELECT count(*) FROM jobs WHERE state = 'claimed' OR (state = 'waiting' AND due_at <= :now
        AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = jobs.key AND other.id < jobs.id
            AND other.state = 'waiting' AND other.attempts > 0 AND other.due_at > :now)))
    + (SELECT count(*) FROM messages WHERE state = 'sending' OR (state = 'waiting' AND due_at <= :now
        AND NOT EXISTS (SELECT 1 FROM messages AS other WHERE other.chat_id = messages.chat_id
            AND other.state = 'waiting' AND other.attempts > 0 AND other.due_at > :now)))
"""


class TownClock(HandClock):
    """Virtual time for a town."""

    async def leap(self, seconds: float) -> None:
        """Skip time as a machine that slept does: whoever is due wakes once, instead of every few seconds."""
        await self._rest()
        self._time += seconds
        await self.advance(0)


@dataclass(slots=True)
class Town:
    """A running hub, the world it lives in, and ways to wait for what should happen."""

    world: World
    switchboard: Switchboard
    api_url: str
    clock: Clock
    injected: list[int]  # update_ids of what was put in by hand
    portal: Portal  # the home portal; the hub knows it when it was started with one

    @property
    def address(self) -> str:
        """The hub's own web address."""
        return self.switchboard.address

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until it is so; TimeoutError when it does not come."""
        async with asyncio.timeout(PATIENCE):
            while not reached():
                await asyncio.sleep(0.005)

    async def settle(self) -> None:
        """Wait until every update is stored, every due job is worked and every due message is out.

        What waits for time to go on, such as a job whose database gave no answer, gets a little of it.
        """
        before, looks = (0, 0), 0
        async with asyncio.timeout(PATIENCE):
            await self.rest()
            while any(left := (self.world.updates.pending_count, await self.unsettled())):
                before, looks = left, looks + 1 if left == before else 0
                await asyncio.sleep(LOOK)
                await (go_on(self.clock) if looks >= LOOKS else self.rest())

    async def rest(self) -> None:
        """With virtual time: wait until nothing goes on without time going on."""
        if isinstance(self.clock, HandClock):
            await self.clock.advance(0)

    async def unsettled(self) -> int:
        """Jobs and messages that are due and not finished."""
        now = self.clock.now()
        query = text(_UNSETTLED).bindparams(bindparam("now", type_=Moment()))
        found = await self.switchboard.hub.database.read(lambda tx: tx.execute(query, {"now": now}).scalar())
        return int(found or 0)

    async def scalar(self, query: str, **values: object) -> object:
        """The one value of a query on the hub's database."""
        database = self.switchboard.hub.database
        value: object = await database.read(lambda tx: tx.execute(text(query), values).scalar())
        return value

    async def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """All rows of a query on the hub's database."""
        database = self.switchboard.hub.database
        return await database.read(lambda tx: [tuple(row) for row in tx.execute(text(query), values)])

    async def faults(self) -> dict[str, int]:
        """What the hub counted as gone wrong: occurrences by kind."""
        return await self.switchboard.hub.faults.totals()

    async def says(self, who: int, words: str, chat: int | None = None, **more: Any) -> Message:
        """Somebody writes, to the bot or in a chat, and everything comes to rest."""
        message = self.world.send_text(chat or who, who, words, **more)
        await self.settle()
        return message

    async def sends(self, who: int, set_name: str, chat: int | None = None, **more: Any) -> Message:
        """Somebody sends the first sticker of a set, and everything comes to rest."""
        sticker = self.world.library.sets[set_name.lower()].stickers[0]
        message = self.world.send_sticker(chat or who, who, sticker, **more)
        await self.settle()
        return message

    async def presses(
        self, who: int, message: Message, data: str | None = None, **more: Any
    ) -> CallbackAnswer | None:
        """Somebody presses the only button of a message (or the one with that data); the bot's answer."""
        wanted = data or next(b["callback_data"] for row in message.buttons for b in row)
        query_id = self.world.press(message.chat.id, message.message_id, who, wanted, **more)
        await self.settle()
        return self.world.queries.answer_of(query_id)

    async def lists(self, set_name: str, who: int = CHEN) -> None:
        """Somebody has a set put into the gallery, in their private chat."""
        await self.sends(who, set_name)
        await self.presses(who, self.last(who))

    async def gets(self, update: dict[str, Any]) -> None:
        """Telegram delivers an update made up by the test, and everything comes to rest."""
        self.injected.append(self.world.inject(update))
        await self.settle()

    async def reacts(self, who: int, message: Message, *emoji: str, anonymous: bool = False) -> None:
        """Somebody replaces their reactions on a message, and everything comes to rest."""
        self.world.react(message.chat.id, message.message_id, who, emoji, anonymous=anonymous)
        await self.settle()

    def sent(self, chat: int) -> list[Message]:
        """What the bot has written in a chat, oldest first."""
        return self.world.sent(chat)

    def last(self, chat: int) -> Message:
        """The newest message of the bot in a chat."""
        return self.world.sent(chat)[-1]

    def reaction(self, message: Message) -> str | None:
        """The bot's reaction on a message."""
        return self.world.bot_reaction(message.chat.id, message.message_id)


def seed(world: World) -> None:
    """Three people with open private chats, a group with the bot as admin, a forum, and a few sets."""
    world.add_person(
        Person(ADMIN, "Alice", username="alice", language_code="en", is_admin=True, started=True)
    )
    world.add_person(Person(BORIS, "Борис", username="boris", language_code="ru", started=True))
    world.add_person(Person(CHEN, "Chen", username="chen", language_code="en", started=True))
    world.add_group("Sticker Fans", [ADMIN, BORIS, CHEN], chat_id=GROUP)
    world.add_group("Design Lab", [ADMIN, BORIS, CHEN], chat_id=FORUM, is_forum=True)
    world.add_set(LISTED, "<b>Cats & Co</b>", count=3)
    world.add_set(UNLISTED, "Moon Dogs", count=5)


def seed_portal(bitrix24: Bitrix24) -> None:
    """A portal as quick as can be, with kinds for poll forms and programmes and nothing in them."""
    portal = bitrix24.add_portal(HOME_PORTAL)
    portal.add_smart_process(POLL_FORMS, "Анкеты")
    portal.add_smart_process(PROGRAMMES, "Программы")


def portal_settings(portal: Portal, sandbox: str) -> dict[str, str]:
    """The variables of a hub that works with this portal; `sandbox` is where the stand-ins are served."""
    return {
        "BITRIX24_URL": portal.url(sandbox),
        "BITRIX24_DOMAIN": portal.domain,
        "POLL_FORM_ENTITY_TYPE_ID": str(POLL_FORMS),
        "PROGRAM_ENTITY_TYPE_ID": str(PROGRAMMES),
    }


def settings_for(world: World, api_url: str, folder: Path, **more: str) -> Settings:
    """Settings of a hub in the town; `more` are variables as the environment would hold them."""
    values = {
        "TELEGRAM_BOT_TOKEN": world.token,
        "TELEGRAM_API_URL": api_url,
        "ADMIN_IDS": str(ADMIN),
        "DEFAULT_LANGUAGE": "en",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/hub.db",
        "HTTP_PORT": "0",
        "API_KEYS": API_KEY,
        "STOP_GRACE_SECONDS": "2",
        "BACKUP_INTERVAL_HOURS": "0",
        "GALLERY_APPROVAL": "direct",
    }
    return load_settings(values | more, None, serving=True)


@dataclass(slots=True)
class Outside:
    """What is there before the hub starts and after it stops: Telegram, the portal, the time, and a folder.

    `template` is a migrated database to start from, which saves each hub the migration; a hub with a
    portal takes the other one if there is one.
    """

    world: World
    api_url: str
    clock: Clock
    folder: Path
    bitrix24: Bitrix24
    template: Path | None = None
    template_with_portal: Path | None = None
    injected: list[int] = field(default_factory=list)
    _databases: list[WatchedDatabase] = field(default_factory=list)
    _going_on: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def portal(self) -> Portal:
        """The home portal."""
        return self.bitrix24.portals[HOME_PORTAL]

    @property
    def sandbox(self) -> str:
        """Where the stand-ins are served."""
        return self.api_url.removesuffix("/telegram")

    @asynccontextmanager
    async def hub(
        self,
        *,
        failpoints: Failpoints | None = None,
        pace: Pace = UNPACED,
        portal: bool = False,
        **more: str,
    ) -> AsyncIterator[Town]:
        """A hub for as long as the block lasts; the next one finds this one's data.

        With `portal` it works with the home portal, poll forms included.
        Unless told otherwise it says all at one virtual moment, as no real one may.
        """
        if portal:
            more = portal_settings(self.portal, self.sandbox) | more
        template = (self.template_with_portal if "BITRIX24_URL" in more else None) or self.template
        if template and not (self.folder / "hub.db").exists():
            shutil.copyfile(template, self.folder / "hub.db")
        settings = settings_for(self.world, self.api_url, self.folder, **more)
        # Virtual time waits for the database's threads: so the real one is opened inside one that counts.
        with patch.object(assembly, "open_database", self._open(open_database)):
            hub = running(
                settings,
                clock=self.clock,
                random=Random(len(self._databases) + 1),
                failpoints=failpoints,
                pace=pace,
            )
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._stop_going_on)
                switchboard = await stack.enter_async_context(hub)
                stack.callback(self._go_on)
                yield Town(self.world, switchboard, self.api_url, self.clock, self.injected, self.portal)

    def _go_on(self) -> None:
        """While the hub ends: it may wait for what virtual time alone brings."""
        self._going_on.append(asyncio.create_task(_going_on(self.clock)))

    async def _stop_going_on(self) -> None:
        for task in self._going_on[-1:]:
            task.cancel()
            await asyncio.wait([task])
            self._going_on.remove(task)

    def _open(self, opening: Callable[[Settings], Database]) -> Callable[[Settings], Database]:
        def opened(settings: Settings) -> Database:
            self._databases.append(WatchedDatabase(opening(settings)))
            return self._databases[-1]

        return opened

    def under_way(self) -> int:
        """Requests and units of the database that nobody's clock holds up."""
        in_databases = sum(database.in_flight for database in self._databases)
        both = (self.world.traffic, self.bitrix24.traffic)
        return in_databases + sum(traffic.in_flight + traffic.pushing for traffic in both)


async def go_on(clock: Clock) -> None:
    """Let a little virtual time pass; real time passes by itself."""
    if isinstance(clock, HandClock):
        await clock.advance(STEP)


async def _going_on(clock: Clock) -> None:
    for _ in range(LOOKS):
        await asyncio.sleep(LOOK)
    while True:
        await go_on(clock)
        await asyncio.sleep(LOOK)


@asynccontextmanager
async def new_outside(
    folder: Path,
    *,
    clock: Clock | None = None,
    prepare: Callable[[World], None] = seed,
    template: Path | None = None,
) -> AsyncIterator[Outside]:
    """The world alone, served for as long as the block lasts; virtual time waits for all that goes on."""
    time: Clock = clock or SystemClock()
    sandbox_clock: SandboxClock = time  # the same one for both
    world, bitrix24 = World(sandbox_clock), Bitrix24(sandbox_clock)
    prepare(world)
    seed_portal(bitrix24)
    async with serving(build_sandbox(sandbox_clock, world=world, bitrix24=bitrix24)) as address:
        outside = Outside(world, f"{address}/telegram", time, folder, bitrix24, template)
        if isinstance(time, HandClock):
            time.in_flight = outside.under_way
        yield outside


@asynccontextmanager
async def new_town(
    folder: Path,
    *,
    clock: Clock | None = None,
    failpoints: Failpoints | None = None,
    prepare: Callable[[World], None] = seed,
    pace: Pace = UNPACED,
    portal: bool = False,
    **more: str,
) -> AsyncIterator[Town]:
    """Build a town, run it for the block, and close it."""
    async with (
        new_outside(folder, clock=clock, prepare=prepare) as outside,
        outside.hub(failpoints=failpoints, pace=pace, portal=portal, **more) as town,
    ):
        yield town
