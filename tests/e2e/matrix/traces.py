"""What a deed left behind: every row of the database that is new or another one, and every message since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, Table, func, or_, select

from storage.database import Transaction
from storage.tables import chat_reactions, chats, jobs, journal, members, messages, metadata, people, samples
from tests.e2e.matrix.actors import ACTORS
from tests.town import Town

UPDATES = "telegram"  # the topic whose jobs are the deeds themselves
KNOWN = [actor.user_id for actor in ACTORS]

# Left out: the inbox's and outbox's own books, figures, when somebody was seen, what Telegram was asked about
# who wants something, and that it was refused them.
LEFT_OUT = {messages, samples, chat_reactions}
NARROWED: dict[Table, Select[Any]] = {
    jobs: select(jobs.c.id, jobs.c.topic, jobs.c.state, jobs.c.replays).where(
        or_(jobs.c.topic != UPDATES, jobs.c.state == "dead", jobs.c.replays > 0)
    ),
    people: select(*[column for column in people.c if column is not people.c.seen_at]),
    chats: select(*[column for column in chats.c if column is not chats.c.seen_at]),
    members: select(members).where(members.c.user_id.not_in(KNOWN)),
    journal: select(journal).where(journal.c.action != "refused"),
}


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
    """The database as it stands: by table its rows as JSON, and the newest message's number."""

    rows: Mapping[str, frozenset[str]]
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
    """See how the database stands."""

    def read(tx: Transaction) -> Snapshot:
        rows = {
            table.name: frozenset(
                msgspec.json.encode(dict(row._mapping), order="sorted").decode()
                for row in tx.execute(NARROWED.get(table, select(table)))
            )
            for table in metadata.sorted_tables
            if table not in LEFT_OUT
        }
        return Snapshot(rows, tx.execute(select(func.max(messages.c.id))).scalar() or 0)

    return await town.switchboard.hub.database.read(read)


async def traces_since(town: Town, before: Snapshot) -> Traces:
    """What is another way now."""
    after = await snapshot(town)
    wanted = select(messages.c.kind, messages.c.chat_id, messages.c.state, messages.c.content)
    newer = wanted.where(messages.c.id > before.newest).order_by(messages.c.id)
    said = await town.switchboard.hub.database.read(lambda tx: [Said(*row) for row in tx.execute(newer)])
    new = {name: _decoded(rows - before.rows[name]) for name, rows in after.rows.items()}
    gone = {name: _decoded(before.rows[name] - rows) for name, rows in after.rows.items()}
    return Traces(_filled(new), _filled(gone), said)


def _decoded(rows: frozenset[str]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row) for row in sorted(rows)]


def _filled(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: rows for name, rows in tables.items() if rows}
