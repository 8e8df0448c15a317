"""What happens before any handler: who is this, where are we, and is it too late to answer?"""

from datetime import timedelta

from telegram import Chat, Message, Update
from telegram.ext import ApplicationHandlerStop, TypeHandler

from bot.application import HubApplication
from bot.context import HubContext, asker_of, is_private, place_of
from bot.handlers.checks import keys_of
from bot.updates import peek
from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.messages import Content, Messages, Text
from services.flow.people import People
from services.flow.places import Place
from services.flow.sightings import Sightings
from services.gallery.item import STICKER_SET
from storage import jobs
from storage.database import Database, Transaction

BEFORE_OTHERS = -2
LOOK_AHEAD = 100  # waiting updates of a chat among which a newer message is looked for
LATE = timedelta(minutes=10)  # after a downtime older messages get no answer of their own


class Arrival:
    """Keeps names, languages and what messages are about, and passes over those that waited too long."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        people: People,
        messages: Messages,
        sightings: Sightings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._people = people
        self._messages = messages
        self._sightings = sightings

    def register(self, application: HubApplication) -> None:
        """Put it before all other handlers."""
        application.add_handler(TypeHandler(Update, self.on_update), group=BEFORE_OTHERS)

    async def on_update(self, update: Update, context: HubContext) -> None:
        """Meet the person and the chat, then decide whether anybody still waits for an answer."""
        user, chat = update.effective_user, update.effective_chat
        if update.chat_member:  # of every group, however big: its handler looks whom it concerns
            return
        asker, spoken = asker_of(update), user.language_code if user else None
        group = chat.id if chat and not is_private(chat) else None
        context.language = await self._people.language(asker.user_id, spoken, group)
        if asker.user_id is not None and user is not None:
            name, called = user.full_name, user.username
            context.work.write(lambda tx: self._people.meet(tx, user.id, name, called, spoken))
        if chat is not None and update.my_chat_member is None:
            context.work.write(lambda tx: self._people.enter(tx, chat.id, chat.type, _title(chat)))
        if update.message:
            await self._receive(update.message, context)

    async def _receive(self, message: Message, context: HubContext) -> None:
        """Whatever becomes of a message, a reaction may ask later what it was about."""
        place, keys = place_of(message, context.language), keys_of(message)
        if keys:
            context.work.write(lambda tx: self._sightings.see(tx, place, STICKER_SET, keys))
        if await self._is_passed_over(message, context.work):
            raise ApplicationHandlerStop
        if place.private:
            self._tell_skipped(context.work, place)

    async def _is_passed_over(self, message: Message, work: Work) -> bool:
        if self._clock.now() - message.date <= LATE or message.migrate_to_chat_id:
            return False
        if work.job.replays:  # somebody wants it answered now
            return False
        if not is_private(message.chat):
            return True
        later = await self._database.read(lambda tx: jobs.later_payloads(tx, work.job, most=LOOK_AHEAD))
        newer = any(peek(payload.encode()).kind == "message" for payload in later)
        if newer:
            work.write(lambda tx: self._people.skip(tx, message.chat.id))
        return newer

    def _tell_skipped(self, work: Work, place: Place) -> None:
        def unit(tx: Transaction) -> None:
            if count := self._people.take_skipped(tx, place.chat_id):
                content = Content((Text("skipped", {"count": count}),))
                self._messages.text(tx, work.job, place, content, name="skipped")

        work.write(unit)


def _title(chat: Chat) -> str:
    return chat.effective_name or str(chat.id)
