"""Where the listed sets are kept: in this hub's own database, or with another gallery."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from services.flow.items import Addition
from services.gallery.changes import Author
from storage.database import Transaction
from storage.records import StickerSet


@dataclass(frozen=True, slots=True)
class Listing:
    """What somebody wants the gallery to say of a set; `added_by` is a Telegram user id."""

    title: str
    kind: str
    count: int | None
    added_by: int | None


class GallerySource(Protocol):
    """The truth about what is listed. Whoever cannot answer raises Unavailable, never "not listed"."""

    async def look_up(self, names: Collection[str]) -> dict[str, StickerSet]:
        """The listed ones among the names, keyed by name in lower case, with one question."""
        ...

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """Sets whose name or title contains the text, newest first, and how many there are in all."""
        ...

    async def count(self) -> int:
        """How many sets are listed."""
        ...

    async def put(self, name: str, wanted: Listing, actor: str) -> tuple[StickerSet, bool]:
        """List a set, or change what is told of a listed one; also says whether it is new.

        A listed one keeps its name's spelling, who added it and when. In the journal `actor` did it.
        """
        ...

    async def remove(self, name: str, actor: str) -> bool:
        """Take a set off the list; False when it is not there."""
        ...

    async def carry_out_removal(self, name: str, author: Author) -> None:
        """Do outside what removing means there, before the job's transaction. Raises Unavailable, Refused."""
        ...

    def remove_in(self, tx: Transaction, name: str, author: Author, before: Any) -> None:
        """The part of removing that is done in the job's transaction; `before` is what was listed."""
        ...

    async def carry_out(self, addition: Addition) -> Addition:
        """See Kind.carry_out."""
        ...

    def add(self, tx: Transaction, addition: Addition) -> tuple[StickerSet, bool]:
        """The part of adding that is done in the job's transaction; also says whether it is new."""
        ...
