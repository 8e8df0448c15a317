"""Putting the house together: what is opened first is closed last."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom

import structlog

from bot.chat_members import TelegramChatMembers
from bot.client import Client, build_client
from bot.door import LONGEST_CALL, BotDoor, build_bot
from bot.pacing import DOCUMENTED, Pace
from bot.sticker_sets import TelegramStickerSets
from commands.opening import open_database
from commands.probes import register_database, register_probes
from services.bitrix24.wire import build_client as build_portal_client
from services.engine.call_times import CallTimes
from services.engine.clock import Clock, SystemClock
from services.engine.failpoints import Failpoints, NoFailpoints
from services.engine.observability import Redactor
from services.engine.shared_clock import SharedClock
from services.engine.workers import LEASE
from services.flow.heartbeat import build_client as build_heartbeat_client
from services.gallery.wire import build_client as build_gallery_client
from services.hub import Hub, Ports, Terms, build_hub
from settings import Settings
from storage.database import SILENCE, Database
from storage.postgres import PostgresDatabase
from web.application import build_web
from web.routes.deals import DealDoor
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
    lease: float = LEASE,
    silence: float = SILENCE,
    longest_call: float = LONGEST_CALL,
    pace: Pace = DOCUMENTED,
) -> AsyncIterator[Switchboard]:
    """A hub that runs for as long as the block lasts. Ready without waiting for Telegram.

    `lease`, `silence` and `longest_call`: seconds after which a job's worker, a leader, and a call that
    another process made to Telegram count as gone. `pace`: how fast it may write there.
    Raises DatabaseRefused, or OSError when the address is taken.
    """
    async with AsyncExitStack() as stack:
        database = await _opened(settings, stack)
        shared = await _shared_clock(settings, database) if clock is None else None
        terms = Terms(
            clock or shared or SystemClock(),
            random or SystemRandom(),
            failpoints or NoFailpoints(),
            Redactor(settings.secrets()).text,
            lease,
            silence,
        )
        client = build_client(settings.telegram.bot_token.get_secret_value(), settings.telegram.api_url)
        hub = build_hub(settings, ports_of(settings, client, stack), database, terms)
        _measure(hub, client, database)
        bot = build_bot(settings, hub, client, longest_call=longest_call, pace=pace)
        _probe(settings, hub, client)
        stack.push_async_callback(client.shutdown)
        server = await _run(settings, hub, bot, shared, stack)
        yield Switchboard(hub, bot, server.address)


async def _run(
    settings: Settings, hub: Hub, bot: BotDoor, shared: SharedClock | None, stack: AsyncExitStack
) -> WebServer:
    """Start everything, each step followed by how it ends."""
    grace = Grace(hub.clock, settings.work.stop_grace_seconds)
    _end_with(stack, hub, grace)
    await _start(hub, bot, alone=not settings.storage.is_postgres)
    if shared:
        hub.supervisor.spawn("clock.shared", shared.follow)
    server = await _open_web(settings, hub, bot)
    stack.push_async_callback(lambda: server.stop(grace.left()))
    _reach_out(hub, bot)
    return server


async def _opened(settings: Settings, stack: AsyncExitStack) -> Database:
    """The settings' database, open until the stack ends."""
    database = open_database(settings)
    await database.open()
    stack.push_async_callback(database.close)
    return database


def _measure(hub: Hub, client: Client, database: Database) -> None:
    """Count what goes over the connections that were made before the hub."""
    client.measure(CallTimes(hub.counters, hub.clock))
    if isinstance(database, PostgresDatabase):
        hub.metrics.watch_connections("database", lambda: database.in_use)


def _probe(settings: Settings, hub: Hub, client: Client) -> None:
    """What /doctor asks besides that which the hub's own rooms have registered."""
    register_probes(settings, hub, client)
    register_database(hub)


