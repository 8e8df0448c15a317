"""The sticker gallery."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, text

from storage.tables.columns import Moment, metadata

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
