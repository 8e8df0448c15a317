"""The gallery's list, for whoever pages through it or changes it from outside the chats."""

from collections.abc import Sequence

from services.engine.cache import Region
from services.engine.clock import Clock
from services.engine.errors import Unavailable
from services.gallery.model import STICKER_SET
from services.gallery.source import GallerySource, Listing
from storage import invalidations
from storage.database import Database
from storage.records import StickerSet


class StickerSets:
    """Reads and changes the listed sets straight at the gallery: what this room tells is never cached."""

    def __init__(
        self, source: GallerySource, database: Database, clock: Clock, region: Region[str, StickerSet]
    ) -> None:
        self._source = source
        self._database = database
        self._clock = clock
        self._region = region
        self._counted = 0

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """Sets whose name or title contains the text, newest first, and how many there are in all."""
        return await self._source.search(text, limit=limit, offset=offset)

    async def named(self, names: Sequence[str]) -> dict[str, StickerSet]:
        """The listed ones among up to 100 names, by the names as given."""
        found = await self._source.look_up(names) if names else {}
        return {name: found[name.lower()] for name in names if name.lower() in found}

    async def put(self, name: str, wanted: Listing, actor: str) -> tuple[StickerSet, bool]:
        """See GallerySource; the caches hear of it."""
        try:
            return await self._source.put(name, wanted, actor)
        finally:  # whoever failed may have changed it first
            self._region.invalidate(name.lower())

    async def remove(self, name: str, actor: str) -> bool:
        """See GallerySource; the caches hear of it."""
        try:
            return await self._source.remove(name, actor)
        finally:  # as in `put`
            self._region.invalidate(name.lower())

    async def forget(self, name: str) -> None:
        """Drop what every process remembers of a set. Raises StorageUnavailable: then tell it again."""
        key = name.lower()
        self._region.invalidate(key)
        await self._database.write(lambda tx: invalidations.add(tx, STICKER_SET, key, at=self._clock.now()))

    async def figures(self) -> dict[str, int | bool]:
        """What /stats tells about the gallery: how many sets, `away` when only the last count is known."""
        try:
            self._counted = await self._source.count()
        except Unavailable:
            return {"sets": self._counted, "away": True}
        return {"sets": self._counted}
