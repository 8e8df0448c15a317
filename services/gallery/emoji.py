"""Custom emoji: a text's emoji ask about the sets they belong to."""

from collections.abc import Sequence
from typing import Protocol

from services.gallery.model import folded

MOST_IDS = 200  # in one question (core.telegram.org/bots/api#getcustomemojistickers)


class EmojiReader(Protocol):
    """Telegram's own word about custom emoji."""

    async def sets_of_emoji(self, ids: Sequence[str]) -> list[str]:
        """The names of the sets of up to 200 custom emoji; what belongs to no set, or is unknown, adds none.

        Raises Unavailable.
        """
        ...


class EmojiSets:
    """Finds the sets behind a text's custom emoji."""

    def __init__(self, reader: EmojiReader) -> None:
        self._reader = reader

    async def names(self, ids: Sequence[str]) -> list[str]:
        """Each set once, in the order of its emoji; without any id nobody is asked. Raises Unavailable."""
        wanted = list(dict.fromkeys(ids))[:MOST_IDS]
        return folded(await self._reader.sets_of_emoji(wanted)) if wanted else []
