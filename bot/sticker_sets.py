"""Telegram's own word about sticker sets and custom emoji, for the gallery."""

from collections.abc import Sequence

from telegram import Bot, StickerSet
from telegram.error import BadRequest, TelegramError

from bot.outcomes import unavailable
from services.engine.errors import NoSuchItem
from services.gallery.model import StickerSetFacts

UNKNOWN = ("stickerset_invalid", "stickerset not found")


class TelegramStickerSets:
    """The gallery's StickerSetReader and EmojiReader, by core.telegram.org/bots/api#stickers."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def sticker_set(self, name: str) -> StickerSetFacts:
        """See StickerSetReader: the answer carries the canonical name."""
        try:
            found = await self._bot.get_sticker_set(name)
        except BadRequest as error:
            if any(each in error.message.lower() for each in UNKNOWN):
                raise NoSuchItem(name, user_text="error-no-such-set") from error
            raise unavailable(error, user_text="error-gallery-unavailable") from error
        except TelegramError as error:
            raise unavailable(error, user_text="error-gallery-unavailable") from error
        return _facts(found)

    async def sets_of_emoji(self, ids: Sequence[str]) -> list[str]:
        """See EmojiReader."""
        try:
            found = await self._bot.get_custom_emoji_stickers(ids)
        except TelegramError as error:
            raise unavailable(error, user_text="error-gallery-unavailable") from error
        return [each.set_name for each in found if each.set_name]


def _facts(found: StickerSet) -> StickerSetFacts:
    return StickerSetFacts(found.name, found.title, str(found.sticker_type), len(found.stickers))
