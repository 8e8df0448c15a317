"""/settings: what a chat's administrators choose for it, and everybody for themselves in private."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import CHAT_ADMIN, CHAT_SHOWS, Registry, pressed_at, token_of
from bot.speech import message_of
from services.flow.chat_settings import CHOICES, ChatSettings
from services.flow.roles import Roles


class SettingsHandlers:
    """One message with a button for each choice, edited in place."""

    def __init__(self, settings: ChatSettings, roles: Roles) -> None:
        self._settings = settings
        self._roles = roles

    def register(self, registry: Registry) -> None:
        """The command and its buttons, for administrators of the chat."""
        registry.command("settings", self.on_settings, CHAT_SHOWS)
        registry.press("set", self.on_choice, CHAT_ADMIN, carries="|".join(CHOICES))

    async def on_settings(self, update: Update, context: HubContext) -> None:
        """/settings."""
        asker, place = asker_of(update), place_of(message_of(update), context.language)
        admin = await self._roles.shown(asker.user_id) == "admin"
        self._settings.show(context.work, place, asker=asker, admin=admin)

    async def on_choice(self, update: Update, context: HubContext) -> None:
        """A choice was pressed."""
        press_id, place = pressed_at(update, context)
        asker, choice = asker_of(update), token_of(context)
        admin = await self._roles.shown(asker.user_id) == "admin"
        self._settings.choose(context.work, place, choice, press_id, asker=asker, admin=admin)
