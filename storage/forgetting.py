"""Finding and rewriting what names a person, in whatever table it stands.

Every column that holds people's ids or texts is walked, also those of tables that do not exist yet; only
what is listed here as naming nobody is passed over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from storage.database import Transaction
from storage.forgotten_links import without_forgotten
from storage.tables import deal_links, jobs, leases, messages, metadata, people
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
# Tables whose rows tell of nobody; leases, which end within minutes, are dropped when they are over.
IMPERSONAL = frozenset(
    {"contact_links", "health_marks", "leases", "portal_buckets", "portal_events", "portal_hosts", "samples"}
)
# By what a person is found: rewritten last, and at once, so that whoever was interrupted can begin anew.
KNOWING = ("submissions", "chats", "people")
# Counted like others; whoever knows the table moves what hangs on them.
MOVED = frozenset({("submissions", "id"), ("submission_programmes", "submission_id")})
# Called `name`, and never a person's.
NAMELESS = frozenset({"keys", "sticker_sets", "switches"})

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

    def tells(self, job_id: int | None) -> bool:
        """Whether the job tells of the person, and so what was written for it."""
        ...

    def number(self, number: int) -> int:
        """In the place of somebody's number."""
        ...

    def whose(self, value: Row) -> bool | None:
        """Whether texts that stand side by side are of the person; False: of another, None: nobody knows."""
        ...

    def value(self, value: Any, whose: bool | None) -> Any:
        """In the place of JSON in such a row."""
        ...

    def document(self, text: str, whose: bool | None) -> str:
        """In the place of JSON as text in such a row."""
        ...

    def said(self, text: str, column: str, whose: bool | None) -> str:
        """In the place of a text of that column in such a row; without a column it is nobody's name."""
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
            new = self._new(row._asdict()) if row is not None else {}
            if kept := {name: each for name, each in new.items() if (self._table.name, name) not in MOVED}:
                changed += tx.execute(update(self._table).where(mine).values(kept)).rowcount
        return changed

    def whole(self, tx: Transaction) -> int:
        """Write the whole table anew, at once; how many rows changed."""
        changed, after = 0, None
        while seen := self.page(tx, after):
            after = seen.last
            changed += self.rewrite(tx, seen.keys)
        return changed

    def claimed(self, tx: Transaction, keys: Collection[str]) -> set[int]:
        """The jobs that are worked now and have one of these keys, or tell of the person."""
        rows = tx.execute(self._rows().where(jobs.c.state == "claimed"))
        return {row.id for row in rows if row.key in keys or self._new(row._asdict())}

    def _rows(self) -> Select[Any]:
        written_for = [messages.c.job_id] if self._table is messages else []
        return select(*dict.fromkeys([*self._key, *_naming(self._table), *written_for]))

    def _key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column.name] for column in self._key)

    def _new(self, row: Row) -> dict[str, Any]:
        """The columns of a row that change, with their new values."""
        whose = self._whose(row)
        new = {
            name: _fitting(self._table.c[name], changed)
            for name, value in row.items()
            if value is not None and (changed := self._instead(name, value, whose)) != value
        }
        if self._table.name in OWN and self._key[0].name in new:
            named, taken = OWN[self._table.name]
            new |= {**taken, named: self._rewriting.name}
        return without_forgotten(row, new) if self._table is deal_links else new

    def _whose(self, row: Row) -> bool | None:
        """What stands beside the person's number is the person's, but in lists of people and of chats."""
        if self._table.name in OWN:
            return None
        columns = self._table.c
        numbers = [row[name] for name in row if _is_person(columns[name]) and row[name] is not None]
        if any(self._rewriting.number(number) != number for number in numbers):
            return True
        if self._table is messages and self._rewriting.tells(row["job_id"]):
            return True
        texts = {
            name: each for name, each in row.items() if isinstance(each, str) and _is_said(columns[name])
        }
        return self._rewriting.whose({name: each for name, each in texts.items() if not _is_json(each)})

    def _instead(self, name: str, value: Any, whose: bool | None) -> Any:
        column = self._table.c[name]
        if _is_person(column):
            return self._rewriting.number(value)
        if not _is_said(column):
            return value
        if isinstance(column.type, JSON):
            return self._rewriting.value(value, whose)
        if _is_json(value):
            return self._rewriting.document(value, whose)
        is_nameless = self._table.name in OWN or (self._table.name in NAMELESS and name == "name")
        return self._rewriting.said(value, "" if is_nameless else name, whose)


def _is_json(text: str) -> bool:
    return text[:1] in {"{", "["}


def tables() -> list[str]:
    """All that are to be walked: by jobs one knows what was written for them, so they come after it."""
    named = (table for table in metadata.sorted_tables if table.name not in IMPERSONAL)
    found = [table.name for table in named if _naming(table)]
    return sorted(found, key=lambda name: (name in KNOWING, name == "jobs"))


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


def still_worked(tx: Transaction, numbers: Collection[int]) -> set[int]:
    """Those of these jobs that are still worked."""
    mine = jobs.c.id.in_(numbers), jobs.c.state == "claimed"
    return set(tx.execute(select(jobs.c.id).where(*mine)).scalars()) if numbers else set()


def drop_leases(tx: Transaction, rewriting: Rewriting, now: datetime) -> int:
    """Delete those that bear the person's phone or e-mail and are over."""
    over = tx.execute(select(leases.c.name).where(leases.c.until <= now)).scalars().all()
    mine = [name for name in over if rewriting.said(name, "", None) != name]
    return tx.execute(delete(leases).where(leases.c.name.in_(mine))).rowcount if mine else 0


def _fitting(column: Column[Any], value: Any) -> Any:
    length = getattr(column.type, "length", None)
    return storable(value)[:length] if isinstance(value, str) and length else value
