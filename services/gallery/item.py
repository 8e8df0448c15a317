"""The kind `stickerset`: recognise, find, propose, add (DESIGN §1)."""

from typing import Any, Protocol

from services.engine.cache import Region
from services.engine.clock import Clock
from services.engine.errors import Unavailable
from services.engine.work import Work
from services.flow.items import Addition, Card, Fact, Item, Link, Proposal, Recognised
from services.flow.places import Asker, Place
from services.gallery.model import StickerSetFacts, is_bot_made, link_to, name_alone, name_in_link
from storage import invalidations, sticker_sets
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import StickerSet

REGION = "stickerset"
STICKER_SET = "stickerset"  # the kind's name


class StickerSetReader(Protocol):
    """Telegram's own word about a set."""

    async def sticker_set(self, name: str) -> StickerSetFacts:
        """Title, kind and count. Raises NoSuchItem for an unknown or deleted set, Unavailable."""
        ...


class StickerSetKind:
    """Sticker sets in the built-in gallery."""

    name = STICKER_SET

    def __init__(
        self,
        database: Database,
        clock: Clock,
        region: Region[str, StickerSet],
        reader: StickerSetReader,
    ) -> None:
        self._database = database
        self._clock = clock
        self._region = region
        self._reader = reader

    def recognise(self, text: str) -> Recognised | None:
        """A link anywhere in the text, or a bare word of the right shape (certain only if `…_by_…`)."""
        if linked := name_in_link(text):
            return Recognised(self.name, linked)
        if word := name_alone(text):
            return Recognised(self.name, word, certain=is_bot_made(word))
        return None

    async def find(self, key: str) -> Item | None:
        """The listed set. Raises Unavailable when the gallery cannot tell."""
        found = await self._region.get_or_load(key.lower(), lambda: self._load(key))
        return self._item(found) if found else None

    async def propose(self, key: str, asker: Asker, place: Place) -> Proposal:
        """What would be listed, with title and count from Telegram."""
        facts = await self._reader.sticker_set(key)
        details = {"name": facts.name, "title": facts.title, "kind": facts.kind, "count": facts.count}
        card = _card(facts.title, facts.kind, facts.count, facts.name)
        return Proposal(self.name, facts.name, card, details)

    def add(self, tx: Transaction, work: Work, addition: Addition) -> tuple[Item, bool]:
        """List the set; one that is listed already stays as it is."""
        added = self._row(addition)
        new = sticker_sets.add(tx, added)
        stored = added if new else sticker_sets.by_name(tx, added.name) or added
        key = stored.name.lower()
        invalidations.add(tx, REGION, key, at=self._clock.now())
        work.afterwards(lambda: self._region.set(key, stored))
        return self._item(stored), new

    async def _load(self, key: str) -> StickerSet | None:
        try:
            return await self._database.read(lambda tx: sticker_sets.by_name(tx, key))
        except StorageUnavailable as error:
            raise Unavailable("gallery", str(error), user_text="error-gallery-unavailable") from error

    def _row(self, addition: Addition) -> StickerSet:
        details: dict[str, Any] = addition.details
        return StickerSet(
            name=details["name"],
            title=details["title"],
            kind=details["kind"],
            count=details["count"],
            added_by=addition.by,
            added_in=addition.chat_id,
            added_at=self._clock.now(),
        )

    def _item(self, row: StickerSet) -> Item:
        added = Fact("fact-added", row.added_at.isoformat(), is_moment=True)
        return Item(self.name, row.name, _card(row.title, row.kind, row.count, row.name, added))


def _card(title: str, kind: str, count: int | None, name: str, *more: Fact) -> Card:
    facts = () if count is None else (Fact("fact-count", count),)
    return Card(title, facts + more, Link("button-open-set", link_to(name, kind)))
