"""The button below a deal: what a transfer would write to its twin now."""

from telegram import Update

from bot.context import HubContext
from bot.registry import STAFF_READS, Registry, pressed_at
from bot.speech import answer_press
from services.deals.item import PREVIEW
from services.deals.model import DealKey
from services.deals.preview_answer import PreviewAnswer
from services.engine.errors import StaleButton
from services.flow.messages import Content, Messages
from storage.database import Database


class PreviewHandlers:
    """Reads which deal is meant; the rest is the preview's."""

    def __init__(self, preview: PreviewAnswer, messages: Messages, database: Database) -> None:
        self._preview = preview
        self._messages = messages
        self._database = database

    def register(self, registry: Registry) -> None:
        """For staff. The button carries nothing: a domain may be longer than a button's data."""
        registry.press(PREVIEW, self.on_press, STAFF_READS)

    async def on_press(self, update: Update, context: HubContext) -> None:
        """Which deal, the message that bears the button was sent to tell."""
        _, place = pressed_at(update, context)
        shown = await self._database.read(lambda tx: self._messages.first_shown(tx, place))
        key = _shown_key(shown)
        answer_press(self._messages, update, context, None, await self._preview.of(key))


def _shown_key(shown: Content | None) -> DealKey:
    """Raises StaleButton when that message shows no deal."""
    for action in shown.actions if shown else ():
        if action.press == PREVIEW:
            domain, _, number = str(action.params["key"]).rpartition("/")
            return DealKey(domain, int(number))
    raise StaleButton("no deal", user_text="error-stale-button")
