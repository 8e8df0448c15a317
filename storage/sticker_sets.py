"""The built-in gallery: one row a set, its name unique in any case."""

from dataclasses import asdict

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from storage.database import Transaction
from storage.records import StickerSet
from storage.tables import sticker_sets

_COLUMNS = [sticker_sets.c[name] for name in StickerSet.__slots__]


def by_name(tx: Transaction, name: str) -> StickerSet | None:
    """A listed set, by its name in any case."""
    row = tx.execute(select(*_COLUMNS).where(sticker_sets.c.name_key == name.lower())).one_or_none()
    return StickerSet(*row) if row else None


def add(tx: Transaction, added: StickerSet) -> bool:
    """List a set; False when it is listed already, and then nothing changes."""
    values = asdict(added) | {"name_key": added.name.lower()}
    return tx.execute(upsert(sticker_sets).values(**values).on_conflict_do_nothing()).rowcount == 1


def search(tx: Transaction, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
    """Listed sets whose name or title contains the text, newest first, and how many there are in all.

    Titles compare in any case also outside ASCII, which SQLite's own LIKE does not do.
    """
    query = select(*_COLUMNS)
    if wanted := text.strip():
        query = query.where(
            or_(
                sticker_sets.c.name_key.contains(wanted.lower(), autoescape=True),
                func.casefold(sticker_sets.c.title).contains(wanted.casefold(), autoescape=True),
            )
        )
    total = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    page = query.order_by(sticker_sets.c.added_at.desc(), sticker_sets.c.name_key).limit(limit).offset(offset)
    return [StickerSet(*row) for row in tx.execute(page)], total


def count(tx: Transaction) -> int:
    """How many sets are listed."""
    return int(tx.execute(select(func.count()).select_from(sticker_sets)).scalar_one())
