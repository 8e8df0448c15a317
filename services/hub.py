"""The rooms below the doors, and how they are made. The doors get rooms, never the hub."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from prometheus_client import CollectorRegistry

from services.engine.cache import Cache
from services.engine.clock import Clock
from services.engine.failpoints import Failpoints
from services.engine.health import Health
from services.engine.inbox import Inbox
from services.engine.invalidations import Invalidations
from services.engine.observability import Counters
from services.engine.storage_check import StorageCheck
from services.engine.supervisor import Supervisor
from services.engine.workers import Workers
from services.flow.checks import Checks
from services.flow.faults import Faults
from services.flow.items import Items
from services.flow.journal import Journal
from services.flow.messages import Messages
from services.flow.people import People
from services.flow.proposals import Proposals
from services.flow.statistics import Statistics
from services.gallery import Gallery, build_gallery
from services.gallery.item import StickerSetReader
from settings import Settings
from storage.database import Database

TOKEN_BYTES = 12  # 16 characters on a button, beyond guessing


@dataclass(frozen=True, slots=True)
class Ports:
    """What the doors implement for the services."""

    sticker_sets: StickerSetReader


@dataclass(frozen=True, slots=True)
class Hub:
    """All rooms."""

    database: Database
    clock: Clock
    supervisor: Supervisor
    failpoints: Failpoints
    health: Health
    counters: Counters
    cache: Cache
    inbox: Inbox
    workers: Workers
    faults: Faults
    people: People
    messages: Messages
    items: Items
    proposals: Proposals
    checks: Checks
    statistics: Statistics
    gallery: Gallery
    invalidations: Invalidations


def build_hub(
    settings: Settings,
    ports: Ports,
    database: Database,
    *,
    clock: Clock,
    random: Random,
    failpoints: Failpoints,
    redact: Callable[[str], str],
) -> Hub:
    """Make every room. Nothing runs yet and nothing is connected."""
    supervisor = Supervisor(clock)
    faults = Faults(database, clock, redact)
    inbox = Inbox(database, clock, failpoints)
    messages = Messages(clock)
    cache = _cache(settings, clock, random, supervisor)
    gallery = build_gallery(settings.cache, database, clock, cache, ports.sticker_sets)
    items = Items([gallery.kind])
    proposals = Proposals(database, clock, items, messages, Journal(clock), lambda: _token(random))
    workers = Workers(
        inbox,
        database,
        clock=clock,
        random=random,
        supervisor=supervisor,
        failpoints=failpoints,
        faults=faults,
        finished=messages.wake,
    )
    return Hub(
        database=database,
        clock=clock,
        supervisor=supervisor,
        failpoints=failpoints,
        health=_health(database, clock),
        counters=Counters(CollectorRegistry()),
        cache=cache,
        inbox=inbox,
        workers=workers,
        faults=faults,
        people=_people(settings, database, clock),
        messages=messages,
        items=items,
        proposals=proposals,
        checks=Checks(items, proposals, messages),
        statistics=_statistics(database, clock, gallery),
        gallery=gallery,
        invalidations=Invalidations(database, clock, cache),
    )


def _cache(settings: Settings, clock: Clock, random: Random, supervisor: Supervisor) -> Cache:
    trace = settings.logs.level == "DEBUG"
    return Cache(clock, random, supervisor, enabled=settings.cache.enabled, trace=trace)


def _health(database: Database, clock: Clock) -> Health:
    health = Health(clock)
    health.register("database", StorageCheck(database, clock).check, essential=True)
    return health


def _people(settings: Settings, database: Database, clock: Clock) -> People:
    telegram = settings.telegram
    return People(database, clock, admins=frozenset(telegram.admin_ids), language=telegram.default_language)


def _statistics(database: Database, clock: Clock, gallery: Gallery) -> Statistics:
    statistics = Statistics(database, clock)
    statistics.register("gallery", gallery.sets.figures)
    return statistics


def _token(random: Random) -> str:
    return base64.urlsafe_b64encode(random.randbytes(TOKEN_BYTES)).decode()
