"""Finding and rewriting what names a person, in whatever table it stands.

Every column that holds people's ids or texts is walked, also those of tables that do not exist yet; only
what is listed here as naming nobody is passed over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Select,
    String,
    Table,
    and_,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from storage.database import Transaction
from storage.tables import jobs, metadata, people
from storage.texts import storable

PAGE = 500  # rows looked at in one transaction

# Columns of numbers that are a person, or a person's private chat with the bot.
PERSONS = frozenset(
    {"user_id", "chat_id", "asker", "decided_by", "added_by", "added_in", "role_by", "used_by", "answered_by"}
)
# Texts that the hub makes of nothing that people said: ids, digests, words from closed lists.
UNSAID = frozenset(
    {
        "bot_status",
        "correlation_id",
        "digest",
        "domain",
        "hash",
        "hint",
        "host",
        "lacks",
        "language",
        "mapping_version",
        "owner",
        "process",
        "scope",
        "sender",
        "series",
        "source_domain",
        "source_fingerprint",
        "spoken",
        "state",
        "status",
        "target_fingerprint",
        "token",
        "topic",
        "type",
    }
)
# Tables whose rows tell of nobody.
IMPERSONAL = frozenset(
    {"contact_links", "health_marks", "portal_buckets", "portal_events", "portal_hosts", "samples"}
)

# What a row of the person's own gets besides the pseudonym, and under which name that stands.
OWN: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "people": ("name", {"username": None, "role": None, "language": None, "spoken": None}),
        "chats": ("title", {"active": False}),
    }
)

Row = Mapping[str, Any]


class Rewriting(Protocol):
    """Says what stands in the place of what; what does not name the person stays as it is."""

    @property
    def name(self) -> str:
        """In the place of a name."""
        ...

    def number(self, number: int) -> int:
        """In the place of somebody's number."""
        ...

    def value(self, value: Any) -> Any:
        """In the place of JSON."""
        ...

    def document(self, text: str) -> str:
        """In the place of JSON as text."""
        ...

    def said(self, text: str, column: str) -> str:
        """In the place of a text of that column; empty: of a row which is another person's."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A page of rows: the keys of those that have to change, and the last key of all."""

    keys: list[tuple[Any, ...]]
    last: tuple[Any, ...]


class Walk:
    """Goes through one table, a page at a time."""

    def __init__(self, table: str, rewriting: Rewriting) -> None:
        self._table = metadata.tables[table]
        self._key = list(self._table.primary_key.columns)
        self._rewriting = rewriting

    def page(self, tx: Transaction, after: tuple[Any, ...] | None, *, most: int = PAGE) -> Seen | None:
        """The next rows beyond a key; None when there are none."""
        query = self._rows().order_by(*self._key).limit(most)
        if after is not None:
            query = query.where(tuple_(*self._key) > tuple_(*after))
        rows: list[Row] = [row._asdict() for row in tx.execute(query)]
        if not rows:
            return None
        return Seen([self._key_of(row) for row in rows if self._new(row)], self._key_of(rows[-1]))

    def rewrite(self, tx: Transaction, keys: Sequence[tuple[Any, ...]]) -> int:
        """Write those of the rows anew that still have to be; how many."""
        changed = 0
        for key in keys:
            mine = and_(*(column == value for column, value in zip(self._key, key, strict=True)))
            row = tx.execute(self._rows().where(mine).with_for_update()).one_or_none()
            if row is not None and (new := self._new(row._asdict())):
                changed += tx.execute(update(self._table).where(mine).values(new)).rowcount
        return changed

    def _rows(self) -> Select[Any]:
        return select(*dict.fromkeys([*self._key, *_naming(self._table)]))

    def _key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column.name] for column in self._key)

    def _new(self, row: Row) -> dict[str, Any]:
        """The columns of a row that change, with their new values."""
        new = {
            name: _fitting(self._table.c[name], changed)
            for name, value in row.items()
            if value is not None and (changed := self._instead(name, value)) != value
        }
        if self._table.name in OWN and self._key[0].name in new:
            named, taken = OWN[self._table.name]
            new |= {**taken, named: self._rewriting.name}
        return new

    def _instead(self, name: str, value: Any) -> Any:
        column = self._table.c[name]
        if _is_person(column):
            return self._rewriting.number(value)
        if not _is_said(column):
            return value
        if isinstance(column.type, JSON):
            return self._rewriting.value(value)
        if value[:1] in {"{", "["}:
            return self._rewriting.document(value)
        return self._rewriting.said(value, "" if self._table.name in OWN else name)


def tables() -> list[str]:
    """All that are to be walked."""
    named = (table for table in metadata.sorted_tables if table.name not in IMPERSONAL)
    return [table.name for table in named if _naming(table)]


def _naming(table: Table) -> list[Column[Any]]:
    """The columns that may name somebody."""
    return [column for column in table.columns if _is_person(column) or _is_said(column)]


def _is_person(column: Column[Any]) -> bool:
    return isinstance(column.type, BigInteger) and column.name in PERSONS


def _is_said(column: Column[Any]) -> bool:
    return isinstance(column.type, String | JSON) and column.name not in UNSAID


def user_named(tx: Transaction, username: str) -> int | None:
    """Who bears a Telegram name."""
    return tx.execute(
        select(people.c.user_id).where(func.lower(people.c.username) == username.lower())
    ).scalar()


def is_user(tx: Transaction, user_id: int) -> bool:
    """Whether any row names this person by number."""
    for table in map(metadata.tables.__getitem__, tables()):
        named = [column == user_id for column in table.columns if _is_person(column)]
        if named and tx.execute(select(exists().where(or_(*named)))).scalar():
            return True
    return bool(tx.execute(select(exists().where(jobs.c.key == f"chat:{user_id}"))).scalar())


def being_worked(tx: Transaction, keys: Collection[str]) -> int:
    """How many jobs of these keys somebody works at this moment."""
    mine = and_(jobs.c.state == "claimed", jobs.c.key.in_(keys))
    return int(tx.execute(select(func.count()).where(mine)).scalar_one())


def _fitting(column: Column[Any], value: Any) -> Any:
    length = getattr(column.type, "length", None)
    return storable(value)[:length] if isinstance(value, str) and length else value
