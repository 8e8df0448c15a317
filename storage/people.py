"""People who used the bot."""

from datetime import datetime

from sqlalchemy import select

from storage.database import Transaction
from storage.records import Person
from storage.tables import people
from storage.texts import storable
from storage.upserts import upsert

NAME, USERNAME = 200, 64  # characters kept
_COLUMNS = [people.c[name] for name in Person.__slots__]


def by_id(tx: Transaction, user_id: int) -> Person | None:
    """A person the bot has seen."""
    row = tx.execute(select(*_COLUMNS).where(people.c.user_id == user_id)).one_or_none()
    return Person(*row) if row else None


def note(tx: Transaction, user_id: int, *, name: str, username: str | None, at: datetime) -> None:
    """Keep how a person is called now; a chosen language stays."""
    name, username = storable(name)[:NAME], storable(username)[:USERNAME] if username else None
    row = upsert(tx, people).values(user_id=user_id, name=name, username=username, seen_at=at)
    fresh = {"name": name, "username": username, "seen_at": at}
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=fresh))


def choose_language(tx: Transaction, user_id: int, language: str, *, name: str, at: datetime) -> None:
    """Remember what /lang chose."""
    name = storable(name)[:NAME]
    row = upsert(tx, people).values(user_id=user_id, name=name, language=language, seen_at=at)
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_={"language": language}))


def with_role(tx: Transaction, role: str) -> list[int]:
    """Who was given a role in the chat."""
    return list(tx.execute(select(people.c.user_id).where(people.c.role == role)).scalars())


def give_role(
    tx: Transaction, user_id: int, role: str | None, *, name: str, by: int | None, at: datetime
) -> None:
    """Give somebody a role, or with None take it away."""
    name = storable(name)[:NAME]
    given = {"role": role, "role_by": by, "role_at": at}
    row = upsert(tx, people).values(user_id=user_id, name=name, seen_at=at, **given)
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=given))
