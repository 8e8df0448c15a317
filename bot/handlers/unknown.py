"""Commands nobody knows, registered after all others."""

from telegram import Update
from telegram.ext import filters

from bot.context import HubContext
from bot.registry import Registry
from bot.speech import say
from services.flow.messages import Content, Messages, Text


class UnknownCommandHandlers:
    """One line pointing to /help in private, nothing in groups."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """Only private chats: in groups the command may be another bot's."""
        registry.message("unknown command", filters.COMMAND & filters.ChatType.PRIVATE, self.on_command)

    async def on_command(self, update: Update, context: HubContext) -> None:
        """Say so."""
        say(self._messages, update, context, Content((Text("unknown-command"),)))
