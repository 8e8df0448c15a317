"""Deals of partners' portals and their twins in the home portal."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from storage.tables.columns import Moment, metadata

DOMAIN = String(255)

deal_links = Table(
    "deal_links",
    metadata,
    Column("source_domain", DOMAIN, primary_key=True),
    Column("source_deal_id", BigInteger, primary_key=True),
    Column("target_deal_id", BigInteger, nullable=False),
    # The mapped values as the source had them at the last transfer, and the twin's as read back after it;
    # each with its digest, so that an event which changes nothing ends at one comparison.
    Column("source_values", JSON, nullable=False),
    Column("source_fingerprint", String(64), nullable=False),
    Column("target_values", JSON, nullable=False),
    Column("target_fingerprint", String(64), nullable=False),
    Column("mapping_version", String(64), nullable=False),  # which mapping made them
    Column("writes", Integer, nullable=False, server_default="0"),  # in the minute that began then
    Column("writes_since", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),  # of the newest write to the twin
    Column("deleted_at", Moment),  # when the source's deal was seen to be gone
    UniqueConstraint("target_deal_id"),
)

contact_links = Table(
    "contact_links",
    metadata,
    Column("source_domain", DOMAIN, primary_key=True),
    Column("kind", String(10), primary_key=True),  # contact | company
    Column("source_id", BigInteger, primary_key=True),
    Column("target_id", BigInteger, nullable=False),
    Column("linked_at", Moment, nullable=False),
)
Index("ix_contact_links_target", contact_links.c.kind, contact_links.c.target_id)

portal_events = Table(
    "portal_events",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 over domain, event, data and ts
    Column("job_id", BigInteger, nullable=False),  # the job whose read shows what it told of
    Column("received_at", Moment, nullable=False),
)
Index("ix_portal_events_received_at", portal_events.c.received_at)

mapping_answers = Table(
    "mapping_answers",
    metadata,
    Column("source_domain", DOMAIN, primary_key=True),
    Column("field", String(100), primary_key=True),  # the target's
    Column("value", String(255), primary_key=True),  # as the source has it
    Column("answer", String(255), nullable=False),  # what the twin gets
    Column("answered_by", String(100), nullable=False),
    Column("answered_at", Moment, nullable=False),
)

# How far each source has been compared with the home portal; None: not finished, and where it goes on.
reconcile_cursors = Table(
    "reconcile_cursors",
    metadata,
    Column("source_domain", DOMAIN, primary_key=True),
    Column("since", Moment, nullable=False),  # changes up to here have been seen
    Column("state", Text),  # JSON of a pass under way
    Column("heard_at", Moment),  # when the source's newest event came
    Column("finished_at", Moment),
)
