"""Whether the database takes writes: asked by writing."""

from datetime import datetime

from sqlalchemy import delete

from storage.database import Transaction
from storage.tables import health_marks
from storage.upserts import upsert

BALLAST = bytes(16384)  # more than the free space a page may happen to have


def probe(tx: Transaction, name: str, *, at: datetime) -> None:
    """Leave a mark, having shown that there is room to grow: a full database still takes small changes."""
    tx.execute(upsert(tx, health_marks).values(name=f"{name}.ballast", at=at, ballast=BALLAST))
    tx.execute(delete(health_marks).where(health_marks.c.name == f"{name}.ballast"))
    mark = upsert(tx, health_marks).values(name=name, at=at)
    tx.execute(mark.on_conflict_do_update(index_elements=["name"], set_={"at": at}))