async def _shared_clock(settings: Settings, database: Database) -> SharedClock | None:
    """The database's time, where several processes have to agree about it."""
    if not settings.storage.is_postgres:
        return None
    shared = SharedClock(SystemClock(), database)
    await shared.adjust()
    return shared


def _end_with(stack: AsyncExitStack, hub: Hub, grace: "Grace") -> None:
    """What a stop does in the end: tasks first, then what they leave is written and handed back."""
    stack.push_async_callback(hub.workers.hand_back)
    stack.push_async_callback(hub.keys.write_use)
    stack.push_async_callback(lambda: hub.supervisor.stop(grace.left()))


def ports_of(settings: Settings, client: Client, stack: AsyncExitStack) -> Ports:
    """What the hub reaches out with; closed with the stack, but for the client."""
    gallery = build_gallery_client(settings.gallery)
    portal = build_portal_client() if settings.bitrix24.url else None
    sources = {domain: build_portal_client() for domain in settings.bitrix24.sources}
    heartbeat = build_heartbeat_client(settings.work.heartbeat_url.get_secret_value())
    for outside in filter(None, (gallery, portal, *sources.values(), heartbeat)):
        stack.push_async_callback(outside.aclose)
    return Ports(
        TelegramStickerSets(client),
        TelegramChatMembers(client),
        gallery,
        portal,
        sources,
        heartbeat,
    )


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


async def _start(hub: Hub, bot: BotDoor, *, alone: bool) -> None:
    """Take up what an earlier process left, then run what needs nobody outside."""
    await hub.workers.recover(alone=alone)
    hub.workers.keep_leases()
    await hub.pause.look()  # before anything is begun
    hub.supervisor.spawn("work.pause", hub.pause.follow)
    hub.supervisor.spawn("cache.invalidations", hub.invalidations.follow)
    hub.supervisor.spawn("storage.hints", hub.hints.follow)
    hub.supervisor.spawn("keys.use", hub.keys.keep_use)
    hub.supervisor.spawn("samples", hub.samples.keep)
    hub.cache.start_cleanup_tasks()
    for topic in hub.inbox.topics:
        if topic is not bot.topic:  # which has to wait for Telegram
            hub.workers.start(topic)


async def _open_web(settings: Settings, hub: Hub, bot: BotDoor) -> WebServer:
    webhook = settings.telegram.mode == "webhook"
    app = build_web(
        http=settings.http,
        clock=hub.clock,
        health=hub.health,
        statistics=hub.statistics,
        cache=hub.cache,
        sticker_sets=hub.gallery.sets,
        gallery_secrets=[secret.get_secret_value() for secret in settings.gallery.webhook_secrets],
        faults=hub.faults,
        intake=bot.intake,
        webhook_secret=settings.telegram.webhook_secret.get_secret_value() if webhook else None,
        stored_keys=hub.keys,
        metrics=hub.metrics,
        deals=DealDoor(hub.deal_gate, hub.deal_intake, hub.event_counts, hub.clock),
        poll_forms=hub.programmes.forms if hub.programmes else None,
    )
    server = WebServer(app, settings.http, hub.supervisor)
    await server.start()
    hub.metrics.watch_connections("http", lambda: server.connections)
    log.info("web.listening", details={"address": server.address})
    return server


def _reach_out(hub: Hub, bot: BotDoor) -> None:
    """Begin to talk to Telegram; nothing here waits for its answer."""
    hub.leadership.when_leading("telegram.sender", bot.sender.run)
    if bot.poller:
        hub.leadership.when_leading("telegram.poller", bot.poller.run)
    # Another process that leads takes up what is being sent: so the lead is given away when that has ended.
    hub.supervisor.spawn("leadership", hub.leadership.run, to_the_end=True)

    async def connect() -> None:
        await bot.connection.establish()
        hub.workers.start(bot.topic)
        hub.supervisor.spawn("telegram.beginning", bot.beginning.run)

    hub.supervisor.spawn("telegram.connection", connect)
