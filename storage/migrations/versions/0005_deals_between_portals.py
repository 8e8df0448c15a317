"""Deals of partners' portals and their twins, what people answered about them, and how far both agree.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _links()
    _events()
    _answers()
    _cursors()


def _links() -> None:
    op.create_table(
        "deal_links",
        sa.Column("source_domain", sa.String(length=255), nullable=False),
        sa.Column("source_deal_id", sa.BigInteger(), nullable=False),
        sa.Column("target_deal_id", sa.BigInteger(), nullable=False),
        sa.Column("source_values", sa.JSON(), nullable=False),
        sa.Column("source_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("target_values", sa.JSON(), nullable=False),
        sa.Column("target_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("mapping_version", sa.String(length=64), nullable=False),
        sa.Column("writes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("writes_since", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("source_domain", "source_deal_id", name=op.f("pk_deal_links")),
        sa.UniqueConstraint("target_deal_id", name=op.f("uq_deal_links_target_deal_id")),
    )
    op.create_table(
        "contact_links",
        sa.Column("source_domain", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source_domain", "kind", "source_id", name=op.f("pk_contact_links")),
    )
    op.create_index("ix_contact_links_target", "contact_links", ["kind", "target_id"])


def _events() -> None:
    op.create_table(
        "portal_events",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_portal_events")),
    )
    op.create_index("ix_portal_events_received_at", "portal_events", ["received_at"])


def _answers() -> None:
    op.create_table(
        "mapping_answers",
        sa.Column("source_domain", sa.String(length=255), nullable=False),
        sa.Column("field", sa.String(length=100), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("answer", sa.String(length=255), nullable=False),
        sa.Column("answered_by", sa.String(length=100), nullable=False),
        sa.Column("answered_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source_domain", "field", "value", name=op.f("pk_mapping_answers")),
    )


def _cursors() -> None:
    op.create_table(
        "reconcile_cursors",
        sa.Column("source_domain", sa.String(length=255), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("heard_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("source_domain", name=op.f("pk_reconcile_cursors")),
    )
