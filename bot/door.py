"""Telegram's door: every handler in one readable list, and what runs behind it."""

from dataclasses import dataclass

from bot.application import HubApplication, UpdateJobs, build_application
from bot.beginning import Beginning
from bot.client import Client
from bot.connection import Connection
from bot.delivery import Delivery
from bot.errors import ErrorAnswers
from bot.handlers.approvals import ApprovalHandlers
from bot.handlers.arrival import Arrival
from bot.handlers.audit import AuditHandlers
from bot.handlers.backups import BackupHandlers
from bot.handlers.checks import CheckHandlers
from bot.handlers.confirmations import ConfirmationHandlers
from bot.handlers.deals import DealHandlers
from bot.handlers.doctor import DoctorHandlers, FieldOfferHandlers
from bot.handlers.errors import ErrorsHandlers
from bot.handlers.gallery import GalleryHandlers
from bot.handlers.inquiries import InquiryHandlers
from bot.handlers.invalidations import InvalidationHandlers
from bot.handlers.membership import MembershipHandlers
from bot.handlers.notices import NoticeHandlers
from bot.handlers.pause import PauseHandlers
from bot.handlers.people import PeopleHandlers
from bot.handlers.presses import PressHandlers, UnknownPressHandlers
from bot.handlers.previews import PreviewHandlers
from bot.handlers.programmes import ProgrammeHandlers
from bot.handlers.reactions import ReactionHandlers
from bot.handlers.reload import ReloadHandlers
from bot.handlers.removal import RemovalHandlers
from bot.handlers.replay import ReplayHandlers, Showing
from bot.handlers.resync import ResyncHandlers
from bot.handlers.settings import SettingsHandlers
from bot.handlers.shortcuts import ShortcutHandlers
from bot.handlers.staff import StaffHandlers
from bot.handlers.statistics import Sources, StatisticsHandlers
from bot.handlers.unknown import UnknownCommandHandlers
from bot.menus import Menus
from bot.pacing import DOCUMENTED, Pace, Pacing
from bot.poller import Poller
from bot.reactions import Reactions, permitted
from bot.registry import Gate, Handlers, Registry
from bot.rendering import Renderer
from bot.sender import Sender
from bot.settlement import Settlement
from bot.standing import Standing
from bot.sticker_sets import TelegramStickerSets
from bot.updates import TOPIC, Intake
from services.engine.inbox import DAY, Topic
from services.engine.observability import new_correlation_id
from services.engine.retry import TELEGRAM
from services.gallery.emoji import EmojiSets
from services.gallery.pages import Pages
from services.hub import Hub
from services.texts import Texts
from settings import Settings

LONGEST_CALL = 15.0  # seconds after which no call to Telegram of another process is on its way any more
DEDUP = 2 * DAY  # update numbers restart at random after a quiet week, so they are not remembered longer


@dataclass(frozen=True, slots=True)
class BotDoor:
    """What is started and stopped.

    `intake` takes updates however they come; `beginning` runs once Telegram has answered.
    """

    application: HubApplication
    client: Client
    intake: Intake
    sender: Sender
    poller: Poller | None
    connection: Connection
    topic: Topic
    registry: Registry
    beginning: Beginning


def build_bot(
    settings: Settings,
    hub: Hub,
    client: Client,
    *,
    longest_call: float = LONGEST_CALL,
    pace: Pace = DOCUMENTED,
) -> BotDoor:
    """Make the door. Nothing runs yet."""
    application = build_application(client)
    registry = Registry(application, Gate(hub.roles))
    menus = _menus(settings, hub, client, registry)
    _register(application, registry, hub, menus, EmojiSets(TelegramStickerSets(client)))
    topic = _topic(settings, hub, application)
    bot_id = int(client.token.split(":")[0])  # known without asking Telegram
    intake = Intake(hub.inbox, hub.counters, bot_id)
    polls = settings.telegram.mode == "polling"
    poller = Poller(client, intake, clock=hub.clock, faults=hub.faults) if polls else None
    connection = _connection(settings, hub, application)
    standing = Standing(client, hub.roles, hub.rights)
    _tell_health(hub, standing, connection, poller)
    return BotDoor(
        application=application,
        client=client,
        intake=intake,
        sender=_sender(settings, hub, client, longest_call, pace),
        poller=poller,
        connection=connection,
        topic=topic,
        registry=registry,
        beginning=Beginning(client, hub.clock, hub.roles, hub.claims, standing, menus),
    )


def _menus(settings: Settings, hub: Hub, client: Client, registry: Registry) -> Menus:
    language = settings.telegram.default_language
    menus = Menus(client, registry, hub.roles, hub.inbox, hub.database, language=language)
    hub.inbox.register(menus.topic())
    return menus


def _topic(settings: Settings, hub: Hub, application: HubApplication) -> Topic:
    """The work that updates are."""
    jobs = UpdateJobs(application, hub.messages, hub.faults, hub.people)
    concurrency = settings.work.concurrency(TOPIC)
    topic = Topic(TOPIC, jobs.handle, concurrency, TELEGRAM, DEDUP, jobs.last_word, by_chat=True)
    hub.inbox.register(topic)
    return topic


