"""/programme: an educational programme of the portal, by its title."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import STAFF_READS, Registry
from bot.speech import message_of, say
from services.flow.checks import Checks
from services.flow.items import Recognised
from services.flow.messages import Content, Messages, Text
from services.programmes.model import LONGEST_TITLE, PROGRAMME, collapsed


class ProgrammeHandlers:
    """Shows programmes to staff, and offers to add what is not there."""

    def __init__(self, checks: Checks, messages: Messages) -> None:
        self._checks = checks
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command for staff."""
        registry.command("programme", self.on_programme, STAFF_READS)

    async def on_programme(self, update: Update, context: HubContext) -> None:
        """/programme TITLE."""
        title = collapsed(" ".join(context.args or []))
        if not title or len(title) > LONGEST_TITLE:
            say(self._messages, update, context, Content((Text("programme-usage"),)))
            return
        wanted = Recognised(PROGRAMME, title)
        place = place_of(message_of(update), context.language)
        await self._checks.check(wanted, asker_of(update), place, context.work, in_words=True)
