"""What a deed left behind: every row of the database that is new or another one, and every message since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from storage import driver
from storage.database import Transaction
from storage.tables import messages, metadata
from tests.e2e.matrix.actors import ACTORS
from tests.town import Town

# Left out: the inbox's and outbox's own books, figures, when somebody was seen, what Telegram was asked about
# who wants something, and that it was refused them.
LEFT_OUT = {"messages", "samples", "chat_reactions"}
LEFT_OUT_OF = {
    "jobs": {"key", "payload", "dedup_id", "dedup_until", "result", "owner", "lease_until"},
    "people": {"seen_at"},
    "chats": {"seen_at"},
}
ONLY = {
    # The updates' own jobs are the deeds themselves.
    "jobs": "topic <> 'telegram' OR state = 'dead' OR replays > 0",
    "members": f"user_id NOT IN ({', '.join(str(actor.user_id) for actor in ACTORS)})",
    "journal": "action <> 'refused'",
}


def _quoted(name: str) -> str:
    return f'"{name}"'


COLUMNS = {
    table.name: [column.name for column in table.c if column.name not in LEFT_OUT_OF.get(table.name, ())]
    for table in metadata.sorted_tables
    if table.name not in LEFT_OUT
}
QUERIES = {
    table: f"SELECT {', '.join(map(_quoted, names))} FROM {table} WHERE {ONLY.get(table, 'TRUE')}"
    for table, names in COLUMNS.items()
}
NEWEST = "SELECT coalesce(max(id), 0) FROM messages"

Rows = frozenset[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """A row of the outbox."""

    kind: str
    chat_id: int
    state: str
    content: Mapping[str, Any] | None

    @property
    def keys(self) -> list[str]:
        """Which texts it shows."""
        content = self.content or {}
        texts = content.get("texts") or [content.get("text") or {}]
        return [text["key"] for text in texts if "key" in text]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database as it stands: by table its rows, and the newest message's number."""

    rows: Mapping[str, Rows]
    newest: int


@dataclass(frozen=True, slots=True)
class Traces:
    """By table the rows that were not there before, and what was there and is gone; what was said."""

    new: Mapping[str, list[dict[str, Any]]]
    gone: Mapping[str, list[dict[str, Any]]]
    said: list[Said]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was done, whatever was said."""
        return not self.new and not self.gone

    def journaled(self, action: str, user_id: int) -> bool:
        """Whether this person did that, says the journal."""
        actor = f"user:{user_id}"
        return any((row["action"], row["actor"]) == (action, actor) for row in self.new.get("journal", ()))

    def has(self, table: str, **values: Any) -> bool:
        """Whether a new row of the table holds these values."""
        rows = self.new.get(table, ())
        return any(all(row[name] == value for name, value in values.items()) for row in rows)

    def shows(self, key: str, chat_id: int) -> bool:
        """Whether a text of that key has reached the chat."""
        return any(key in each.keys and each.state == "sent" for each in self.said if each.chat_id == chat_id)


async def snapshot(town: Town) -> Snapshot:
    """See how the database stands. By way of SQLAlchemy this would cost as much as many a deed."""

    def read(tx: Transaction) -> Snapshot:
        raw = driver.of(tx)
        rows = {table: frozenset(raw.execute(query)) for table, query in QUERIES.items()}
        return Snapshot(rows, raw.execute(NEWEST).fetchone()[0])

    return await town.switchboard.hub.database.read(read)


async def traces_since(town: Town, before: Snapshot) -> Traces:
    """What is another way now."""
    after = await snapshot(town)
    wanted = select(messages.c.kind, messages.c.chat_id, messages.c.state, messages.c.content)
    newer = wanted.where(messages.c.id > before.newest).order_by(messages.c.id)
    said = await town.switchboard.hub.database.read(lambda tx: [Said(*row) for row in tx.execute(newer)])
    new = {table: _named(table, rows - before.rows[table]) for table, rows in after.rows.items()}
    gone = {table: _named(table, before.rows[table] - rows) for table, rows in after.rows.items()}
    return Traces(_filled(new), _filled(gone), said)


def _named(table: str, rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS[table], row, strict=True)) for row in rows]


def _filled(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: rows for name, rows in tables.items() if rows}
