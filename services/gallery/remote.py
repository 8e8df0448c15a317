"""A gallery elsewhere: another hub, or any service that speaks CONTRACT's gallery routes."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from services.engine.breaker import Breaker
from services.engine.clock import Clock
from services.engine.errors import BreakerOpen, Unavailable
from services.engine.health import Told
from services.flow.items import Addition
from services.gallery.changes import Author, outdate, record, told
from services.gallery.model import STICKER_SET
from services.gallery.source import Listing
from services.gallery.wire import GalleryWire
from storage import journal
from storage.database import Database, Transaction
from storage.records import StickerSet

SETS = "/gallery/sets"
CLOCKS_DIFFER = timedelta(seconds=60)  # by so much two machines may disagree about the time

YEARS = range(1970, 9001)


class Item(msgspec.Struct, frozen=True):
    """A set as the routes tell it."""

    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9_]{0,63}$")]
    title: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
    kind: Literal["regular", "mask", "custom_emoji"]
    count: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None
    added_by: int | None
    added_at: Annotated[datetime, msgspec.Meta(tz=True)]

    def __post_init__(self) -> None:
        # msgspec makes a ValueError one of its own. Nearer to the calendar's ends no zone's time may exist.
        if self.added_at.year not in YEARS:
            raise ValueError("`added_at` is no moment of a gallery")

    def row(self) -> StickerSet:
        """The same as this house keeps it."""
        at = self.added_at.astimezone(UTC)
        return StickerSet(self.name, self.title, self.kind, self.count, self.added_by, None, at)


class Found(msgspec.Struct):
    """The answer to a look-up by names."""

    found: dict[str, Item]
    missing: list[str]


class Page(msgspec.Struct):
    """A part of the list."""

    items: list[Item]
    total: Annotated[int, msgspec.Meta(ge=0)]


class RemoteGallery:
    """Asks and tells the other gallery; the journal here says what this hub did there."""

    def __init__(self, wire: GalleryWire, database: Database, clock: Clock) -> None:
        self._wire = wire
        self._database = database
        self._clock = clock

    async def look_up(self, names: Collection[str]) -> dict[str, StickerSet]:
        """See GallerySource. An answer that leaves one of the names out is none."""
        asked = {name.lower() for name in names}

        def fits(answer: Found) -> bool:
            told_of = {name.lower() for name in [*answer.found, *answer.missing]}
            named = all(name.lower() == item.name.lower() for name, item in answer.found.items())
            return named and told_of >= asked

        answer = await self._wire.get(SETS, Found, fits, names=",".join(names))
        return {name.lower(): item.row() for name, item in answer.found.items()}

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """See GallerySource."""
        page = await self._wire.get(SETS, Page, q=text, limit=limit, offset=offset)
        return [item.row() for item in page.items], page.total

    async def count(self) -> int:
        """See GallerySource."""
        return (await self.search("", limit=1, offset=0))[1]

    @property
    def breaker(self) -> Breaker:
        """What leaves the other gallery alone while it fails."""
        return self._wire.breaker

    async def check(self) -> str | None:
        """For the list of health checks: what was noticed last."""
        return self._wire.trouble

    async def probe(self) -> list[Told]:
        """For the doctor: ask it now. Raises what it raises."""
        listed = await self.count()
        return [Told("ok", f"{listed} sets listed")]

    async def put(self, name: str, wanted: Listing, actor: str) -> tuple[StickerSet, bool]:
        """See GallerySource."""
        author = Author.here(actor, self._clock.now())
        async with self._doubted(author, name):
            stored, new = await self._put(name, wanted)
        action = "add" if new else "change"
        await self._database.write(lambda tx: record(tx, author, action, stored.name, after=told(stored)))
        return stored, new

    async def remove(self, name: str, actor: str) -> bool:
        """See GallerySource. What is gone already, perhaps by an earlier try, is outdated too."""
        author = Author.here(actor, self._clock.now())
        async with self._doubted(author, name):
            removed = await self._wire.delete(f"{SETS}/{name}")
        if removed:
            await self._database.write(lambda tx: record(tx, author, "remove", name))
        else:
            await self._database.write(lambda tx: outdate(tx, author, name))
        return removed

    async def carry_out_removal(self, name: str, author: Author) -> None:
        """Remove it there; what is gone already, perhaps by an earlier try, is gone."""
        async with self._doubted(author, name):
            await self._wire.delete(f"{SETS}/{name}")

    def remove_in(self, tx: Transaction, name: str, author: Author, before: Any) -> None:
        """See GallerySource."""
        record(tx, author, "remove", name, before=before)

    async def carry_out(self, addition: Addition) -> Addition:
        """Add it there; one that is listed there already stays as it is."""
        details: dict[str, Any] = addition.details
        name, new = details["name"], False
        stored = (await self.look_up([name])).get(name.lower())
        if stored is None:
            wanted = Listing(details["title"], details["kind"], details["count"], addition.by)
            stored, new = await self._put(name, wanted)
        return replace(addition, details=details | {"listed": stored, "new": new})

    def add(self, tx: Transaction, addition: Addition) -> tuple[StickerSet, bool]:
        """What `carry_out` was told. An earlier try of this very addition that broke off counts as new."""
        stored: StickerSet = addition.details["listed"]
        return stored, addition.details["new"] or self._is_ours(tx, stored, addition)

    @asynccontextmanager
    async def _doubted(self, author: Author, name: str) -> AsyncIterator[None]:
        """A write without an answer may have come about: then every process has to ask again."""
        try:
            yield
        except BreakerOpen:  # nothing was sent
            raise
        except Unavailable:
            await self._database.write(lambda tx: outdate(tx, author, name))
            raise

    async def _put(self, name: str, wanted: Listing) -> tuple[StickerSet, bool]:
        def fits(item: Item) -> bool:
            return item.name.lower() == name.lower()

        item, new = await self._wire.put(f"{SETS}/{name}", Item, fits, asdict(wanted))
        return item.row(), new

    @staticmethod
    def _is_ours(tx: Transaction, stored: StickerSet, addition: Addition) -> bool:
        since = addition.proposed_at
        if since is None or stored.added_by != addition.by or stored.added_at < since - CLOCKS_DIFFER:
            return False
        story = journal.of_item(tx, STICKER_SET, stored.name)
        return not any(entry.action == "add" and entry.at >= since for entry in story)
