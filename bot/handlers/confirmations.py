"""The two buttons below a question whether something is meant."""

from telegram import Update

from bot.context import HubContext, asker_of
from bot.registry import ROW, Registry, pressed_at, token_of
from services.flow.confirmations import Confirmations


class ConfirmationHandlers:
    """Hands presses to the confirmations, which know who was asked and what is done then."""

    def __init__(self, confirmations: Confirmations) -> None:
        self._confirmations = confirmations

    def register(self, registry: Registry) -> None:
        """Buttons of questions only."""
        registry.press("sure", self.on_sure, carries=ROW)
        registry.press("drop", self.on_drop, carries=ROW)

    async def on_sure(self, update: Update, context: HubContext) -> None:
        """Yes."""
        await self._take(update, context, yes=True)

    async def on_drop(self, update: Update, context: HubContext) -> None:
        """No."""
        await self._take(update, context, yes=False)

    async def _take(self, update: Update, context: HubContext, *, yes: bool) -> None:
        press_id, place = pressed_at(update, context)
        asker, token = asker_of(update), token_of(context)
        await self._confirmations.take(token, yes, asker, place, press_id, context.work)