def _tell_health(hub: Hub, standing: Standing, connection: Connection, poller: Poller | None) -> None:
    standing.register(hub.health)
    hub.health.register("telegram", connection.check)
    if poller:
        hub.health.register("telegram polling", poller.check)


def _connection(settings: Settings, hub: Hub, application: HubApplication) -> Connection:
    telegram = settings.telegram
    return Connection(
        application,
        webhook_url=None if telegram.mode == "polling" else telegram.webhook_url,
        webhook_secret=telegram.webhook_secret.get_secret_value(),
        clock=hub.clock,
        faults=hub.faults,
    )


def _register(
    application: HubApplication, registry: Registry, hub: Hub, menus: Menus, emoji: EmojiSets
) -> None:
    Arrival(hub.database, hub.clock, hub.people, hub.messages, hub.sightings).register(application)
    checks = CheckHandlers(hub.items, hub.checks, emoji, hub.messages)
    everything: tuple[Handlers, ...] = (
        checks,
        ApprovalHandlers(hub.verdicts, hub.pending, hub.messages),
        InquiryHandlers(hub.inquiry_presses),
        ReactionHandlers(hub.proposals, hub.verdicts, hub.sightings, checks),
        GalleryHandlers(Pages(hub.gallery.sets), hub.messages, hub.database),
        PressHandlers(hub.proposals),
        RemovalHandlers(hub.removal, hub.messages, hub.database),
        PeopleHandlers(hub.people, hub.roles, hub.claims, menus, hub.messages),
        StaffHandlers(hub.staff, menus, hub.messages),
        SettingsHandlers(hub.chat_settings, hub.roles),
        NoticeHandlers(hub.chat_notices, hub.messages),
        *([ProgrammeHandlers(hub.checks, hub.messages)] if hub.programmes else []),
        *([DealHandlers(hub.deal_kind, hub.checks, hub.messages)] if hub.deal_kind else []),
        *([PreviewHandlers(hub.preview, hub.messages, hub.database)] if hub.preview else []),
        *([FieldOfferHandlers(hub.field_offer, hub.messages)] if hub.field_offer else []),
        *([ResyncHandlers(hub.resync, hub.messages)] if hub.sources else []),
        *([_reload(hub)] if hub.sources else []),
        *_operators(hub),
        ConfirmationHandlers(hub.confirmations),
        MembershipHandlers(hub.people, hub.members, hub.roles, hub.rights, menus),
        UnknownPressHandlers(),
        UnknownCommandHandlers(hub.messages),
    )
    for handlers in everything:
        handlers.register(registry)
    application.add_error_handler(ErrorAnswers(hub.messages, hub.faults, hub.roles).on_error)


def _reload(hub: Hub) -> Handlers:
    return ReloadHandlers(hub.reloading, hub.messages)


def _operators(hub: Hub) -> tuple[Handlers, ...]:
    """What admins run the hub with."""
    errors = ErrorsHandlers(hub.faults, hub.messages, hub.excerpt)
    showing = Showing(hub.excerpt, hub.masked, hub.remedies)
    replay = ReplayHandlers(hub.replay, hub.messages, hub.clock, showing)
    sources = Sources(hub.statistics, hub.cache, hub.trends, lambda: hub.pause.state)
    statistics = StatisticsHandlers(sources, hub.messages)
    shown = {"failed": replay.newest, "errors": errors.newest, "stats": statistics.overview}
    run = {"backup": hub.backup_jobs.ask, "doctor": hub.examinations.ask}
    return (
        statistics,
        errors,
        replay,
        ShortcutHandlers(hub.messages, shown, run),
        BackupHandlers(hub.backup_jobs),
        DoctorHandlers(hub.examinations),
        InvalidationHandlers(hub.dropping, hub.messages),
        AuditHandlers(hub.audit, hub.messages, hub.database),
        PauseHandlers(hub.pause, hub.messages),
    )


def _sender(settings: Settings, hub: Hub, client: Client, longest_call: float, pace: Pace) -> Sender:
    gallery = settings.gallery
    name = new_correlation_id()  # fresh for each process: what another one was sending is told apart by it
    return Sender(
        hub.database,
        hub.messages,
        Delivery(client, Renderer(Texts.load(), settings.telegram.timezone)),
        Settlement(hub.database, hub.clock, hub.faults, sender=name),
        Reactions(
            exists=permitted(gallery.reaction_exists, "👌"), added=permitted(gallery.reaction_added, "👍")
        ),
        Pacing(pace),
        clock=hub.clock,
        supervisor=hub.supervisor,
        failpoints=hub.failpoints,
        name=name,
        leads=lambda: hub.leadership.is_leader,
        patience=longest_call if settings.storage.is_postgres else 0.0,
    )
