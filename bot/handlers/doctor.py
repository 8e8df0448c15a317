"""/doctor: everything the hub depends on is asked now."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_READS, Registry
from bot.speech import message_of
from services.flow.examinations import Examinations


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
