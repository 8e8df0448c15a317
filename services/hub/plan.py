"""Who hears of whom, and what happens regularly."""

from functools import partial

from services.deals.jobs import DealJobs
from services.deals.mapping.reloading import KIND as MAPPING
from services.deals.model import DEAL
from services.deals.model import TOPIC as DEALS
from services.deals.reconcile import Reconcile
from services.engine.schedule import HOUR, MINUTE, regular
from services.flow import backups
from services.flow.approvals import TOPIC as DECISIONS
from services.flow.heartbeat import Heartbeat
from services.flow.retention import Retention
from services.flow.samples import EVERY as SAMPLES_EVERY
from services.flow.samples import TOPIC as SAMPLES
from services.gallery.recheck import EVERY as RECHECK_EVERY
from services.hub.terms import Ports
from services.hub.watching import WatchingRooms as Hub
from services.programmes import SPELLINGS
from services.programmes.jobs import TOPIC as SUBMISSIONS
from settings import Settings


def listen(hub: Hub) -> None:
    """Who is woken by which hint of another process."""
    hub.hints.on("messages", hub.messages.wake)
    hub.hints.on("invalidations", hub.invalidations.hint)
    hub.hints.on("switches", hub.pause.hint)
    if hub.sources:
        hub.invalidations.on(MAPPING, partial(_read_mapping, hub))


def _read_mapping(hub: Hub) -> None:
    hub.supervisor.spawn_once("mapping.reload", hub.reloading.follow())


def plan(hub: Hub, settings: Settings, ports: Ports) -> None:
    """What happens regularly; each topic is worked by any process, and its ticks come from the leader."""
    every = hub.schedule.every
    names = hub.schedule.topics
    retention = Retention(hub.database, hub.clock, days=settings.work.retention_days, ticking=names)
    every(HOUR, regular("retention", retention.retain))
    every(MINUTE, regular("sweep", retention.sweep))
    every(MINUTE, regular("approvals", hub.expiry.expire))
    hub.inbox.register(hub.decisions.topic(settings.work.concurrency(DECISIONS)))
    if programmes := hub.programmes:
        topic = programmes.topic(hub.approvals, settings.work.concurrency(SUBMISSIONS))
        hub.inbox.register(topic)
        for region, spelling in SPELLINGS.items():
            hub.dropping.spell(region, spelling)
    if rooms := hub.deal_rooms:
        jobs = DealJobs(hub.database, rooms, hub.journal)
        hub.inbox.register(jobs.topic(settings.work.concurrency(DEALS)))
        hub.dropping.spell(DEAL, str.lower)
    if sources := hub.sources:
        reconcile = Reconcile(sources, hub.database, hub.clock, hub.inbox, hub.counters)
        every(settings.deals.sync_interval, reconcile.topic())
        hub.inbox.register(reconcile.counting())
        hub.inbox.register(hub.resync.receipts())
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
