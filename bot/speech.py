"""Answering an update in words."""

from telegram import CallbackQuery, InaccessibleMessage, Message, Update
from telegram.ext import filters

from bot.context import HubContext, is_private, place_of
from services.engine.errors import StaleButton
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Place
from storage.database import Transaction

# For every message handler: an edit must not run a command again, and channels are not ours to answer.
FRESH = filters.UpdateType.MESSAGE


def message_of(update: Update) -> Message:
    """The fresh message that a handler filtered with FRESH was called for."""
    assert update.message is not None  # noqa: S101 - FRESH lets nothing else through
    return update.message


def say(messages: Messages, update: Update, context: HubContext, content: Content) -> None:
    """Answer a message in its place."""
    place, job = place_of(message_of(update), context.language), context.work.job
    context.work.write(lambda tx: messages.text(tx, job, place, content))


def answer_press(
    messages: Messages, update: Update, context: HubContext, text: Text | None, content: Content | None = None
) -> None:
    """Answer a pressed button, and say more below it when there is more."""
    query, job = update.callback_query, context.work.job
    if query is None:
        return
    place = place_of_press(query, context.language)
    below = Place(place.chat_id, place.private, place.language, place.thread_id)

    def unit(tx: Transaction) -> None:
        messages.answer(tx, job, place, Answer(query.id, text))
        if content:
            messages.text(tx, job, below, content)

    context.work.write(unit)


def place_of_press(query: CallbackQuery, language: str) -> Place:
    """The message that bears the button; its chat is known even when it cannot be read any more.

    Raises StaleButton for a button of an inline message, of which we send none.
    """
    message = query.message
    if message is None:
        raise StaleButton("an inline message")
    if isinstance(message, Message) and message.is_accessible:
        return place_of(message, language)
    assert isinstance(message, Message | InaccessibleMessage)  # noqa: S101 - the library has no third
    return Place(message.chat.id, is_private(message.chat), language, message_id=message.message_id)
