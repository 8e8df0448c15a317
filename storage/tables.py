"""Every table, once. Moments are UTC; ids of chats, people and messages are Telegram's own (52 bits)."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

# SQLite gives out ascending row ids only for a plain INTEGER key.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite gets fixed-width ISO text, so that order by text is order in time."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return in_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return datetime.fromisoformat(value) if isinstance(value, str) else value


def in_text(moment: datetime) -> str:
    """A moment as SQLite keeps it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("topic", String(40), nullable=False),
    Column("key", String(200), nullable=False),
    Column("dedup_id", String(200)),
    Column("dedup_until", Moment),
    Column("payload", Text, nullable=False),
    Column("state", String(8), nullable=False),  # waiting | claimed | done | dead
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),  # claims so far, lapsed ones included
    Column("lapses", Integer, nullable=False, server_default="0"),  # claims that ended without a result
    Column("owner", String(60)),
    Column("lease_until", Moment),
    Column("first_failed_at", Moment),
    Column("result", JSON),
    Column("reason", Text),
    Column("correlation_id", String(36), nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("topic", "dedup_id"),
    sqlite_autoincrement=True,  # a replayed or purged job's number never comes back
)
_WAITING, _CLAIMED = text("state = 'waiting'"), text("state = 'claimed'")
Index("ix_jobs_due", jobs.c.topic, jobs.c.due_at, jobs.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
Index("ix_jobs_waiting_key", jobs.c.key, jobs.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
# Unique: whatever two processes see at one moment, two jobs of a key are never worked at once.
Index("ix_jobs_claimed_key", jobs.c.key, unique=True, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)
_DEAD, _DONE = text("state = 'dead'"), text("state = 'done'")
Index("ix_jobs_dead", jobs.c.topic, sqlite_where=_DEAD, postgresql_where=_DEAD)
Index("ix_jobs_done", jobs.c.finished_at, sqlite_where=_DONE, postgresql_where=_DONE)

messages = Table(
    "messages",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String(12), nullable=False),  # text | edit | delete | reaction | answer
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("reply_to", BigInteger),
    Column("target", BigInteger),  # the chat's message this edits, deletes or reacts to
    Column("target_row", BigInteger),  # the same, named by the row here that sent it
    Column("language", String(8), nullable=False),
    Column("content", JSON, nullable=False),
    Column("dedup_id", String(200), unique=True),
    Column("state", String(8), nullable=False),  # waiting | sending | sent | failed | dropped | unknown
    Column("due_at", Moment, nullable=False),
    Column("sender", String(60)),  # which process is sending it
    Column("begun_at", Moment),  # when that process began to
    Column("attempts", Integer, nullable=False, server_default="0"),  # tries that did not end it
    Column("doubts", Integer, nullable=False, server_default="0"),  # sendings whose outcome nobody knows
    Column("sent_id", BigInteger),  # the chat's number of what was sent
    Column("reason", Text),
    Column("job_id", BigInteger),
    Column("correlation_id", String(36), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
)
Index("ix_messages_due", messages.c.due_at, messages.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
# All that finding each chat's next message looks at, so that it reads nothing but this index.
_TURN = (messages.c.chat_id, messages.c.id, messages.c.due_at, messages.c.attempts, messages.c.kind)
Index("ix_messages_turn", *_TURN, sqlite_where=_WAITING, postgresql_where=_WAITING)
_SENDING = text("state = 'sending'")
Index("ix_messages_sending", messages.c.id, sqlite_where=_SENDING, postgresql_where=_SENDING)
Index("ix_messages_sent", messages.c.chat_id, messages.c.sent_id)
_ENDED = text("state IN ('sent', 'failed', 'dropped', 'unknown')")
Index("ix_messages_ended", messages.c.sent_at, sqlite_where=_ENDED, postgresql_where=_ENDED)
_LOST = text("state IN ('failed', 'unknown')")
Index("ix_messages_lost", messages.c.state, sqlite_where=_LOST, postgresql_where=_LOST)
_REPEATED = text("doubts > 0")
Index("ix_messages_repeated", messages.c.id, sqlite_where=_REPEATED, postgresql_where=_REPEATED)

proposals = Table(
    "proposals",
    metadata,
    Column("token", String(24), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("key", String(200), nullable=False),
    Column("details", JSON, nullable=False),
    Column("state", String(8), nullable=False),  # open | added | expired
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("source_message", BigInteger),  # the sticker or link that was asked about
    Column("shown_row", BigInteger, ForeignKey("messages.id")),  # the message that shows it
    Column("asker", BigInteger),
    Column("decided_by", BigInteger),
    Column("decided_name", String(200)),
    Column("created_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("expires_at", Moment, nullable=False),
)
Index("ix_proposals_chat", proposals.c.chat_id, proposals.c.created_at)
Index("ix_proposals_shown_row", proposals.c.shown_row)
_OPEN = text("state = 'open'")
Index("ix_proposals_open", proposals.c.expires_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

sticker_sets = Table(
    "sticker_sets",
    metadata,
    Column("name_key", String(64), primary_key=True),  # the name in lower case: Telegram compares so
    Column("name", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    # The title casefolded: databases do not agree on what the same text in another case is.
    Column("title_key", String(600), nullable=False, server_default=text("''")),
    Column("kind", String(16), nullable=False),  # regular | mask | custom_emoji
    Column("count", Integer),
    Column("added_by", BigInteger),
    Column("added_in", BigInteger),
    Column("added_at", Moment, nullable=False),
    Column("checked_at", Moment),  # when Telegram was last asked about it
    Column("dead_at", Moment),  # since when Telegram knows no set of this name
)
Index("ix_sticker_sets_added_at", sticker_sets.c.added_at)
Index("ix_sticker_sets_checked_at", sticker_sets.c.checked_at)

people = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False),
    Column("username", String(64)),
    Column("language", String(8)),  # chosen with /lang; empty = as the person's Telegram says
    Column("seen_at", Moment, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(12), nullable=False),
    Column("title", String(255), nullable=False),
    Column("active", Boolean, nullable=False),  # false: the bot was blocked or removed, nothing is sent
    Column("bot_status", String(16)),  # the bot's own membership, when Telegram told it
    Column("skipped", Integer, nullable=False, server_default="0"),  # old messages passed over so far
    Column("moved_to", BigInteger),
    Column("seen_at", Moment, nullable=False),
)

chat_reactions = Table(
    "chat_reactions",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wanted", String(16), primary_key=True),
    Column("used", String(16)),  # what this chat takes instead; empty = it takes none
    Column("at", Moment, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),  # user:<id> or the name of the part that acted
    Column("action", String(40), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("key", String(200), nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("job_id", BigInteger),
    Column("correlation_id", String(36)),
    sqlite_autoincrement=True,
)
Index("ix_journal_item", journal.c.kind, journal.c.key, journal.c.id)

faults = Table(
    "faults",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String(80), nullable=False, unique=True),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("sample", Text, nullable=False),
    Column("correlation_id", String(36)),
)

invalidations = Table(
    "invalidations",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("region", String(40), nullable=False),
    Column("key", String(200)),  # empty = the whole region
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("name", String(64), nullable=False),  # what it is for, in its owner's words
    Column("hint", String(8), nullable=False),  # its first characters, to tell keys apart
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 in hex; the key itself is not kept
    Column("scope", String(32), nullable=False),  # admin | read | webhook | enterprise:<number>
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
    sqlite_autoincrement=True,
)

health_marks = Table(
    "health_marks",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("ballast", LargeBinary),
)
