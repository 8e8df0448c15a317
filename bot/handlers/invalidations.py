"""/invalidate: what the cache remembers is dropped."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_CHANGES, Registry
from bot.speech import message_of, say
from services.flow.invalidations import Dropping
from services.flow.messages import Content, Messages, Text

NAME = 40  # characters of a region's name that are repeated


class InvalidationHandlers:
    """Everything and whole regions are asked about before."""

    def __init__(self, dropping: Dropping, messages: Messages) -> None:
        self._dropping = dropping
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("invalidate", self.on_invalidate, ADMIN_CHANGES)

    async def on_invalidate(self, update: Update, context: HubContext) -> None:
        """/invalidate [REGION] [KEY]."""
        words = context.args or []
        region, key = next(iter(words), None), words[1:]
        place, asker = place_of(message_of(update), context.language), asker_of(update)
        known = self._dropping.regions()
        if region is not None and region not in known:
            facts = {"region": region[:NAME], "regions": ", ".join(known)}
            text = Text("invalidate-unknown", facts)
        elif region is None or not key:
            self._dropping.ask(context.work, place, asker, region)
            return
        else:
            text = self._dropping.drop(context.work, asker, region, " ".join(key))
        say(self._messages, update, context, Content((text,)))
