"""Asking about items: a sticker, custom emoji, links, names, /check."""

from dataclasses import replace

from telegram import Message, MessageEntity, Update
from telegram.ext import filters

from bot.context import HubContext, asker_of, is_ours, is_private, place_of
from bot.registry import Registry
from bot.speech import message_of, say
from services.engine.errors import NotRecognised
from services.flow.batches import MOST
from services.flow.checks import Checks
from services.flow.items import Items, Recognised
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place, Press
from services.gallery.emoji import EmojiSets
from services.gallery.item import STICKER_SET
from services.gallery.model import folded, is_bot_made, names_in_links, names_listed
from storage.records import Sighting

EMOJI = "emoji:"  # before a custom emoji's id among the keys of a sighting; no set's name has a colon


class CheckHandlers:
    """Reads what is asked about and hands it to the checks."""

    def __init__(self, items: Items, checks: Checks, emoji: EmojiSets, messages: Messages) -> None:
        self._items = items
        self._checks = checks
        self._emoji = emoji
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """Stickers, /check, and texts that are no commands; what stands below a picture is a text too."""
        registry.message("sticker", filters.Sticker.ALL, self.on_sticker)
        registry.command("check", self.on_check)
        registry.message("text", (filters.TEXT & ~filters.COMMAND) | filters.CAPTION, self.on_text)

    async def on_sticker(self, update: Update, context: HubContext) -> None:
        """A sticker asks about its set."""
        message = message_of(update)
        if wanted := sticker_of(message):
            await self._check([wanted], update, context)
        elif is_private(message.chat):
            say(self._messages, update, context, Content((Text("sticker-without-set"),)))

    async def on_check(self, update: Update, context: HubContext) -> None:
        """/check NAME, or several names, or /check in reply to what is asked about."""
        message = message_of(update)
        asked = " ".join(context.args or [])
        about = message if asked else message.reply_to_message
        if about is None:
            if is_private(message.chat):
                say(self._messages, update, context, Content((Text("check-usage"),)))
            return
        sticker = None if asked else sticker_of(about)
        text = asked or about.text or about.caption or ""
        wanted = [sticker] if sticker else await self._wanted(about, text, asked=bool(asked))
        if not wanted:
            raise NotRecognised(asked)
        await self._check(wanted, update, context, about)

    async def on_text(self, update: Update, context: HubContext) -> None:
        """Plain text in private, and in a group what is addressed to the bot.

        Pictures are sent for many reasons, so a caption that asks about nothing stays unanswered.
        """
        message = message_of(update)
        private = is_private(message.chat)
        if not private and not _is_addressed(message, context):
            return
        wanted = await self._wanted(message, _without_mention(message, context), asked=False)
        if wanted:
            await self._check(wanted, update, context)
        elif private and message.text:
            text = Text("emoji-without-set" if _emoji_ids(message) else "unrecognised")
            say(self._messages, update, context, Content((text,)))

    async def check_seen(self, seen: Sighting, press: Press, context: HubContext) -> None:
        """Somebody asks about a message that the bot saw earlier."""
        ids = [key.removeprefix(EMOJI) for key in seen.keys if key.startswith(EMOJI)]
        names = [key for key in seen.keys if not key.startswith(EMOJI)]
        names = folded([*names, *await self._emoji.names(ids)])
        if names:
            wanted = [Recognised(seen.kind, name) for name in names]
            await self._ask(wanted, press.by, press.place, context)

    async def _wanted(self, message: Message, text: str, *, asked: bool) -> list[Recognised]:
        """What a message asks about with this text of it: a list of names, links, custom emoji."""
        hidden = _hidden_links(message)
        everything = "\n".join([text, *hidden])
        listed = [] if hidden else names_listed(text, any_word=asked)  # words that hide a link are no names
        names = listed if len(listed) > 1 else names_in_links(everything)
        if not names and not hidden and not asked and is_private(message.chat):
            names = await self._listed_words(text)
        names = folded([*names, *await self._emoji.names(_emoji_ids(message))])
        if names:
            return [Recognised(STICKER_SET, name) for name in names]
        recognised = await self._items.recognise(everything, asked=asked)
        return [recognised] if recognised else []

    async def _listed_words(self, text: str) -> list[str]:
        """Of several bare words and nothing else, those that count: what is listed, what only bots make.

        Raises Unavailable. A single word is left to the kinds.
        """
        words = names_listed(text, any_word=True)[:MOST]
        if len(words) < 2:
            return []
        found = await self._items.kind(STICKER_SET).find_many(words)
        return [word for word in words if found[word] or is_bot_made(word)]

    async def _check(
        self, wanted: list[Recognised], update: Update, context: HubContext, about: Message | None = None
    ) -> None:
        """`about` is the message with the item, when it is not the one that asks."""
        place = place_of(message_of(update), context.language)
        if about:
            place = replace(place, message_id=about.message_id)
        await self._ask(wanted, asker_of(update), place, context)

    async def _ask(self, wanted: list[Recognised], asker: Asker, place: Place, context: HubContext) -> None:
        if len(wanted) == 1:
            await self._checks.check(wanted[0], asker, place, context.work)
        else:
            keys = [each.key for each in wanted]
            await self._checks.check_many(wanted[0].kind, keys, asker, place, context.work)


def sticker_of(message: Message) -> Recognised | None:
    """The set that a message's sticker belongs to."""
    if message.sticker and message.sticker.set_name:
        return Recognised(STICKER_SET, message.sticker.set_name)
    return None


def keys_of(message: Message) -> list[str]:
    """What a message is about, as sightings keep it: sets by name, custom emoji by their ids."""
    if sticker := sticker_of(message):
        return [sticker.key]
    everything = "\n".join([message.text or message.caption or "", *_hidden_links(message)])
    return [*names_in_links(everything), *(f"{EMOJI}{each}" for each in _emoji_ids(message))]


def _entities(message: Message) -> tuple[MessageEntity, ...]:
    return (*message.entities, *message.caption_entities)


def _hidden_links(message: Message) -> list[str]:
    """The addresses behind words of a text."""
    return [entity.url for entity in _entities(message) if entity.url]


def _emoji_ids(message: Message) -> list[str]:
    return [entity.custom_emoji_id for entity in _entities(message) if entity.custom_emoji_id]


def _is_addressed(message: Message, context: HubContext) -> bool:
    replied = message.reply_to_message
    if replied and not replied.forum_topic_created and is_ours(replied.from_user, context.bot):
        return True
    return bool(_mentions(message, context))


def _mentions(message: Message, context: HubContext) -> list[str]:
    """Where the bot is called by its name, each in the writer's own spelling."""
    name = f"@{context.bot.username}".lower()
    parse = message.parse_entities if message.text else message.parse_caption_entities
    found = parse([MessageEntity.MENTION]).values()
    return [each for each in found if each.lower() == name]


def _without_mention(message: Message, context: HubContext) -> str:
    text = message.text or message.caption or ""
    for mention in _mentions(message, context):
        text = text.replace(mention, " ")
    return text.strip()
