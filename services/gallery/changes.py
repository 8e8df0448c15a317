"""What a change of the list leaves behind: a line in the journal, and word to every process's cache."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.engine.observability import current_correlation_id
from services.gallery.model import STICKER_SET
from storage import invalidations, journal
from storage.database import Transaction
from storage.records import StickerSet


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, when, and in the course of what."""

    actor: str
    at: datetime
    job_id: int | None = None
    correlation_id: str | None = None

    @classmethod
    def here(cls, actor: str, at: datetime) -> "Author":
        """In the course of the caller's request; a transaction would not know it any more."""
        return cls(actor, at, correlation_id=current_correlation_id())


def record(
    tx: Transaction, author: Author, action: str, name: str, *, before: Any = None, after: Any = None
) -> None:
    """Write both, in the transaction of the change."""
    outdate(tx, author, name)
    journal.add(
        tx,
        at=author.at,
        actor=author.actor,
        action=action,
        kind=STICKER_SET,
        key=name,
        before=before,
        after=after,
        job_id=author.job_id,
        correlation_id=author.correlation_id,
    )


def outdate(tx: Transaction, author: Author, name: str) -> None:
    """Tell the caches alone, of a change that somebody else made or that may not have come about."""
    invalidations.add(tx, STICKER_SET, name.lower(), at=author.at)


def told(row: StickerSet) -> dict[str, Any]:
    """What the journal keeps of a set."""
    return {"name": row.name, "title": row.title, "kind": row.kind, "count": row.count}
