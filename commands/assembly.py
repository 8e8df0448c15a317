"""Putting the house together: what is opened first is closed last."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom

import structlog

from bot.client import build_client
from bot.door import BotDoor, build_bot
from bot.sticker_sets import TelegramStickerSets
from services.engine.clock import Clock, SystemClock
from services.engine.failpoints import Failpoints, NoFailpoints
from services.engine.observability import Redactor
from services.hub import Hub, Ports, build_hub
from settings import Settings
from storage.database import Database
from storage.sqlite import SqliteDatabase, path_of
from web.application import build_web
from web.server import WebServer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Switchboard:
    """A running hub; `address` is where its web door listens."""

    hub: Hub
    bot: BotDoor
    address: str


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random: Random | None = None,
    failpoints: Failpoints | None = None,
) -> AsyncIterator[Switchboard]:
    """A hub that runs for as long as the block lasts. Ready without waiting for Telegram.

    Raises DatabaseRefused, or OSError when the address is taken.
    """
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        await database.open()
        stack.push_async_callback(database.close)
        client = build_client(settings.telegram.bot_token.get_secret_value(), settings.telegram.api_url)
        hub = build_hub(
            settings,
            Ports(TelegramStickerSets(client)),
            database,
            clock=clock or SystemClock(),
            random=random or SystemRandom(),
            failpoints=failpoints or NoFailpoints(),
            redact=Redactor(settings.secrets()).text,
        )
        bot = build_bot(settings, hub, client)
        stack.push_async_callback(client.shutdown)
        grace = Grace(hub.clock, settings.work.stop_grace_seconds)
        stack.push_async_callback(hub.workers.hand_back)
        stack.push_async_callback(lambda: hub.supervisor.stop(grace.left()))
        await _start(hub, bot)
        server = await _open_web(settings, hub, bot)
        stack.push_async_callback(lambda: server.stop(grace.left()))
        _reach_out(hub, bot)
        yield Switchboard(hub, bot, server.address)


class Grace:
    """The time a stop may take, counted from the first step that asks."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end: float | None = None

    def left(self) -> float:
        """Seconds that the remaining steps have together."""
        now = self._clock.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return max(self._end - now, 0.0)


def open_database(settings: Settings) -> Database:
    """The database that the settings name, not opened yet."""
    return SqliteDatabase(path_of(settings.storage.database_url))


async def _start(hub: Hub, bot: BotDoor) -> None:
    """Take up what an earlier process left, then run what needs nobody outside."""
    await hub.workers.recover(alone=True)
    await bot.sender.recover()
    hub.workers.keep_leases()
    hub.supervisor.spawn("cache.invalidations", hub.invalidations.follow)
    hub.cache.start_cleanup_tasks()
    bot.sender.start()


async def _open_web(settings: Settings, hub: Hub, bot: BotDoor) -> WebServer:
    webhook = settings.telegram.mode == "webhook"
    app = build_web(
        http=settings.http,
        clock=hub.clock,
        health=hub.health,
        statistics=hub.statistics,
        cache=hub.cache,
        sticker_sets=hub.gallery.sets,
        faults=hub.faults,
        intake=bot.intake,
        webhook_secret=settings.telegram.webhook_secret.get_secret_value() if webhook else None,
    )
    server = WebServer(app, settings.http, hub.supervisor)
    await server.start()
    log.info("web.listening", details={"address": server.address})
    return server


def _reach_out(hub: Hub, bot: BotDoor) -> None:
    """Begin to talk to Telegram; nothing here waits for its answer."""
    if bot.poller:
        hub.supervisor.spawn("telegram.poller", bot.poller.run)

    async def connect() -> None:
        await bot.connection.establish()
        hub.workers.start(bot.topic)

    hub.supervisor.spawn("telegram.connection", connect)
