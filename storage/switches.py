"""Switches: what somebody turned on or off for the whole hub, in every process and over restarts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.database import Transaction
from storage.tables import switches
from storage.texts import storable
from storage.upserts import upsert

NAME = 200  # characters kept of a person's name


@dataclass(frozen=True, slots=True)
class Switch:
    """How a switch stands, and who put it so: `by` as the journal names actors, `chat_id` where."""

    name: str
    is_on: bool
    by: str
    by_name: str
    chat_id: int | None
    at: datetime


_COLUMNS = [switches.c[name] for name in Switch.__slots__]


def by_name(tx: Transaction, name: str) -> Switch | None:
    """A switch that was ever touched."""
    row = tx.execute(select(*_COLUMNS).where(switches.c.name == name)).one_or_none()
    return Switch(*row) if row else None


def turn(tx: Transaction, wanted: Switch) -> bool:
    """Put it so; False when it stood so already, and then nothing changes: the first one did it."""
    row = {name: getattr(wanted, name) for name in Switch.__slots__} | {
        "by_name": storable(wanted.by_name)[:NAME]
    }
    fresh = {name: value for name, value in row.items() if name != "name"}
    put = upsert(tx, switches).values(row)
    if not wanted.is_on and by_name(tx, wanted.name) is None:  # off is how every switch begins
        return False
    differs = switches.c.is_on != wanted.is_on
    changed = put.on_conflict_do_update(index_elements=["name"], set_=fresh, where=differs)
    return bool(tx.execute(changed).rowcount)
