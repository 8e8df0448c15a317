"""What several processes, a remote gallery and the schedule need.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import Moment, Serial

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _keys()
    _jobs()
    _messages()
    _sticker_sets()
    _partial_index("ix_proposals_open", "proposals", ["expires_at"], "state = 'open'")
    if op.get_bind().dialect.name == "postgresql":
        _hints()


def _sticker_sets() -> None:
    title_key = sa.Column("title_key", sa.String(length=600), nullable=False, server_default=sa.text("''"))
    op.add_column("sticker_sets", title_key)
    sets = sa.table("sticker_sets", sa.column("name_key"), sa.column("title"), sa.column("title_key"))
    for name_key, title in op.get_bind().execute(sa.select(sets.c.name_key, sets.c.title)).all():
        folded = sets.update().where(sets.c.name_key == name_key).values(title_key=title.casefold())
        op.get_bind().execute(folded)
    op.add_column("sticker_sets", sa.Column("checked_at", Moment(), nullable=True))
    op.add_column("sticker_sets", sa.Column("dead_at", Moment(), nullable=True))
    op.create_index("ix_sticker_sets_checked_at", "sticker_sets", ["checked_at"])


def _hints() -> None:
    """Other processes look at once: said by the server itself, so it costs no statement of ours."""
    op.execute(
        """
        CREATE FUNCTION hint_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('switchboard', 'jobs.' || topic)
            FROM (SELECT DISTINCT topic FROM fresh) AS topics;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER hint_jobs AFTER INSERT ON jobs REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION hint_jobs()"
    )
    op.execute(
        """
        CREATE FUNCTION hint_table() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('switchboard', TG_TABLE_NAME);
            RETURN NULL;
        END $$
        """
    )
    for table in ("messages", "invalidations"):
        op.execute(
            f"CREATE TRIGGER hint_{table} AFTER INSERT ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION hint_table()"
        )


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", Serial, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_keys_digest")),
        sqlite_autoincrement=True,
    )


def _jobs() -> None:
    op.drop_index("ix_jobs_claimed_key", table_name="jobs")
    op.drop_index(
        "ix_jobs_lease", table_name="jobs"
    )  # few are claimed at a time: the index by key finds them
    _partial_index("ix_jobs_claimed_key", "jobs", ["key"], "state = 'claimed'", unique=True)
    _partial_index("ix_jobs_dead", "jobs", ["topic"], "state = 'dead'")
    _partial_index("ix_jobs_done", "jobs", ["finished_at"], "state = 'done'")


def _messages() -> None:
    op.add_column("messages", sa.Column("sender", sa.String(length=60), nullable=True))
    op.add_column("messages", sa.Column("begun_at", Moment(), nullable=True))
    ended = "state IN ('sent', 'failed', 'dropped', 'unknown')"
    _partial_index("ix_messages_ended", "messages", ["sent_at"], ended)
    _partial_index("ix_messages_lost", "messages", ["state"], "state IN ('failed', 'unknown')")
    _partial_index("ix_messages_repeated", "messages", ["id"], "doubts > 0")


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
