"""How the hub is doing, and what was done to it."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from storage.tables.columns import Moment, Serial, metadata

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

notices = Table(
    "notices",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("subject", String(120), nullable=False),  # one cause of that kind, as a portal's name
    Column("state", String(8), nullable=False),  # open | closed | told (its end too)
    Column("count", BigInteger, nullable=False),
    Column("params", JSON, nullable=False),  # what its text tells
    Column("since", Moment, nullable=False),
    Column("changes", Integer, nullable=False, server_default="0"),  # how often what it tells has changed
    Column("closed_at", Moment),
    Column("returns", Integer, nullable=False, server_default="0"),  # how often the cause came back
)
_OPEN = text("state = 'open'")
Index(
    "ix_notices_open",
    notices.c.kind,
    notices.c.subject,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index("ix_notices_closed_at", notices.c.closed_at)

notice_messages = Table(
    "notice_messages",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("notice", BigInteger, ForeignKey("notices.id"), nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("language", String(8), nullable=False),
    Column("shown_row", BigInteger, ForeignKey("messages.id"), nullable=False),
    Column("written_at", Moment, nullable=False),  # when it was written or edited last …
    Column("changes", Integer, nullable=False),  # … and after how many changes
    Column("over_row", BigInteger),  # the message that tells the end
)
Index("ix_notice_messages_notice", notice_messages.c.notice)
Index("ix_notice_messages_shown_row", notice_messages.c.shown_row)

samples = Table(
    "samples",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("process", String(36), primary_key=True),
    Column("series", String(24), primary_key=True),  # hits | misses | stale | entries | jobs
    Column("label", String(40), primary_key=True),  # a region or a topic
    Column("value", BigInteger, nullable=False),
)

switches = Table(
    "switches",
    metadata,
    Column("name", String(24), primary_key=True),  # paused
    Column("is_on", Boolean, nullable=False),
    Column("by", String(64), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("chat_id", BigInteger),  # where it was switched
    Column("at", Moment, nullable=False),
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
