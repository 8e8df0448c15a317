"""The rooms below the doors, and how they are made. The doors get rooms, never the hub."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
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
from services.engine.observability import Counters, new_correlation_id
from services.engine.schedule import HOUR, MINUTE, Schedule, regular
from services.engine.storage_check import StorageCheck
from services.engine.supervisor import Supervisor
from services.engine.workers import LEASE, Workers
from services.flow import backups
from services.flow.approval_cards import ApprovalCards
from services.flow.approvals import TOPIC as DECISIONS
from services.flow.approvals import Approvals
from services.flow.audit import Audit
from services.flow.backup_jobs import BackupJobs
from services.flow.backups import Backups
from services.flow.chat_notices import ChatNotices
from services.flow.chat_settings import ChatSettings
from services.flow.checks import Checks
from services.flow.claims import Claims
from services.flow.confirmations import Confirmations
from services.flow.decisions import Decisions
from services.flow.examinations import Examinations
from services.flow.excerpts import Excerpt, excerpts
from services.flow.expiry import Expiry
from services.flow.faults import Faults
from services.flow.heartbeat import Heartbeat
from services.flow.invalidations import Dropping
from services.flow.items import Items
from services.flow.journal import Journal
from services.flow.keys import Keys
from services.flow.members import Members
from services.flow.messages import Messages
from services.flow.notice_kinds import GALLERY, KINDS
from services.flow.notices import Notices
from services.flow.outcomes import Outcomes
from services.flow.pause import EVERY as PAUSE_EVERY
from services.flow.pause import Pause
from services.flow.pending import Pending
from services.flow.people import People
from services.flow.proposal_messages import ProposalMessages
from services.flow.proposals import Proposals
from services.flow.readers import Readers
from services.flow.replay import Replay
from services.flow.retention import Retention
from services.flow.rights import Rights
from services.flow.roles import ChatMembers, Named, Roles
from services.flow.samples import EVERY as SAMPLES_EVERY
from services.flow.samples import TOPIC as SAMPLES
from services.flow.samples import Samples
from services.flow.sightings import Sightings
from services.flow.staff import Staff
from services.flow.statistics import Statistics
from services.flow.trends import Trends
from services.flow.verdicts import Verdicts
from services.flow.watch import Watch
from services.flow.watching import build_watch
from services.gallery import Gallery, build_gallery
from services.gallery.away import GalleryAway
from services.gallery.item import StickerSetReader
from services.gallery.recheck import EVERY as RECHECK_EVERY
from services.gallery.removal import Removal
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
    chat_members: ChatMembers
    gallery: httpx.AsyncClient | None = None  # leads to another hub's gallery; None: this hub has its own
    heartbeat: httpx.AsyncClient | None = None  # calls HEARTBEAT_URL; None: there is none


@dataclass(frozen=True, slots=True)
class Terms:
    """What a hub is run with besides its settings. `redact` takes secrets out of a text.

    `lease` and `silence`: seconds after which a job's worker, and a leader, count as gone.
    """

    clock: Clock
    random: Random
    failpoints: Failpoints
    redact: Callable[[str], str]
    lease: float = LEASE
    silence: float = SILENCE


class Hub:
    """All rooms, each made of others when it is first asked for. Nothing runs and nothing is connected."""

    def __init__(self, settings: Settings, ports: Ports, database: Database, terms: Terms) -> None:
        self._settings = settings
        self._ports = ports
        self._terms = terms
        self.database = database
        self.clock = terms.clock
        self.failpoints = terms.failpoints

    # The engine

    @cached_property
    def supervisor(self) -> Supervisor:
        """Runs every task."""
        return _supervisor(self.clock, self.faults)

    @cached_property
    def inbox(self) -> Inbox:
        """Takes jobs."""
        return Inbox(self.database, self.clock, self.failpoints)

    @cached_property
    def workers(self) -> Workers:
        """Work the jobs."""
        return Workers(
            self.inbox,
            self.database,
            clock=self.clock,
            random=self._terms.random,
            supervisor=self.supervisor,
            failpoints=self.failpoints,
            faults=self.faults,
            finished=self.messages.wake,
            passing=self.pause.passing,
            lease=self._terms.lease,
        )

    @cached_property
    def cache(self) -> Cache:
        """Every region."""
        trace = self._settings.logs.level == "DEBUG"
        enabled = self._settings.cache.enabled
        return Cache(self.clock, self._terms.random, self.supervisor, enabled=enabled, trace=trace)

    @cached_property
    def invalidations(self) -> Invalidations:
        """Tells this process's cache what others changed."""
        return Invalidations(self.database, self.clock, self.cache)

    @cached_property
    def leadership(self) -> Leadership:
        """Whether this process leads."""
        silence = self._terms.silence
        # Who has opened an SQLite file is alone on it.
        believed = silence if self._settings.storage.is_postgres else inf
        lock = self.database.leader_lock(silence)
        return Leadership(lock, self.clock, self.supervisor, silence=believed)

    @cached_property
    def schedule(self) -> Schedule:
        """What happens regularly."""
        return Schedule(self.inbox, self.clock, lambda: self.leadership.is_leader, self.pause.passing)

    @cached_property
    def hints(self) -> Hints:
        """What other processes wrote."""
        return Hints(self.database, self.inbox)

    @cached_property
    def counters(self) -> Counters:
        """Counts for /metrics."""
        return Counters(CollectorRegistry())

    @cached_property
    def metrics(self) -> Metrics:
        """All of /metrics."""
        metrics = Metrics(self.counters.registry, self.database, self.clock, self.cache, self.inbox)
        if remote := self.gallery.remote:
            breaker = remote.breaker
            metrics.watch_circuit(breaker.system, lambda: breaker.state)
        return metrics

    @cached_property
    def health(self) -> Health:
        """The list of checks."""
        health = Health(self.clock)
        health.register("database", StorageCheck(self.database, self.clock).check, essential=True)
        health.register("work", self.pause.check, probe=self.pause.probe)
        if remote := self.gallery.remote:
            health.register("gallery", remote.check, probe=remote.probe, hint=GALLERY_HINT)
        return health

    # What all features share

    @cached_property
    def faults(self) -> Faults:
        """Counts what no person waits for."""
        return Faults(self.database, self.clock, self._terms.redact)

    @cached_property
    def messages(self) -> Messages:
        """What the hub says."""
        return Messages(self.clock)

    @cached_property
    def journal(self) -> Journal:
        """Who did what."""
        return Journal(self.clock)

    @cached_property
    def people(self) -> People:
        """Names and languages."""
        return People(self.database, self.clock, language=self._settings.telegram.default_language)

    @cached_property
    def roles(self) -> Roles:
        """Who may do what."""
        telegram = self._settings.telegram
        named = Named(frozenset(telegram.admin_ids), frozenset(telegram.staff_ids), telegram.admin_chat_id)
        return Roles(self.database, self.members, named)

    @cached_property
    def members(self) -> Members:
        """Who is what in a chat."""
        return Members(self.database, self.clock, self._ports.chat_members)

    @cached_property
    def claims(self) -> Claims:
        """How the first admin comes about."""
        return Claims(self.database, self.clock, self._terms.random, self.roles, self.journal)

    @cached_property
    def staff(self) -> Staff:
        """Roles given in the chat."""
        return Staff(self.database, self.clock, self.roles, self.people, self.messages, self.journal)

    @cached_property
    def rights(self) -> Rights:
        """What the bot lacks in groups."""
        return Rights(self.database, self.messages, self.roles)

    @cached_property
    def chat_settings(self) -> ChatSettings:
        """What a chat's administrators choose."""
        return ChatSettings(self.people, self.messages, self.journal)

    @cached_property
    def keys(self) -> Keys:
        """The keys of programs."""
        return Keys(self.database, self.clock, self.cache)

    @cached_property
    def confirmations(self) -> Confirmations:
        """Questions before what is dangerous."""
        return Confirmations(self.database, self.clock, self.messages, self.roles, self._new_token)

    @cached_property
    def excerpt(self) -> Excerpt:
        """What may be shown of what machines wrote."""
        return excerpts(self._terms.redact)

    @cached_property
    def pause(self) -> Pause:
        """Whether work goes on."""
        # Who has opened an SQLite file is alone on it: nobody else touches the switch.
        every = PAUSE_EVERY if self._settings.storage.is_postgres else HOUR
        rooms = (self.inbox, self.roles, self.journal, self.confirmations)
        return Pause(self.database, self.clock, *rooms, every=every)

    @cached_property
    def backups(self) -> Backups | None:
        """Makes backups; None: there is no place for them."""
        return backups.build_backups(self._settings, self.clock, self.faults)

    @cached_property
    def backup_jobs(self) -> BackupJobs:
        """Has them made, regularly and when somebody asks."""
        rooms = (self.database, self.clock, self.inbox, self.messages, self.journal)
        return BackupJobs(self.backups, *rooms, self.excerpt)

    @cached_property
    def examinations(self) -> Examinations:
        """Tells a chat how all is."""
        return Examinations(self.health, self.clock, self.inbox, self.messages, self.excerpt)

    @cached_property
    def dropping(self) -> Dropping:
        """Drops what the cache remembers."""
        return Dropping(self.cache, self.clock, self.journal, self.confirmations)

    @cached_property
    def audit(self) -> Audit:
        """Tells the journal."""
        return Audit(self.database, self.items, self.excerpt)

    @cached_property
    def replay(self) -> Replay:
        """Works dead jobs anew."""
        return Replay(self.database, self.clock, self.inbox, self.messages, self.journal, self.confirmations)

    @cached_property
    def items(self) -> Items:
        """Every kind of item."""
        return Items([self.gallery.kind])

    @cached_property
    def proposals(self) -> Proposals:
        """What may be added."""
        return Proposals(
            self.database,
            self.clock,
            self.items,
            self.messages,
            self.journal,
            self.approvals,
            self.proposal_messages,
            self._new_token,
        )

    @cached_property
    def proposal_messages(self) -> ProposalMessages:
        """What shows proposals."""
        return ProposalMessages(self.messages)

    @cached_property
    def approval_cards(self) -> ApprovalCards:
        """What shows approvals."""
        return ApprovalCards(self.database, self.messages, self.people, self.roles)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Tells those who asked."""
        return Outcomes(self.messages, self.proposal_messages)

    @cached_property
    def approvals(self) -> Approvals:
        """Who asks and who decides."""
        return Approvals(
            self.clock,
            self.items,
            self.journal,
            self.roles,
            self.approval_cards,
            self.outcomes,
            self.inbox,
            self.counters,
            self._new_token,
        )

    @cached_property
    def verdicts(self) -> Verdicts:
        """An admin's yes or no."""
        return Verdicts(
            self.database,
            self.clock,
            self.approvals,
            self.approval_cards,
            self.outcomes,
            self.messages,
            self.roles,
            self.journal,
        )

    @cached_property
    def decisions(self) -> Decisions:
        """Does what was approved."""
        return Decisions(
            self.database, self.items, self.journal, self.messages, self.approval_cards, self.outcomes
        )

    @cached_property
    def expiry(self) -> Expiry:
        """Ends what nobody decided."""
        return Expiry(
            self.database,
            self.clock,
            self.approvals,
            self.approval_cards,
            self.outcomes,
            self.proposal_messages,
            self.messages,
        )

    @cached_property
    def pending(self) -> Pending:
        """What waits for a decision."""
        return Pending(self.database, self.clock, self.approval_cards, self.messages)

    @cached_property
    def sightings(self) -> Sightings:
        """What messages were about."""
        return Sightings(self.database, self.clock)

    @cached_property
    def checks(self) -> Checks:
        """Answers questions about items."""
        return Checks(self.items, self.proposals, self.messages, self.roles)

    @cached_property
    def notices(self) -> Notices:
        """What admins should know without asking."""
        telegram = self._settings.telegram
        readers = Readers(telegram.default_language)
        notices = Notices(self.clock, self.messages, readers, telegram.timezone)
        notices.register(KINDS)
        return notices

    @cached_property
    def chat_notices(self) -> ChatNotices:
        """What a chat is told of them."""
        return ChatNotices(self.notices, self.roles, self.journal, self._settings.telegram.timezone)

    @cached_property
    def watch(self) -> Watch:
        """Looks for what they should know."""
        watch = build_watch(
            self.database,
            self.clock,
            self.notices,
            self.roles,
            self.excerpt,
            cache_enabled=self._settings.cache.enabled,
            backup_every=self._settings.work.backup_interval_hours * HOUR,
        )
        if remote := self.gallery.remote:
            watch.on(GALLERY, GalleryAway(remote, self.faults, self.excerpt).look)
        return watch

    @cached_property
    def samples(self) -> Samples:
        """What happened in five minutes."""
        process = new_correlation_id()
        return Samples(self.database, self.clock, self.cache, process, self.schedule.topics)

    @cached_property
    def trends(self) -> Trends:
        """The samples of a day."""
        return Trends(self.database, self.clock, self.samples, self._settings.telegram.timezone)

    @cached_property
    def statistics(self) -> Statistics:
        """Figures of how the hub is doing."""
        statistics = Statistics(self.database, self.clock)
        statistics.register("gallery", self.gallery.sets.figures)
        if remote := self.gallery.remote:
            breaker = remote.breaker
            statistics.watch_circuit(breaker.system, lambda: breaker.state)
        return statistics

    # The features

    @cached_property
    def gallery(self) -> Gallery:
        """The sticker gallery."""
        reader, ports = self._ports.sticker_sets, self._ports
        elsewhere = (
            GalleryWire(ports.gallery, self.clock, CallTimes(self.counters, self.clock))
            if ports.gallery
            else None
        )
        return build_gallery(
            self._settings.cache,
            self.database,
            self.clock,
            self.cache,
            reader,
            inbox=self.inbox,
            elsewhere=elsewhere,
            approval=self._settings.gallery.approval,
        )

    @cached_property
    def removal(self) -> Removal:
        """Takes sets off the gallery."""
        rooms = self.gallery
        return Removal(rooms.source, self.clock, rooms.region, rooms.kind, self.confirmations)

    def _new_token(self) -> str:
        return new_token(self._terms.random)


