"""Pressed buttons and reactions: two doors to the same yes."""

from telegram import Update

from bot.context import HubContext, asker_of, is_private
from bot.registry import ROW, YES, Registry, token_of
from bot.speech import place_of_press
from services.engine.errors import StaleButton
from services.flow.places import Place
from services.flow.proposals import Press, Proposals


class PressHandlers:
    """Turns a press or a 👍 into an accepted proposal."""

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    def register(self, registry: Registry) -> None:
        """The "add" button, and reactions on proposals."""
        registry.press("add", self.on_add, carries=ROW)
        registry.reaction(YES, self.on_yes)

    async def on_add(self, update: Update, context: HubContext) -> None:
        """Somebody pressed "add"."""
        query = update.callback_query
        if query is None:
            return
        place = place_of_press(query, context.language)
        press = Press(asker_of(update), place, query.id)
        await self._proposals.accept_press(token_of(context), press, context.work)

    async def on_yes(self, update: Update, context: HubContext) -> None:
        """A 👍 accepts the proposal it stands on."""
        reaction = update.message_reaction
        if reaction is None:
            return
        place = Place(reaction.chat.id, is_private(reaction.chat), context.language)
        press = Press(asker_of(update), place)
        await self._proposals.accept_reaction(reaction.message_id, press, context.work)


class UnknownPressHandlers:
    """The last resort for buttons: forged, or from a version that is gone."""

    def register(self, registry: Registry) -> None:
        """Registered after every other button."""
        registry.any_press(self.on_press)

    async def on_press(self, update: Update, context: HubContext) -> None:
        """Say that the button means nothing."""
        raise StaleButton("unknown press")
