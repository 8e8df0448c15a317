"""What a handler is given besides the update: who asks, where, and the work of its job."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from telegram import Chat, Message, MessageReactionUpdated, Update, User
from telegram.constants import ChatType
from telegram.ext import CallbackContext, ExtBot

from services.engine.work import Work
from services.flow.places import Asker, Place

GROUP_ANONYMOUS_BOT = 1087968824  # Telegram's stand-in for a group's hidden administrators


@dataclass(slots=True)
class Handling:
    """One job's update in the hands of the application."""

    work: Work
    language: str = "en"
    failure: Exception | None = None


handling: ContextVar[Handling] = ContextVar("handling")


class HubContext(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[Any, Any]]):
    """One for each handler and another one for an error: what outlives it is kept in Handling."""

    @property
    def language(self) -> str:
        """What the person reads; filled in before any handler runs."""
        return handling.get().language

    @language.setter
    def language(self, language: str) -> None:
        handling.get().language = language

    @property
    def work(self) -> Work:
        """Where the handler's writes go."""
        return handling.get().work


def is_private(chat: Chat | None) -> bool:
    """Whether a chat is a conversation between one person and the bot."""
    return chat is not None and chat.type == ChatType.PRIVATE


def place_of(message: Message, language: str) -> Place:
    """The place of a message. Its thread counts only inside a forum (reference: is_topic_message)."""
    return Place(
        chat_id=message.chat.id,
        private=is_private(message.chat),
        language=language,
        thread_id=message.message_thread_id if message.is_topic_message else None,
        message_id=message.message_id,
    )


def place_of_reaction(reaction: MessageReactionUpdated, language: str, thread_id: int | None = None) -> Place:
    """The place of the message that a reaction stands on; Telegram does not tell its thread."""
    chat = reaction.chat
    return Place(chat.id, is_private(chat), language, thread_id, reaction.message_id)


def asker_of(update: Update) -> Asker:
    """Who wrote, pressed or reacted. Whoever writes as a group or channel has no id of their own."""
    user = update.effective_user
    message = update.effective_message
    if user is None or (update.message and update.message.sender_chat):
        sender = message.sender_chat if message else None
        return Asker(None, (sender.title if sender else None) or "?")
    return Asker(user.id, user.full_name)


def is_ours(user: User | None, bot: ExtBot[None]) -> bool:
    """Whether that user is this bot."""
    return user is not None and user.id == bot.id
