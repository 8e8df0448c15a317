"""Pressed buttons and reactions: two doors to the same yes."""

from telegram import ReactionTypeEmoji, Update
from telegram.ext import CallbackQueryHandler, MessageReactionHandler

from bot.application import HubApplication
from bot.context import HubContext, asker_of, is_private
from bot.reactions import plain
from bot.rendering import PRESS_VERSION
from bot.speech import place_of_press
from services.engine.errors import StaleButton
from services.flow.places import Place
from services.flow.proposals import Press, Proposals

YES = "👍"


class PressHandlers:
    """Turns a press or a 👍 into an accepted proposal."""

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    def register(self, application: HubApplication) -> None:
        """The "add" button, and reactions on proposals."""
        application.add_handler(CallbackQueryHandler(self.on_add, rf"^{PRESS_VERSION}:add:([A-Za-z0-9_-]+)$"))
        application.add_handler(
            MessageReactionHandler(
                self.on_reaction, message_reaction_types=MessageReactionHandler.MESSAGE_REACTION_UPDATED
            )
        )

    async def on_add(self, update: Update, context: HubContext) -> None:
        """Somebody pressed "add"."""
        query = update.callback_query
        if query is None or context.match is None:
            return
        place = place_of_press(query, context.language)
        press = Press(asker_of(update), place, query.id)
        await self._proposals.accept_press(context.match.group(1), press, context.work)

    async def on_reaction(self, update: Update, context: HubContext) -> None:
        """Somebody put a reaction; a 👍 that was not there before accepts the proposal it stands on."""
        reaction = update.message_reaction
        if reaction is None or reaction.user is None:  # anonymous: nobody to be the asker
            return
        before = {_emoji(each) for each in reaction.old_reaction}
        now = {_emoji(each) for each in reaction.new_reaction}
        if YES in now - before:
            place = Place(reaction.chat.id, is_private(reaction.chat), context.language)
            press = Press(asker_of(update), place)
            await self._proposals.accept_reaction(reaction.message_id, press, context.work)


class UnknownPressHandlers:
    """The last resort for buttons: forged, or from a version that is gone."""

    def register(self, application: HubApplication) -> None:
        """Registered after every other button."""
        application.add_handler(CallbackQueryHandler(self.on_press))

    async def on_press(self, update: Update, context: HubContext) -> None:
        """Say that the button means nothing."""
        raise StaleButton("unknown press")


def _emoji(reaction: object) -> str | None:
    return plain(reaction.emoji) if isinstance(reaction, ReactionTypeEmoji) else None
