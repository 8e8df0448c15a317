"""The rooms below the doors, and how they are made. The doors get rooms, never the hub."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

import httpx
from prometheus_client import CollectorRegistry

from services.engine.cache import Cache
from services.engine.call_times import CallTimes
from services.engine.clock import Clock
from services.engine.failpoints import Failpoints
from services.engine.health import Health
from services.engine.hints import Hints
from services.engine.inbox import Inbox
from services.engine.invalidations import Invalidations
from services.engine.leadership import Leadership
from services.engine.metrics import Metrics
from services.engine.observability import Counters
from services.engine.schedule import HOUR, MINUTE, Schedule, regular
from services.engine.storage_check import StorageCheck
from services.engine.supervisor import Supervisor
from services.engine.workers import LEASE, Workers
from services.flow import backups
from services.flow.checks import Checks
from services.flow.faults import Faults
from services.flow.heartbeat import Heartbeat
from services.flow.items import Items
from services.flow.journal import Journal
from services.flow.keys import Keys
from services.flow.messages import Messages
from services.flow.people import People
from services.flow.proposals import Proposals
from services.flow.retention import Retention
from services.flow.statistics import Statistics
from services.gallery import Gallery, build_gallery
from services.gallery.item import StickerSetReader
from services.gallery.recheck import EVERY as RECHECK_EVERY
from services.gallery.wire import GalleryWire
from settings import Settings
from storage.database import SILENCE, Database

GALLERY_HINT = "See GALLERY_API_URL and GALLERY_API_KEY, and whether that gallery runs."
RECORDING = "fault.record"  # the task that stores what another one broke of
KIND_LENGTH = 60  # characters of a task's name in a fault
TOKEN_BYTES = 12  # 16 characters on a button, beyond guessing


@dataclass(frozen=True, slots=True)
class Ports:
    """What the doors implement for the services."""

    sticker_sets: StickerSetReader
    gallery: httpx.AsyncClient | None = None  # leads to another hub's gallery; None: this hub has its own
    heartbeat: httpx.AsyncClient | None = None  # calls HEARTBEAT_URL; None: there is none


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
    leadership: Leadership
    schedule: Schedule
    hints: Hints
    keys: Keys
    metrics: Metrics


def build_hub(
    settings: Settings,
    ports: Ports,
    database: Database,
    *,
    clock: Clock,
    random: Random,
    failpoints: Failpoints,
    redact: Callable[[str], str],
    lease: float = LEASE,
    silence: float = SILENCE,
) -> Hub:
    """Make every room. Nothing runs yet and nothing is connected.

    `lease` and `silence`: seconds after which a job's worker, and a leader, count as gone.
    """
    faults = Faults(database, clock, redact)
    supervisor = _supervisor(clock, faults)
    inbox = Inbox(database, clock, failpoints)
    messages = Messages(clock)
    cache = _cache(settings, clock, random, supervisor)
    counters = Counters(CollectorRegistry())
    elsewhere = _elsewhere(ports, clock, counters)
    reader = ports.sticker_sets
    gallery = build_gallery(settings.cache, database, clock, cache, reader, inbox=inbox, elsewhere=elsewhere)
    items = Items([gallery.kind])
    proposals = Proposals(database, clock, items, messages, Journal(clock), lambda: _token(random))
    leadership = _leadership(settings, database, clock, supervisor, silence)
    hub = Hub(
        database=database,
        clock=clock,
        supervisor=supervisor,
        failpoints=failpoints,
        health=_health(database, clock, gallery),
        counters=counters,
        cache=cache,
        inbox=inbox,
        workers=_workers(inbox, database, clock, random, supervisor, failpoints, faults, messages, lease),
        faults=faults,
        people=_people(settings, database, clock),
        messages=messages,
        items=items,
        proposals=proposals,
        checks=Checks(items, proposals, messages),
        statistics=_statistics(database, clock, gallery),
        gallery=gallery,
        invalidations=Invalidations(database, clock, cache),
        leadership=leadership,
        schedule=Schedule(inbox, clock, lambda: leadership.is_leader),
        hints=Hints(database, inbox),
        keys=Keys(database, clock, cache),
        metrics=_metrics(Metrics(counters.registry, database, clock, cache, inbox), gallery),
    )
    _listen(hub)
    _plan(hub, settings, ports)
    return hub


def _listen(hub: Hub) -> None:
    """Who is woken by which hint of another process."""
    hub.hints.on("messages", hub.messages.wake)
    hub.hints.on("invalidations", hub.invalidations.hint)


def _plan(hub: Hub, settings: Settings, ports: Ports) -> None:
    """What happens regularly; each topic is worked by any process, and its ticks come from the leader."""
    every = hub.schedule.every
    names = hub.schedule.topics
    retention = Retention(hub.database, hub.clock, days=settings.work.retention_days, ticking=names)
    every(HOUR, regular("retention", retention.retain))
    every(MINUTE, regular("sweep", retention.sweep))
    if recheck := hub.gallery.recheck:
        every(RECHECK_EVERY, recheck.topic())
    if ports.heartbeat:
        url = settings.work.heartbeat_url.get_secret_value()
        heart = Heartbeat(ports.heartbeat, url, clock=hub.clock, health=hub.health, faults=hub.faults)
        every(MINUTE, regular("heartbeat", heart.beat))
    if made := backups.build_backups(settings, hub.clock, hub.faults):
        every(settings.work.backup_interval_hours * HOUR, made.topic())
        hub.health.register("backup", made.check, probe=made.probe, hint=backups.HINT)
    hub.leadership.when_leading("schedule", hub.schedule.run)


def _workers(
    inbox: Inbox,
    database: Database,
    clock: Clock,
    random: Random,
    supervisor: Supervisor,
    failpoints: Failpoints,
    faults: Faults,
    messages: Messages,
    lease: float,
) -> Workers:
    return Workers(
        inbox,
        database,
        clock=clock,
        random=random,
        supervisor=supervisor,
        failpoints=failpoints,
        faults=faults,
        finished=messages.wake,
        lease=lease,
    )


def _leadership(
    settings: Settings, database: Database, clock: Clock, supervisor: Supervisor, silence: float
) -> Leadership:
    believed = (
        silence if settings.storage.is_postgres else inf
    )  # who has opened an SQLite file is alone on it
    return Leadership(database.leader_lock(silence), clock, supervisor, silence=believed)


def _supervisor(clock: Clock, faults: Faults) -> Supervisor:
    def broke(task: str, error: BaseException) -> None:
        kind = task_kind(task)
        if kind != RECORDING:  # else a fault that cannot be recorded would be one more to record
            sample = f"{type(error).__name__}: {error}"
            supervisor.spawn_once(RECORDING, faults.record(f"task.{kind}", sample))

    supervisor = Supervisor(clock, broke)
    return supervisor


def task_kind(task: str) -> str:
    """A task's name without the number of what it works on, so that faults are counted by kind."""
    return task.rstrip("0123456789").rstrip(".")[:KIND_LENGTH]


