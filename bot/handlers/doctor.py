"""/doctor: everything the hub depends on is asked now."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_CHANGES, ADMIN_READS, Registry, pressed_at
from bot.speech import answer_press, message_of
from services.deals.field_offer import FIELDS, FieldOffer
from services.flow.examinations import Examinations
from services.flow.messages import Messages
from services.flow.places import Place


class DoctorHandlers:
    """Begins an examination."""

    def __init__(self, examinations: Examinations) -> None:
        self._examinations = examinations

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("doctor", self.on_doctor, ADMIN_READS)

    async def on_doctor(self, update: Update, context: HubContext) -> None:
        """/doctor."""
        place = place_of(message_of(update), context.language)
        self._examinations.ask(context.work, place, asker_of(update))


class FieldOfferHandlers:
    """Hands the wish to make what the doctor missed on."""

    def __init__(self, offer: FieldOffer, messages: Messages) -> None:
        self._offer = offer
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """The button below the doctor's answer, for admins."""
        registry.press(FIELDS, self.on_press, ADMIN_CHANGES)

    async def on_press(self, update: Update, context: HubContext) -> None:
        """A question tells which fields that are."""
        _, place = pressed_at(update, context)
        below = Place(place.chat_id, place.private, place.language, place.thread_id)
        await self._offer.ask(asker_of(update), below, context.work)
        answer_press(self._messages, update, context, None)
