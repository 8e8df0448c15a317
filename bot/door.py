"""Telegram's door: every handler in one readable list, and what runs behind it."""

from dataclasses import dataclass

from bot.application import HubApplication, UpdateJobs, build_application
from bot.client import Client
from bot.connection import Connection
from bot.delivery import Delivery
from bot.errors import ErrorAnswers
from bot.handlers.arrival import Arrival
from bot.handlers.checks import CheckHandlers
from bot.handlers.confirmations import ConfirmationHandlers
from bot.handlers.gallery import GalleryHandlers
from bot.handlers.membership import MembershipHandlers
from bot.handlers.operations import OperationHandlers
from bot.handlers.people import PeopleHandlers
from bot.handlers.presses import PressHandlers, UnknownPressHandlers
from bot.handlers.unknown import UnknownCommandHandlers
from bot.pacing import DOCUMENTED, Pace, Pacing
from bot.poller import Poller
from bot.reactions import Reactions, permitted
from bot.registry import Gate, Registry
from bot.rendering import Renderer
from bot.sender import Sender
from bot.settlement import Settlement
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
    """What is started and stopped; `intake` takes updates however they come."""

    application: HubApplication
    client: Client
    intake: Intake
    sender: Sender
    poller: Poller | None
    connection: Connection
    topic: Topic
    registry: Registry


def build_bot(
    settings: Settings,
    hub: Hub,
    client: Client,
    *,
    longest_call: float = LONGEST_CALL,
    pace: Pace = DOCUMENTED,
) -> BotDoor:
    """Make the door. Nothing runs yet."""
    telegram = settings.telegram
    application = build_application(client)
    registry = _register(application, hub, EmojiSets(TelegramStickerSets(client)))
    jobs = UpdateJobs(application, hub.messages, hub.faults, hub.people)
    concurrency = settings.work.concurrency(TOPIC)
    topic = Topic(TOPIC, jobs.handle, concurrency, TELEGRAM, DEDUP, jobs.last_word)
    hub.inbox.register(topic)
    bot_id = int(client.token.split(":")[0])  # known without asking Telegram
    intake = Intake(hub.inbox, hub.counters, bot_id)
    polls = telegram.mode == "polling"
    poller = Poller(client, intake, clock=hub.clock, faults=hub.faults) if polls else None
    connection = Connection(
        application,
        webhook_url=None if polls else telegram.webhook_url,
        webhook_secret=telegram.webhook_secret.get_secret_value(),
        clock=hub.clock,
        faults=hub.faults,
    )
    hub.health.register("telegram", connection.check)
    if poller:
        hub.health.register("telegram polling", poller.check)
    return BotDoor(
        application=application,
        client=client,
        intake=intake,
        sender=_sender(settings, hub, client, longest_call, pace),
        poller=poller,
        connection=connection,
        topic=topic,
        registry=registry,
    )


def _register(application: HubApplication, hub: Hub, emoji: EmojiSets) -> Registry:
    Arrival(hub.database, hub.clock, hub.people, hub.messages).register(application)
    registry = Registry(application, Gate(hub.roles))
    for handlers in (
        CheckHandlers(hub.items, hub.checks, emoji, hub.messages),
        GalleryHandlers(Pages(hub.gallery.sets), hub.messages, hub.database),
        PressHandlers(hub.proposals),
        PeopleHandlers(hub.people, hub.roles, hub.messages),
        OperationHandlers(hub.statistics, hub.cache, hub.faults, hub.messages),
        ConfirmationHandlers(hub.confirmations),
        MembershipHandlers(hub.people),
        UnknownPressHandlers(),
        UnknownCommandHandlers(hub.messages),
    ):
        handlers.register(registry)
    application.add_error_handler(ErrorAnswers(hub.messages, hub.faults).on_error)
    return registry


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
