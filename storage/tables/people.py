"""People, chats, and what is known of either."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, text, true

from storage.tables.columns import Moment, metadata

people = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False),
    Column("username", String(64)),
    Column("language", String(8)),  # chosen with /lang; empty = as the person's Telegram says
    Column("seen_at", Moment, nullable=False),
    Column("role", String(8)),  # given in the chat: admin (claimed by /start CODE) | staff
    Column("role_by", BigInteger),
    Column("role_at", Moment),
    Column("spoken", String(8)),  # the language that the person's Telegram speaks, when it told
)
_GIVEN = text("role IS NOT NULL")
Index("ix_people_role", people.c.role, sqlite_where=_GIVEN, postgresql_where=_GIVEN)

members = Table(
    "members",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("status", String(16), nullable=False),  # as Telegram says: creator, administrator, member, left, …
    Column("checked_at", Moment, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 in hex of a code that makes an admin
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("used_by", BigInteger),
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
    Column("proposals", Boolean, nullable=False, server_default=true()),  # what is not listed is proposed
    Column("language", String(8)),  # chosen for the chat; empty = each person's own
    Column("lacks", String(40)),  # the rights whose lack the chat was told of
    Column("quiet_from", Integer),  # minutes after midnight: notices wait from then on …
    Column("quiet_until", Integer),  # … until then
)

chat_notices = Table(
    "chat_notices",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(24), primary_key=True),
    Column("wanted", Boolean, nullable=False),  # without a row: as the chat's part says
)

chat_reactions = Table(
    "chat_reactions",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wanted", String(16), primary_key=True),
    Column("used", String(16)),  # what this chat takes instead; empty = it takes none
    Column("at", Moment, nullable=False),
)

sightings = Table(
    "sightings",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("thread_id", BigInteger),
    Column("kind", String(24), nullable=False),
    Column("keys", JSON, nullable=False),  # what the message is about
    Column("at", Moment, nullable=False),
)
Index("ix_sightings_at", sightings.c.at)
