"""The gallery a page at a time, as /search and /gallery show it."""

from dataclasses import dataclass

from services.gallery.sets import StickerSets
from storage.records import StickerSet

PAGE = 10  # sets on one page


@dataclass(frozen=True, slots=True)
class Page:
    """One page; pages count from 1, and an empty list has one too."""

    sets: tuple[StickerSet, ...]
    number: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(-(-self.total // PAGE), 1)


class Pages:
    """Turns pages of a list that may shrink or grow meanwhile."""

    def __init__(self, sets: StickerSets) -> None:
        self._sets = sets

    async def page(self, text: str, number: int) -> Page:
        """That page of the sets that match the text (all, for an empty one); beyond the end, the last one.

        Raises Unavailable when the gallery cannot answer.
        """
        found = await self._page(text, max(number, 1))
        if not found.sets and found.number > found.last:
            found = await self._page(text, found.last)
        return found

    async def _page(self, text: str, number: int) -> Page:
        sets, total = await self._sets.search(text, limit=PAGE, offset=(number - 1) * PAGE)
        return Page(tuple(sets), number, total)
