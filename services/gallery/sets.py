"""The gallery's list, for whoever pages through it."""

from storage import sticker_sets
from storage.database import Database
from storage.records import StickerSet


class StickerSets:
    """Reads the listed sets straight from the gallery: a list is never cached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """Sets whose name or title contains the text, newest first, and how many there are in all."""
        return await self._database.read(lambda tx: sticker_sets.search(tx, text, limit=limit, offset=offset))

    async def figures(self) -> dict[str, int]:
        """What /stats tells about the gallery."""
        return {"sets": await self._database.read(sticker_sets.count)}
