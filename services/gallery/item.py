"""The kind `stickerset`: recognise, find, propose, add (DESIGN §1)."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import structlog

from services.engine.cache import Lookup, Region
from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.items import Action, Addition, ApprovalMode, Card, Fact, Item, Link, Proposal, Recognised
from services.flow.places import Asker, Place
from services.flow.roles import Role
from services.gallery.model import (
    NAME,
    STICKER_SET,
    StickerSetFacts,
    is_bot_made,
    link_to,
    name_alone,
    name_in_link,
)
from services.gallery.source import GallerySource
from services.gallery.together import Together
from storage import invalidations
from storage.database import Transaction
from storage.records import StickerSet

__all__ = ["REGION", "REMOVE", "STICKER_SET", "StickerSetKind", "StickerSetReader"]

REGION = STICKER_SET
REMOVE = "remove"  # what the button below a listed set carries

log = structlog.get_logger(__name__)


class StickerSetReader(Protocol):
    """Telegram's own word about a set."""

    async def sticker_set(self, name: str) -> StickerSetFacts:
        """Title, kind and count. Raises NoSuchItem for an unknown or deleted set, Unavailable."""
        ...


class StickerSetKind:
    """Sticker sets in the gallery, wherever that is."""

    name = STICKER_SET
    role: Role = "everyone"

    def __init__(
        self,
        source: GallerySource,
        clock: Clock,
        region: Region[str, StickerSet],
        reader: StickerSetReader,
        approval: ApprovalMode,
    ) -> None:
        self.approval = approval
        self._source = source
        self._clock = clock
        self._region = region
        self._reader = reader
        self._together = Together(source.look_up, clock)

    def recognise(self, text: str) -> Recognised | None:
        """A link anywhere in the text, or a bare word of the right shape (certain only if `…_by_…`)."""
        if linked := name_in_link(text):
            return Recognised(self.name, linked)
        if word := name_alone(text):
            return Recognised(self.name, word, certain=is_bot_made(word))
        return None

    async def find(self, key: str) -> Item | None:
        """The listed set. Raises Unavailable when the gallery cannot tell."""
        return self._shown(await self._look_up(key.lower()))

    async def find_many(self, keys: Sequence[str]) -> dict[str, Item | None]:
        """The listed sets by the names as given, each None when it is not listed.

        One question to the gallery for all that are not cached. Raises Unavailable when it cannot tell
        one of them; what is known only from before its outage counts as known.
        """
        names = list(dict.fromkeys(key.lower() for key in keys))
        outcomes = await asyncio.gather(*map(self._look_up, names), return_exceptions=True)
        found: dict[str, Item | None] = {}
        for name, outcome in zip(names, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            found[name] = self._shown(outcome)
        return {key: found[key.lower()] for key in keys}

    async def propose(self, key: str, asker: Asker, place: Place) -> Proposal:
        """What would be listed, with title and count from Telegram."""
        facts = await self._reader.sticker_set(key)
        details = {"name": facts.name, "title": facts.title, "kind": facts.kind, "count": facts.count}
        return Proposal(self.name, facts.name, self.card(details), details)

    def card(self, details: Any) -> Card:
        """See Kind."""
        return _card(details["title"], details["kind"], details["count"], details["name"])

    async def carry_out(self, addition: Addition) -> Addition:
        """Tell a gallery that is elsewhere."""
        return await self._source.carry_out(addition)

    def add(self, tx: Transaction, work: Work, addition: Addition) -> tuple[Item, bool]:
        """List the set; one that is listed already stays as it is."""
        stored, new = self._source.add(tx, addition)
        key = stored.name.lower()
        invalidations.add(tx, REGION, key, at=self._clock.now())
        work.afterwards(lambda: self._region.set(key, stored))
        return self._item(stored), new

    async def _look_up(self, name: str) -> Lookup[StickerSet]:
        if not NAME.fullmatch(name):
            return Lookup(None, stale=False)  # no gallery lists what cannot be a name
        return await self._region.look_up(name, lambda: self._together.load(name))

    def _shown(self, found: Lookup[StickerSet]) -> Item | None:
        if found.value and found.stale:
            log.debug("gallery.stale", details={"name": found.value.name})
        return self._item(found.value) if found.value else None

    def _item(self, row: StickerSet) -> Item:
        facts = [Fact("fact-added", row.added_at.isoformat(), is_moment=True)]
        if row.dead_at:
            facts.append(Fact("fact-dead", row.dead_at.isoformat(), is_moment=True))
        card = _card(row.title, row.kind, row.count, row.name, *facts)
        remove = Action("button-remove", REMOVE, role="admin", params={"key": row.name})
        return Item(self.name, row.name, msgspec.structs.replace(card, actions=(remove,)))


def _card(title: str, kind: str, count: int | None, name: str, *more: Fact) -> Card:
    facts = () if count is None else (Fact("fact-count", count),)
    return Card(title, facts + more, Link("button-open-set", link_to(name, kind)))
