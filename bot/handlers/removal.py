"""/remove, and the button below what is listed."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.handlers.checks import sticker_of
from bot.registry import ADMIN_CHANGES, Registry, pressed_at
from bot.speech import message_of, say
from services.engine.errors import StaleButton
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Place
from services.gallery.item import REMOVE
from services.gallery.model import names_listed
from services.gallery.removal import Removal
from storage.database import Database


class RemovalHandlers:
    """Reads which set is meant; the question and the rest is the gallery's."""

    def __init__(self, removal: Removal, messages: Messages, database: Database) -> None:
        self._removal = removal
        self._messages = messages
        self._database = database

    def register(self, registry: Registry) -> None:
        """For admins. The button carries nothing: names are longer than a button's data may be."""
        registry.command("remove", self.on_remove, ADMIN_CHANGES)
        registry.press(REMOVE, self.on_press, ADMIN_CHANGES)

    async def on_remove(self, update: Update, context: HubContext) -> None:
        """/remove NAME or a link, or in reply to a sticker."""
        message = message_of(update)
        replied = message.reply_to_message
        sticker = sticker_of(replied) if replied and not context.args else None
        names = [sticker.key] if sticker else names_listed(" ".join(context.args or []), any_word=True)
        if len(names) != 1:
            say(self._messages, update, context, Content((Text("remove-usage"),)))
            return
        place = place_of(message, context.language)
        await self._removal.ask(names[0], asker_of(update), place, context.work)

    async def on_press(self, update: Update, context: HubContext) -> None:
        """The button below a listed set: which one, the message that bears it was sent to tell."""
        press_id, place = pressed_at(update, context)
        shown = await self._database.read(lambda tx: self._messages.first_shown(tx, place))
        keys = [each.params["key"] for each in (shown.actions if shown else ()) if each.press == REMOVE]
        if not keys:
            raise StaleButton("no set", user_text="error-stale-list")
        below = Place(place.chat_id, place.private, place.language, place.thread_id)
        await self._removal.ask(keys[0], asker_of(update), below, context.work)
        job = context.work.job
        context.work.write(lambda tx: self._messages.answer(tx, job, place, Answer(press_id)))
