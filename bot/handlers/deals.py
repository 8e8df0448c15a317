"""/deal: a source portal's deal and its twin, by its number."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import STAFF_READS, Registry
from bot.speech import message_of, say
from services.deals.item import DealKind
from services.flow.checks import Checks
from services.flow.messages import Content, Messages, Text


class DealHandlers:
    """Shows deals to staff, and offers to transfer those without a twin."""

    def __init__(self, kind: DealKind, checks: Checks, messages: Messages) -> None:
        self._kind = kind
        self._checks = checks
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command for staff."""
        registry.command("deal", self.on_deal, STAFF_READS)

    async def on_deal(self, update: Update, context: HubContext) -> None:
        """/deal ID, /deal DOMAIN/ID, /deal and the address of its page."""
        text = " ".join(context.args or [])
        wanted = self._kind.recognise(text) or self._kind.recognise(f"deal {text}")
        if wanted is None:
            say(self._messages, update, context, Content((Text("deal-usage"),)))
            return
        place = place_of(message_of(update), context.language)
        await self._checks.check(wanted, asker_of(update), place, context.work, in_words=True)
