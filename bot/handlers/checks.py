"""Asking about an item: a sticker, a link, a name, /check."""

from dataclasses import replace

from telegram import Message, MessageEntity, Update
from telegram.ext import CommandHandler, MessageHandler, filters

from bot.application import HubApplication
from bot.context import HubContext, asker_of, is_ours, is_private, place_of
from bot.speech import FRESH, message_of, say
from services.engine.errors import NotRecognised
from services.flow.checks import Checks
from services.flow.items import Items, Recognised
from services.flow.messages import Content, Messages, Text
from services.gallery.item import STICKER_SET


class CheckHandlers:
    """Reads what is asked about and hands it to the checks."""

    def __init__(self, items: Items, checks: Checks, messages: Messages) -> None:
        self._items = items
        self._checks = checks
        self._messages = messages

    def register(self, application: HubApplication) -> None:
        """Stickers, /check, and texts that are no commands."""
        application.add_handler(MessageHandler(filters.Sticker.ALL & FRESH, self.on_sticker))
        application.add_handler(CommandHandler("check", self.on_check, filters=FRESH))
        application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND & FRESH, self.on_text))

    async def on_sticker(self, update: Update, context: HubContext) -> None:
        """A sticker asks about its set."""
        message = message_of(update)
        if wanted := _sticker_of(message):
            await self._check(wanted, update, context)
        elif is_private(message.chat):
            say(self._messages, update, context, Content((Text("sticker-without-set"),)))

    async def on_check(self, update: Update, context: HubContext) -> None:
        """/check NAME, or /check in reply to what is asked about."""
        message = message_of(update)
        asked = " ".join(context.args or [])
        about = message if asked else message.reply_to_message or message
        wanted = await self._items.recognise(_with_links(message, asked), asked=True) if asked else None
        if not asked and message.reply_to_message:
            replied = message.reply_to_message
            wanted = _sticker_of(replied) or await self._items.recognise(
                _with_links(replied, replied.text or ""), asked=False
            )
        if wanted:
            await self._check(wanted, update, context, about)
        elif asked or message.reply_to_message:
            raise NotRecognised(asked)
        elif is_private(message.chat):
            say(self._messages, update, context, Content((Text("check-usage"),)))

    async def on_text(self, update: Update, context: HubContext) -> None:
        """Plain text in private, and in a group what is addressed to the bot."""
        message = message_of(update)
        private = is_private(message.chat)
        if not private and not _is_addressed(message, context):
            return
        text = _without_mention(message, context)
        wanted = await self._items.recognise(_with_links(message, text), asked=False)
        if wanted:
            await self._check(wanted, update, context)
        elif private:
            say(self._messages, update, context, Content((Text("unrecognised"),)))

    async def _check(
        self, wanted: Recognised, update: Update, context: HubContext, about: Message | None = None
    ) -> None:
        """`about` is the message with the item, when it is not the one that asks."""
        place = place_of(message_of(update), context.language)
        if about:
            place = replace(place, message_id=about.message_id)
        await self._checks.check(wanted, asker_of(update), place, context.work)


def _sticker_of(message: Message) -> Recognised | None:
    if message.sticker and message.sticker.set_name:
        return Recognised(STICKER_SET, message.sticker.set_name)
    return None


def _with_links(message: Message, text: str) -> str:
    """The text, and the addresses that hide behind words of it."""
    hidden = [entity.url for entity in message.entities if entity.url]
    return "\n".join([text, *hidden]) if hidden else text


def _is_addressed(message: Message, context: HubContext) -> bool:
    replied = message.reply_to_message
    if replied and not replied.forum_topic_created and is_ours(replied.from_user, context.bot):
        return True
    return bool(_mentions(message, context))


def _mentions(message: Message, context: HubContext) -> list[str]:
    """Where the bot is called by its name, each in the writer's own spelling."""
    name = f"@{context.bot.username}".lower()
    found = message.parse_entities([MessageEntity.MENTION]).values()
    return [each for each in found if each.lower() == name]


def _without_mention(message: Message, context: HubContext) -> str:
    text = message.text or ""
    for mention in _mentions(message, context):
        text = text.replace(mention, " ")
    return text.strip()
