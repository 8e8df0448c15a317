"""The built-in gallery: this hub's own table."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from services.engine.clock import Clock
from services.engine.errors import Unavailable
from services.flow.items import Addition
from services.gallery.changes import Author, record, told
from services.gallery.source import Listing
from storage import sticker_sets
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import StickerSet


class LocalGallery:
    """Keeps the list itself. Every change is in the journal and tells all processes, in one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def look_up(self, names: Collection[str]) -> dict[str, StickerSet]:
        """See GallerySource."""
        try:
            found = await self._database.read(lambda tx: sticker_sets.by_names(tx, names))
        except StorageUnavailable as error:
            raise Unavailable("gallery", str(error), user_text="error-gallery-unavailable") from error
        return {each.name.lower(): each for each in found}

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """See GallerySource."""
        return await self._database.read(lambda tx: sticker_sets.search(tx, text, limit=limit, offset=offset))

    async def count(self) -> int:
        """See GallerySource."""
        return await self._database.read(sticker_sets.count)

    async def carry_out(self, addition: Addition) -> Addition:
        """Nothing is outside."""
        return addition

    def add(self, tx: Transaction, addition: Addition) -> tuple[StickerSet, bool]:
        """See GallerySource: one that is listed already stays as it is."""
        details: dict[str, Any] = addition.details
        added = StickerSet(
            name=details["name"],
            title=details["title"],
            kind=details["kind"],
            count=details["count"],
            added_by=addition.by,
            added_in=addition.chat_id,
            added_at=self._clock.now(),
        )
        new = sticker_sets.add(tx, added)
        return (added if new else sticker_sets.by_name(tx, added.name) or added), new

    async def put(self, name: str, wanted: Listing, actor: str) -> tuple[StickerSet, bool]:
        """See GallerySource."""
        author = Author.here(actor, self._clock.now())
        return await self._database.write(lambda tx: _put(tx, name, wanted, author))

    async def remove(self, name: str, actor: str) -> bool:
        """See GallerySource."""
        author = Author.here(actor, self._clock.now())
        return await self._database.write(lambda tx: _remove(tx, name, author))

    async def carry_out_removal(self, name: str, author: Author) -> None:
        """Nothing is outside."""

    def remove_in(self, tx: Transaction, name: str, author: Author, before: Any) -> None:
        """See GallerySource."""
        _remove(tx, name, author)


def _put(tx: Transaction, name: str, wanted: Listing, author: Author) -> tuple[StickerSet, bool]:
    row = StickerSet(name, wanted.title, wanted.kind, wanted.count, wanted.added_by, None, author.at)
    if sticker_sets.add(tx, row):
        record(tx, author, "add", name, after=told(row))
        return row, True
    before = sticker_sets.by_name(tx, name)
    if before is None:  # somebody removed it between the two statements
        return _put(tx, name, wanted, author)
    after = replace(before, title=wanted.title, kind=wanted.kind, count=wanted.count)
    if after != before:
        if not sticker_sets.change(tx, after):
            return _put(tx, name, wanted, author)
        record(tx, author, "change", after.name, before=told(before), after=told(after))
    return after, False


def _remove(tx: Transaction, name: str, author: Author) -> bool:
    before = sticker_sets.by_name(tx, name)
    if before is None or not sticker_sets.remove(tx, name):
        return False
    record(tx, author, "remove", before.name, before=told(before))
    return True
