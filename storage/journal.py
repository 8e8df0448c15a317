"""The journal: rows are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select

from storage.database import Transaction
from storage.records import JournalEntry
from storage.tables import journal

_COLUMNS = [journal.c[name] for name in JournalEntry.__slots__]
_INSERT = insert(journal)  # made once: making it costs more than running it


def add(
    tx: Transaction,
    *,
    at: datetime,
    actor: str,
    action: str,
    kind: str,
    key: str,
    before: Any = None,
    after: Any = None,
    job_id: int | None = None,
    correlation_id: str | None = None,
) -> None:
    """Write one entry."""
    row = {
        "at": at,
        "actor": actor,
        "action": action,
        "kind": kind,
        "key": key,
        "before": before,
        "after": after,
        "job_id": job_id,
        "correlation_id": correlation_id,
    }
    tx.execute(_INSERT, row)


def of_item(tx: Transaction, kind: str, key: str) -> list[JournalEntry]:
    """One item's story, oldest first."""
    query = select(*_COLUMNS).where(journal.c.kind == kind, journal.c.key == key).order_by(journal.c.id)
    return [JournalEntry(*row) for row in tx.execute(query)]


def last(tx: Transaction) -> int:
    """The newest number; 0 when there is none."""
    return int(tx.execute(select(func.coalesce(func.max(journal.c.id), 0))).scalar_one())


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose story is told: the entries about a thing; of a job, or of a person, also what they did."""

    kind: str
    key: str
    job_id: int | None = None
    actor: str | None = None


def story(tx: Transaction, of: Subject, *, most: int, after: int = 0) -> list[JournalEntry]:
    """Part of a story, oldest first."""
    query = select(*_COLUMNS).where(_about(tx, of)).order_by(journal.c.id).limit(most).offset(after)
    return [JournalEntry(*row) for row in tx.execute(query)]


def length(tx: Transaction, of: Subject) -> int:
    """How many entries a story has."""
    query = select(func.count()).select_from(journal).where(_about(tx, of))
    return int(tx.execute(query).scalar_one())


def newest(tx: Transaction, *, most: int) -> list[JournalEntry]:
    """The last entries about anything, oldest first."""
    query = select(*_COLUMNS).order_by(journal.c.id.desc()).limit(most)
    return [JournalEntry(*row) for row in reversed(tx.execute(query).all())]


def _about(tx: Transaction, of: Subject) -> ColumnElement[bool]:
    about = and_(journal.c.kind == of.kind, _same_key(tx, of))
    if of.job_id is not None:
        return or_(about, journal.c.job_id == of.job_id)
    return or_(about, journal.c.actor == of.actor) if of.actor else about


def _same_key(tx: Transaction, of: Subject) -> ColumnElement[bool]:
    """Names are compared as Telegram compares them: in any case.

    Outside ASCII databases do not agree on what the same text in another case is (SQLite knows none, on
    PostgreSQL its locale decides): there the keys are compared here.
    """
    if of.key.isascii():
        return func.lower(journal.c.key) == of.key.lower()
    known = tx.execute(select(journal.c.key).where(journal.c.kind == of.kind).distinct()).scalars()
    return journal.c.key.in_([key for key in known if key.casefold() == of.key.casefold()])
