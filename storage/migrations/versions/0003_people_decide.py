"""People decide: approvals, confirmations, notices, roles given in the chat, and what /stats draws.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import Moment, Serial

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _approvals()
    _confirmations()
    _people()
    _chats()
    _notices()
    _operation()
    if op.get_bind().dialect.name == "postgresql":
        # Whoever switches something is heard by all processes at once; the function came with 0002.
        op.execute(
            "CREATE TRIGGER hint_switches AFTER INSERT OR UPDATE ON switches "
            "FOR EACH STATEMENT EXECUTE FUNCTION hint_table()"
        )


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asker", sa.BigInteger(), nullable=True),
        sa.Column("asker_name", sa.String(length=200), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("proposed_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_name", sa.String(length=200), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_item", "approvals", ["kind", "key", "decided_at"])
    op.create_index(
        "ix_approvals_pending",
        "approvals",
        ["action", "kind", "key"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "approval_cards",
        sa.Column("id", Serial, nullable=False),
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("shown_row", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shown_row"], ["messages.id"], name=op.f("fk_approval_cards_shown_row")),
        sa.ForeignKeyConstraint(["token"], ["approvals.token"], name=op.f("fk_approval_cards_token")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_cards")),
    )
    op.create_index("ix_approval_cards_shown_row", "approval_cards", ["shown_row"])
    op.create_index("ix_approval_cards_token", "approval_cards", ["token"])
    op.create_table(
        "approval_requests",
        sa.Column("id", Serial, nullable=False),
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("proposal", sa.String(length=24), nullable=True),
        sa.Column("asker", sa.BigInteger(), nullable=True),
        sa.Column("asker_name", sa.String(length=200), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("source_message", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["token"], ["approvals.token"], name=op.f("fk_approval_requests_token")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_requests")),
    )
    op.create_index("ix_approval_requests_token", "approval_requests", ["token"])


def _confirmations() -> None:
    op.create_table(
        "confirmations",
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("shown_row", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_confirmations")),
    )
    op.create_index("ix_confirmations_expires_at", "confirmations", ["expires_at"])


def _people() -> None:
    op.create_table(
        "claims",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_claims")),
    )
    op.create_table(
        "members",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("checked_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_members")),
    )
    op.add_column("people", sa.Column("role", sa.String(length=8), nullable=True))
    op.add_column("people", sa.Column("role_by", sa.BigInteger(), nullable=True))
    op.add_column("people", sa.Column("role_at", Moment(), nullable=True))
    op.add_column("people", sa.Column("spoken", sa.String(length=8), nullable=True))
    op.create_index(
        "ix_people_role",
        "people",
        ["role"],
        sqlite_where=sa.text("role IS NOT NULL"),
        postgresql_where=sa.text("role IS NOT NULL"),
    )


def _chats() -> None:
    op.create_table(
        "sightings",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "message_id", name=op.f("pk_sightings")),
    )
    op.create_index("ix_sightings_at", "sightings", ["at"])
    op.add_column("chats", sa.Column("proposals", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("chats", sa.Column("language", sa.String(length=8), nullable=True))
    op.add_column("chats", sa.Column("lacks", sa.String(length=40), nullable=True))
    op.add_column("chats", sa.Column("quiet_from", sa.Integer(), nullable=True))
    op.add_column("chats", sa.Column("quiet_until", sa.Integer(), nullable=True))


def _notices() -> None:
    op.create_table(
        "chat_notices",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "kind", name=op.f("pk_chat_notices")),
    )
    op.create_table(
        "notices",
        sa.Column("id", Serial, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("changes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("returns", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_closed_at", "notices", ["closed_at"])
    op.create_index(
        "ix_notices_open",
        "notices",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "notice_messages",
        sa.Column("id", Serial, nullable=False),
        sa.Column("notice", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("shown_row", sa.BigInteger(), nullable=False),
        sa.Column("written_at", Moment(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("over_row", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name=op.f("fk_notice_messages_notice")),
        sa.ForeignKeyConstraint(["shown_row"], ["messages.id"], name=op.f("fk_notice_messages_shown_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_messages")),
    )
    op.create_index("ix_notice_messages_notice", "notice_messages", ["notice"])
    op.create_index("ix_notice_messages_shown_row", "notice_messages", ["shown_row"])


def _operation() -> None:
    op.create_table(
        "samples",
        sa.Column("at", Moment(), nullable=False),
        sa.Column("process", sa.String(length=36), nullable=False),
        sa.Column("series", sa.String(length=24), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("at", "process", "series", "label", name=op.f("pk_samples")),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=200), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.add_column("jobs", sa.Column("replays", sa.Integer(), server_default="0", nullable=False))
