"""Leases: names that one owner at a time holds until a moment, in every process that shares the database."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, or_, select

from storage.database import Transaction
from storage.tables import leases
from storage.upserts import upsert


class Taken(Exception):
    """Somebody else holds one of the names until `until`; the transaction takes nothing."""

    def __init__(self, name: str, until: datetime) -> None:
        super().__init__(name)
        self.name = name
        self.until = until


def take(tx: Transaction, names: Collection[str], owner: str, *, now: datetime, until: datetime) -> None:
    """Hold all the names until then; one's own are prolonged. Raises Taken, which undoes the transaction.

    Names are taken in one order by everybody, so that two who want the same never wait for each other.
    """
    for name in sorted(names):
        free = or_(leases.c.owner == owner, leases.c.until <= now)
        put = upsert(tx, leases).values(name=name, owner=owner, until=until)
        mine = put.on_conflict_do_update(
            index_elements=["name"], set_={"owner": owner, "until": until}, where=free
        )
        if not tx.execute(mine).rowcount:
            raise Taken(name, _until(tx, name) or now)


def keep(tx: Transaction, names: Collection[str], owner: str, *, until: datetime) -> bool:
    """Prolong what is still held; False when one of them is somebody else's by now, or nobody's."""
    mine = leases.update().where(leases.c.name.in_(names), leases.c.owner == owner)
    return tx.execute(mine.values(until=until)).rowcount == len(set(names))


def release(tx: Transaction, names: Collection[str], owner: str) -> None:
    """Let go of what is held; what is not, stays as it is."""
    if names:
        tx.execute(delete(leases).where(leases.c.name.in_(names), leases.c.owner == owner))


def forget(tx: Transaction, before: datetime, *, most: int) -> int:
    """Delete so many that ran out before then; how many there were."""
    over = select(leases.c.name).where(leases.c.until < before).limit(most)
    return tx.execute(delete(leases).where(leases.c.name.in_(over.scalar_subquery()))).rowcount


def held(tx: Transaction, now: datetime) -> int:
    """How many names are held."""
    return int(tx.execute(select(func.count()).where(leases.c.until > now)).scalar_one())


def _until(tx: Transaction, name: str) -> datetime | None:
    until: datetime | None = tx.execute(select(leases.c.until).where(leases.c.name == name)).scalar()
    return until
