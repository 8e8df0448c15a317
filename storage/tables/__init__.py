"""Every table, once. Moments are UTC; ids of chats, people and messages are Telegram's own (52 bits)."""

from storage.tables.columns import Moment, Serial, in_text, metadata
from storage.tables.deals import contact_links, deal_links, mapping_answers, portal_events, reconcile_cursors
from storage.tables.decisions import (
    approval_cards,
    approval_requests,
    approvals,
    confirmations,
    inquiries,
    inquiry_cards,
    proposals,
)
from storage.tables.gallery import sticker_sets
from storage.tables.operation import (
    faults,
    health_marks,
    invalidations,
    journal,
    keys,
    notice_messages,
    notices,
    samples,
    switches,
)
from storage.tables.people import chat_notices, chat_reactions, chats, claims, members, people, sightings
from storage.tables.portals import portal_buckets, portal_hosts
from storage.tables.programmes import leases, submission_programmes, submissions
from storage.tables.work import jobs, messages

__all__ = [
    "Moment",
    "Serial",
    "approval_cards",
    "approval_requests",
    "approvals",
    "chat_notices",
    "chat_reactions",
    "chats",
    "claims",
    "confirmations",
    "contact_links",
    "deal_links",
    "faults",
    "health_marks",
    "in_text",
    "inquiries",
    "inquiry_cards",
    "invalidations",
    "jobs",
    "journal",
    "keys",
    "leases",
    "mapping_answers",
    "members",
    "messages",
    "metadata",
    "notice_messages",
    "notices",
    "people",
    "portal_buckets",
    "portal_events",
    "portal_hosts",
    "proposals",
    "reconcile_cursors",
    "samples",
    "sightings",
    "sticker_sets",
    "submission_programmes",
    "submissions",
    "switches",
]
