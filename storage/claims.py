"""Codes that make an admin: only their digests are kept, and all are burnt with the first that is used."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from storage.database import Transaction
from storage.tables import claims


def put(tx: Transaction, digest: str, *, at: datetime) -> None:
    """Keep a new code's digest (SHA-256 in hex)."""
    tx.execute(insert(claims).values(digest=digest, created_at=at))


def use(tx: Transaction, digest: str, *, by: int, at: datetime, since: datetime) -> bool:
    """Use a code made after `since`, and burn every other; False when it is none, too old, or burnt."""
    # All of them are locked in one order: two people with two codes must not wait for each other.
    unused = select(claims.c.digest, claims.c.created_at).where(claims.c.used_at.is_(None))
    found = {
        row.digest: row.created_at for row in tx.execute(unused.order_by(claims.c.digest).with_for_update())
    }
    if digest not in found or found[digest] <= since:
        return False
    tx.execute(update(claims).where(claims.c.used_at.is_(None)).values(used_at=at))
    tx.execute(update(claims).where(claims.c.digest == digest).values(used_by=by))
    return True


def purge(tx: Transaction, before: datetime) -> None:
    """Forget codes that were made before then and that nobody used."""
    tx.execute(delete(claims).where(claims.c.created_at < before, claims.c.used_by.is_(None)))
