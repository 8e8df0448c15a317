"""What a database tells about itself: version, durability, its clock, and whether its file is whole."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from storage.database import Transaction
from storage.schema import current_revision


@dataclass(frozen=True, slots=True)
class Condition:
    """`time` is the server's own clock, `weaknesses` settings by which it could lose what was accepted."""

    name: str
    schema: str
    time: datetime | None = None
    weaknesses: list[str] = field(default_factory=list)


def look(tx: Transaction) -> Condition:
    """Ask for all that costs nothing."""
    schema = current_revision(tx) or "none"
    if tx.dialect.name == "sqlite":
        version = tx.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        return Condition(f"SQLite {version}", schema, weaknesses=_sqlite_weaknesses(tx))
    row = tx.execute(_POSTGRES).one()
    weaknesses = [f"{name} is off" for name in ("fsync", "full_page_writes") if getattr(row, name) == "off"]
    weaknesses += ["synchronous_commit is off"] if row.synchronous_commit == "off" else []
    return Condition(f"PostgreSQL {row.version}", schema, row.time, weaknesses)


# The server's own settings: what a session may have changed for itself counts, too.
_POSTGRES = text(
    "SELECT current_setting('server_version') AS version, clock_timestamp() AS time, "
    "current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, "
    "current_setting('synchronous_commit') AS synchronous_commit"
)


def damage(tx: Transaction) -> str | None:
    """Read all of a SQLite file; the first thing that is wrong, or None."""
    found = str(tx.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if found == "ok" else " ".join(found.split())


def _sqlite_weaknesses(tx: Transaction) -> list[str]:
    mode = tx.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    level = tx.exec_driver_sql("PRAGMA synchronous").scalar_one()
    return [
        *([f"journal_mode is {mode}"] if mode != "wal" else []),
        *([f"synchronous is {level}"] if level < 2 else []),
    ]
