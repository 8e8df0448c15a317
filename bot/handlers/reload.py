"""/reload: the mapping's file is read again."""

from telegram import Update

from bot.context import HubContext, asker_of
from bot.registry import ADMIN_CHANGES, Registry
from bot.speech import say
from services.deals.mapping.reloading import Reloading
from services.flow.messages import Messages


class ReloadHandlers:
    """A bad file is refused, and the one before holds."""

    def __init__(self, reloading: Reloading, messages: Messages) -> None:
        self._reloading = reloading
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("reload", self.on_reload, ADMIN_CHANGES)

    async def on_reload(self, update: Update, context: HubContext) -> None:
        """/reload."""
        say(self._messages, update, context, await self._reloading.reload(context.work, asker_of(update)))
