"""Bitrix24 portals: where they are, and how much may be asked of them now."""

from sqlalchemy import Column, Float, String, Table

from storage.tables.columns import Moment, metadata

portal_buckets = Table(
    "portal_buckets",
    metadata,
    Column("host", String(255), primary_key=True),
    # Requests that count at a moment, those reserved and not sent yet included; drains as time goes on.
    Column("level", Float, nullable=False),
    Column("at", Moment, nullable=False),
)

portal_hosts = Table(
    "portal_hosts",
    metadata,
    Column("domain", String(255), primary_key=True),  # the address it was set up with
    Column("host", String(270), nullable=False),  # where it is now, with a port when it has one
    Column("moved_at", Moment, nullable=False),
)
