"""People who used the bot."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from storage.database import Transaction
from storage.records import Person
from storage.tables import people
from storage.texts import storable
from storage.upserts import upsert

NAME, USERNAME, SPOKEN = 200, 64, 8  # characters kept
_COLUMNS = [people.c[name] for name in Person.__slots__]


def by_id(tx: Transaction, user_id: int) -> Person | None:
    """A person the bot has seen."""
    row = tx.execute(select(*_COLUMNS).where(people.c.user_id == user_id)).one_or_none()
    return Person(*row) if row else None


def by_ids(tx: Transaction, user_ids: Collection[int]) -> dict[int, Person]:
    """Those of these people that the bot has seen."""
    rows = tx.execute(select(*_COLUMNS).where(people.c.user_id.in_(user_ids)))
    return {row.user_id: Person(*row) for row in rows}


def note(
    tx: Transaction,
    user_id: int,
    *,
    name: str,
    username: str | None,
    at: datetime,
    spoken: str | None = None,
) -> None:
    """Keep how a person is called now, and what their Telegram speaks if it said; a chosen language stays."""
    name, username = storable(name)[:NAME], storable(username)[:USERNAME] if username else None
    fresh: dict[str, object] = {"name": name, "username": username, "seen_at": at}
    if spoken:
        fresh["spoken"] = storable(spoken)[:SPOKEN]
    row = upsert(tx, people).values(user_id=user_id, **fresh)
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=fresh))


def choose_language(tx: Transaction, user_id: int, language: str | None, *, name: str, at: datetime) -> None:
    """Remember what /lang or /settings chose; None is no choice."""
    name = storable(name)[:NAME]
    row = upsert(tx, people).values(user_id=user_id, name=name, language=language, seen_at=at)
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_={"language": language}))


def with_role(tx: Transaction, role: str) -> list[int]:
    """Who was given a role in the chat."""
    query = select(people.c.user_id).where(people.c.role == role)
    return list(tx.execute(query.order_by(people.c.role_at, people.c.user_id)).scalars())


def give_role(
    tx: Transaction, user_id: int, role: str | None, *, name: str, by: int | None, at: datetime
) -> None:
    """Give somebody a role, or with None take it away. `name` is for those the bot has never seen."""
    name = storable(name)[:NAME]
    given = {"role": role, "role_by": by, "role_at": at}
    row = upsert(tx, people).values(user_id=user_id, name=name, seen_at=at, **given)
    tx.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=given))
