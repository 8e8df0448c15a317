"""Keys that were revoked after a backup was made: they stay so when it is restored."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, inspect, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage.database import Transaction
from storage.tables import keys

Former = Mapping[str, datetime | None]
"""The digests of all keys that a database knows, each with when it was revoked."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """`kept`: keys good in the backup that were revoked since and stay so. `doubtful`: keys good in it that
    the data before does not know, so nobody can tell whether they were revoked since."""

    kept: int = 0
    doubtful: int = 0


def known(tx: Transaction) -> Former:
    """What this database knows; nothing where there is no such table."""
    if not inspect(tx).has_table(keys.name):
        return {}
    return {row.digest: row.revoked_at for row in tx.execute(select(keys.c.digest, keys.c.revoked_at))}


def known_in(path: Path) -> Former:
    """What a SQLite file knows that nobody has open; nothing when it is not there or cannot be read."""
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return known(connection)
    except DBAPIError:
        return {}


def keep(tx: Transaction, former: Former) -> Revocations:
    """Revoke in a loaded copy what was revoked in the data that it takes the place of."""
    good = [digest for digest, revoked_at in known(tx).items() if revoked_at is None]
    since = {digest: at for digest in good if (at := former.get(digest))}
    for digest, at in since.items():
        tx.execute(update(keys).where(keys.c.digest == digest).values(revoked_at=at))
    return Revocations(len(since), sum(digest not in former for digest in good))
