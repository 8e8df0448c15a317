"""Who hears of whom, and what happens regularly."""

from functools import partial

from services.deals.answers import TOPIC as ANSWERS
from services.deals.answers import Asking, DealAnswers
from services.deals.fields import SCHEMA
from services.deals.jobs import SHARING, DealJobs
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
    if rooms := hub.deal_rooms:
        looking = rooms.looking
        hub.invalidations.on(SCHEMA, partial(looking.schemas.forget, looking.sources.home.domain))


def _read_mapping(hub: Hub) -> None:
    hub.supervisor.spawn_once("mapping.reload", hub.reloading.follow())


def _plan_ends(hub: Hub, days: int) -> None:
    """What waits does not wait for ever, and what is done is kept for so many days."""
    every, names = hub.schedule.every, hub.schedule.topics
    retention = Retention(hub.database, hub.clock, days=days, ticking=names)
    every(HOUR, regular("retention", retention.retain))
    every(MINUTE, regular("sweep", retention.sweep))
    every(MINUTE, regular("approvals", hub.expiry.expire))
    every(MINUTE, regular("inquiries", hub.inquiry_upkeep.tend))


def plan(hub: Hub, settings: Settings, ports: Ports) -> None:
    """What happens regularly; each topic is worked by any process, and its ticks come from the leader."""
    every = hub.schedule.every
    _plan_ends(hub, settings.work.retention_days)
    hub.inbox.register(hub.decisions.topic(settings.work.concurrency(DECISIONS)))
    if programmes := hub.programmes:
        topic = programmes.topic(hub.approvals, settings.work.concurrency(SUBMISSIONS))
        hub.inbox.register(topic)
        for region, spelling in SPELLINGS.items():
            hub.dropping.spell(region, spelling)
    if rooms := hub.deal_rooms:
        jobs = DealJobs(hub.database, rooms, hub.journal, Asking(hub.inquiries, hub.deal_orders))
        hub.inbox.register(jobs.topic(settings.work.concurrency(DEALS, sharing=SHARING)))
        hub.dropping.spell(DEAL, str.lower)
    if sources := hub.sources:
        answers = DealAnswers(sources, hub.database, hub.clock, hub.inbox, hub.deal_orders)
        answers.register(hub.inquiries)
        hub.inbox.register(answers.topic(settings.work.concurrency(ANSWERS)))
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
