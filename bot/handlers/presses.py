"""Pressed "add" buttons, and those that mean nothing."""

from telegram import Update

from bot.context import HubContext, asker_of
from bot.registry import ROW, Registry, token_of
from bot.speech import place_of_press
from services.engine.errors import StaleButton
from services.flow.places import Press
from services.flow.proposals import Proposals


class PressHandlers:
    """Turns a press into an accepted proposal."""

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    def register(self, registry: Registry) -> None:
        """The "add" button."""
        registry.press("add", self.on_add, carries=ROW)

    async def on_add(self, update: Update, context: HubContext) -> None:
        """Somebody pressed "add"."""
        query = update.callback_query
        if query is None:
            return
        place = place_of_press(query, context.language)
        press = Press(asker_of(update), place, query.id)
        await self._proposals.accept_press(token_of(context), press, context.work)


class UnknownPressHandlers:
    """The last resort for buttons: forged, or from a version that is gone."""

    def register(self, registry: Registry) -> None:
        """Registered after every other button."""
        registry.any_press(self.on_press)

    async def on_press(self, update: Update, context: HubContext) -> None:
        """Say that the button means nothing."""
        raise StaleButton("unknown press")