def build_hub(settings: Settings, ports: Ports, database: Database, terms: Terms) -> Hub:
    """Make every room, with what they hear of each other and what happens regularly."""
    hub = Hub(settings, ports, database, terms)
    _listen(hub)
    _plan(hub, settings, ports)
    _ = hub.statistics, hub.health, hub.metrics  # they tell since when, so they are there from the start
    return hub


def new_token(random: Random) -> str:
    """What a button carries: URL-safe, and nobody guesses it."""
    return base64.urlsafe_b64encode(random.randbytes(TOKEN_BYTES)).decode()


def _listen(hub: Hub) -> None:
    """Who is woken by which hint of another process."""
    hub.hints.on("messages", hub.messages.wake)
    hub.hints.on("invalidations", hub.invalidations.hint)
    hub.hints.on("switches", hub.pause.hint)


def _plan(hub: Hub, settings: Settings, ports: Ports) -> None:
    """What happens regularly; each topic is worked by any process, and its ticks come from the leader."""
    every = hub.schedule.every
    names = hub.schedule.topics
    retention = Retention(hub.database, hub.clock, days=settings.work.retention_days, ticking=names)
    every(HOUR, regular("retention", retention.retain))
    every(MINUTE, regular("sweep", retention.sweep))
    every(MINUTE, regular("approvals", hub.expiry.expire))
    hub.inbox.register(hub.decisions.topic(settings.work.concurrency(DECISIONS)))
    every(10 * MINUTE, regular("roles", hub.roles.refreshing))
    every(MINUTE, regular("notices", hub.watch.look))
    every(SAMPLES_EVERY, regular(SAMPLES, hub.samples.count_jobs))
    if recheck := hub.gallery.recheck:
        every(RECHECK_EVERY, recheck.topic())
    if ports.heartbeat:
        url = settings.work.heartbeat_url.get_secret_value()
        heart = Heartbeat(ports.heartbeat, url, clock=hub.clock, health=hub.health, faults=hub.faults)
        every(MINUTE, regular("heartbeat", heart.beat))
    if made := hub.backups:
        if hours := settings.work.backup_interval_hours:
            every(hours * HOUR, hub.backup_jobs.topic())
            hub.health.register("backup", made.check, probe=made.probe, hint=backups.HINT)
        else:
            hub.inbox.register(hub.backup_jobs.topic())
    hub.inbox.register(hub.backup_jobs.receipts())
    hub.inbox.register(hub.examinations.topic())
    hub.leadership.when_leading("schedule", hub.schedule.run)


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
