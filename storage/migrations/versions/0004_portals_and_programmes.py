"""Portals: how much may be asked of them, and where they moved to. Poll forms that were handed in.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _portals()
    _submissions()
    _leases()


def _portals() -> None:
    op.create_table(
        "portal_buckets",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_portal_buckets")),
    )
    op.create_table(
        "portal_hosts",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("host", sa.String(length=270), nullable=False),
        sa.Column("moved_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_portal_hosts")),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.String(length=150), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("poll_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("accepted_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )
    op.create_index("ix_submissions_accepted_at", "submissions", ["accepted_at"])
    op.create_table(
        "submission_programmes",
        sa.Column("submission_id", sa.String(length=150), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_submission_programmes_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "key", name=op.f("pk_submission_programmes")),
    )
    op.create_index(
        "ix_submission_programmes_waiting",
        "submission_programmes",
        ["key"],
        sqlite_where=sa.text("deal_id IS NULL"),
        postgresql_where=sa.text("deal_id IS NULL"),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_index("ix_leases_until", "leases", ["until"])
