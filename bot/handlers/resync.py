"""/resync: both sides are compared now, and what differs is repaired."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_CHANGES, Registry
from bot.speech import message_of, say
from services.deals.resync import Resync
from services.flow.messages import Content, Messages, Text


class ResyncHandlers:
    """Begins a pass, or joins one."""

    def __init__(self, resync: Resync, messages: Messages) -> None:
        self._resync = resync
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("resync", self.on_resync, ADMIN_CHANGES)

    async def on_resync(self, update: Update, context: HubContext) -> None:
        """/resync deals, /resync deals dry."""
        words = [word.lower() for word in context.args or []]
        if words not in (["deals"], ["deals", "dry"]):
            say(self._messages, update, context, Content((Text("resync-usage"),)))
            return
        place = place_of(message_of(update), context.language)
        self._resync.ask(context.work, place, asker_of(update), dry=len(words) > 1)
