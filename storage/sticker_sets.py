"""The built-in gallery: one row a set, its name unique in any case."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from storage.database import Transaction
from storage.records import StickerSet
from storage.tables import sticker_sets
from storage.upserts import upsert

_COLUMNS = [sticker_sets.c[name] for name in StickerSet.__slots__]


def by_name(tx: Transaction, name: str) -> StickerSet | None:
    """A listed set, by its name in any case."""
    row = tx.execute(select(*_COLUMNS).where(sticker_sets.c.name_key == name.lower())).one_or_none()
    return StickerSet(*row) if row else None


def by_names(tx: Transaction, names: Collection[str]) -> list[StickerSet]:
    """The listed ones among the names, in any case and no order."""
    keys = {name.lower() for name in names}
    return [
        StickerSet(*row) for row in tx.execute(select(*_COLUMNS).where(sticker_sets.c.name_key.in_(keys)))
    ]


def add(tx: Transaction, added: StickerSet) -> bool:
    """List a set; False when it is listed already, and then nothing changes."""
    added_row = upsert(tx, sticker_sets).values(**_values(added))
    return bool(tx.execute(added_row.on_conflict_do_nothing()).rowcount == 1)


def change(tx: Transaction, changed: StickerSet) -> bool:
    """Write a listed set anew, by its name in any case; False when it is not listed."""
    values = _values(changed)
    found = sticker_sets.c.name_key == values.pop("name_key")
    return tx.execute(update(sticker_sets).where(found).values(**values)).rowcount == 1


def remove(tx: Transaction, name: str) -> bool:
    """Take a set off the list, by its name in any case; False when it is not listed."""
    return tx.execute(delete(sticker_sets).where(sticker_sets.c.name_key == name.lower())).rowcount == 1


def longest_unchecked(tx: Transaction, before: datetime, most: int) -> list[StickerSet]:
    """Sets that Telegram was not asked about since `before`: those never asked about, then the longest ago.

    One question a kind, because databases do not agree on where NULL stands in an order.
    """
    checked_at, name = sticker_sets.c.checked_at, sticker_sets.c.name_key
    never = select(*_COLUMNS).where(checked_at.is_(None)).order_by(name)
    longest = select(*_COLUMNS).where(checked_at < before).order_by(checked_at, name)
    found = list(tx.execute(never.limit(most)))
    found += tx.execute(longest.limit(most - len(found)))
    return [StickerSet(*row) for row in found]


def search(tx: Transaction, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
    """Listed sets whose name or title contains the text, newest first, and how many there are in all.

    Titles compare in any case also outside ASCII, which not every database's LIKE does.
    """
    query = select(*_COLUMNS)
    if wanted := text.strip():
        query = query.where(
            or_(
                sticker_sets.c.name_key.contains(wanted.lower(), autoescape=True),
                sticker_sets.c.title_key.contains(wanted.casefold(), autoescape=True),
            )
        )
    total = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    page = query.order_by(sticker_sets.c.added_at.desc(), sticker_sets.c.name_key).limit(limit).offset(offset)
    return [StickerSet(*row) for row in tx.execute(page)], total


def count(tx: Transaction) -> int:
    """How many sets are listed."""
    return int(tx.execute(select(func.count()).select_from(sticker_sets)).scalar_one())


def _values(row: StickerSet) -> dict[str, Any]:
    return asdict(row) | {"name_key": row.name.lower(), "title_key": row.title.casefold()}