def _cache(settings: Settings, clock: Clock, random: Random, supervisor: Supervisor) -> Cache:
    trace = settings.logs.level == "DEBUG"
    return Cache(clock, random, supervisor, enabled=settings.cache.enabled, trace=trace)


def _health(database: Database, clock: Clock, gallery: Gallery) -> Health:
    health = Health(clock)
    health.register("database", StorageCheck(database, clock).check, essential=True)
    if remote := gallery.remote:
        health.register("gallery", remote.check, probe=remote.probe, hint=GALLERY_HINT)
    return health


def _metrics(metrics: Metrics, gallery: Gallery) -> Metrics:
    if remote := gallery.remote:
        breaker = remote.breaker
        metrics.watch_circuit(breaker.system, lambda: breaker.state)
    return metrics


def _elsewhere(ports: Ports, clock: Clock, counters: Counters) -> GalleryWire | None:
    return GalleryWire(ports.gallery, clock, CallTimes(counters, clock)) if ports.gallery else None


def _people(settings: Settings, database: Database, clock: Clock) -> People:
    telegram = settings.telegram
    return People(database, clock, admins=frozenset(telegram.admin_ids), language=telegram.default_language)


def _statistics(database: Database, clock: Clock, gallery: Gallery) -> Statistics:
    statistics = Statistics(database, clock)
    statistics.register("gallery", gallery.sets.figures)
    return statistics


def _token(random: Random) -> str:
    return base64.urlsafe_b64encode(random.randbytes(TOKEN_BYTES)).decode()
