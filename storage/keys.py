"""API keys, known by their digest. A revoked one stays: the journal names it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, insert, or_, select, update

from storage.database import Transaction
from storage.records import Key
from storage.tables import keys

_COLUMNS = [keys.c[name] for name in Key.__slots__]


def add(tx: Transaction, *, name: str, hint: str, digest: str, scope: str, at: datetime) -> Key:
    """Store a new key."""
    row = insert(keys).values(name=name, hint=hint, digest=digest, scope=scope, created_at=at)
    return Key(*tx.execute(row.returning(*_COLUMNS)).one())


def by_digest(tx: Transaction, digest: str) -> Key | None:
    """The key of that digest, unless it was revoked."""
    query = select(*_COLUMNS).where(keys.c.digest == digest, keys.c.revoked_at.is_(None))
    row = tx.execute(query).one_or_none()
    return Key(*row) if row else None


def by_id(tx: Transaction, key_id: int) -> Key | None:
    """The key of that number, revoked or not."""
    row = tx.execute(select(*_COLUMNS).where(keys.c.id == key_id)).one_or_none()
    return Key(*row) if row else None


def everything(tx: Transaction) -> list[Key]:
    """All keys, revoked ones too, oldest first."""
    return [Key(*row) for row in tx.execute(select(*_COLUMNS).order_by(keys.c.id))]


def revoke(tx: Transaction, key_id: int, *, at: datetime) -> str | None:
    """Make a key good for nothing. Its digest; None when there was no good key of that number."""
    good = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=at)
    digest: str | None = tx.execute(good.returning(keys.c.digest)).scalar_one_or_none()
    return digest


_USED = (
    update(keys)
    .where(
        keys.c.id == bindparam("of_id"),
        or_(keys.c.used_at.is_(None), keys.c.used_at < bindparam("at", type_=keys.c.used_at.type)),
    )
    .values(used_at=bindparam("at", type_=keys.c.used_at.type))
)


def used(tx: Transaction, moments: Mapping[int, datetime]) -> None:
    """Keep when keys (by number) were last used; another process may know of a later moment."""
    for key_id, moment in moments.items():
        tx.execute(_USED, {"of_id": key_id, "at": moment})
