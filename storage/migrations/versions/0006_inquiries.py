"""Inquiries: what a person has to choose from several answers, and the messages that show it.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import Moment, Serial

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _inquiries()
    _cards()


def _inquiries() -> None:
    op.create_table(
        "inquiries",
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("link", sa.JSON(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_name", sa.String(length=200), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_inquiries")),
    )
    op.create_index(
        "ix_inquiries_waiting",
        "inquiries",
        ["kind", "key"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'open')"),
        postgresql_where=sa.text("state IN ('queued', 'open')"),
    )
    op.create_index("ix_inquiries_decided_at", "inquiries", ["decided_at"])


def _cards() -> None:
    op.create_table(
        "inquiry_cards",
        sa.Column("id", Serial, nullable=False),
        sa.Column("token", sa.String(length=24), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("shown_row", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shown_row"], ["messages.id"], name=op.f("fk_inquiry_cards_shown_row")),
        sa.ForeignKeyConstraint(["token"], ["inquiries.token"], name=op.f("fk_inquiry_cards_token")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_cards")),
    )
    op.create_index("ix_inquiry_cards_shown_row", "inquiry_cards", ["shown_row"])
    op.create_index("ix_inquiry_cards_token", "inquiry_cards", ["token"])
