"""What waits for somebody: proposals, approvals, inquiries, confirmations."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from storage.tables.columns import Moment, Serial, metadata

proposals = Table(
    "proposals",
    metadata,
    Column("token", String(24), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("key", String(200), nullable=False),
    Column("details", JSON, nullable=False),
    Column("state", String(8), nullable=False),  # open | asked | failed | added | rejected | expired
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("source_message", BigInteger),  # the sticker or link that was asked about
    Column("shown_row", BigInteger, ForeignKey("messages.id")),  # the message that shows it
    Column("asker", BigInteger),
    Column("decided_by", BigInteger),
    Column("decided_name", String(200)),
    Column("created_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("expires_at", Moment, nullable=False),
)
Index("ix_proposals_chat", proposals.c.chat_id, proposals.c.created_at)
Index("ix_proposals_shown_row", proposals.c.shown_row)
_OPEN = text("state = 'open'")
Index("ix_proposals_open", proposals.c.expires_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

approvals = Table(
    "approvals",
    metadata,
    Column("token", String(24), primary_key=True),
    Column("action", String(16), nullable=False),  # what would be done: add
    Column("kind", String(24), nullable=False),
    Column("key", String(200), nullable=False),
    Column("card", JSON, nullable=False),  # how the item shows itself
    Column("details", JSON, nullable=False),
    Column("state", String(8), nullable=False),  # pending | approved | rejected | expired
    Column("asker", BigInteger),  # who asked first; everybody who asked stands in approval_requests
    Column("asker_name", String(200), nullable=False),
    Column("chat_id", BigInteger),  # where it was asked first; empty: by a program
    Column("proposed_at", Moment, nullable=False),
    Column("decided_by", String(64)),  # as the journal names actors
    Column("decided_name", String(200)),
    Column("decided_at", Moment),
    Column("reason", Text),  # of a rejection
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
_PENDING = text("state = 'pending'")
# Unique: whoever asks for the same while it waits joins what waits.
Index(
    "ix_approvals_pending",
    approvals.c.action,
    approvals.c.kind,
    approvals.c.key,
    unique=True,
    sqlite_where=_PENDING,
    postgresql_where=_PENDING,
)
Index("ix_approvals_item", approvals.c.kind, approvals.c.key, approvals.c.decided_at)

approval_requests = Table(
    "approval_requests",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("token", String(24), ForeignKey("approvals.token"), nullable=False),
    Column("proposal", String(24)),  # the token of the proposal that was accepted
    Column("asker", BigInteger),
    Column("asker_name", String(200), nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("source_message", BigInteger),
    Column("language", String(8), nullable=False),
    Column("at", Moment, nullable=False),
)
Index("ix_approval_requests_token", approval_requests.c.token)

approval_cards = Table(
    "approval_cards",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("token", String(24), ForeignKey("approvals.token"), nullable=False),
    Column("purpose", String(8), nullable=False),  # card | reason (the question for one)
    Column("chat_id", BigInteger, nullable=False),
    Column("language", String(8), nullable=False),
    Column("shown_row", BigInteger, ForeignKey("messages.id"), nullable=False),
)
Index("ix_approval_cards_token", approval_cards.c.token)
Index("ix_approval_cards_shown_row", approval_cards.c.shown_row)

inquiries = Table(
    "inquiries",
    metadata,
    Column("token", String(24), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("key", String(200), nullable=False),
    Column("texts", JSON, nullable=False),  # the question
    Column("choices", JSON, nullable=False),
    Column("details", JSON, nullable=False),  # for the kind
    Column("link", JSON),
    Column("version", Integer, nullable=False),  # of the four above; buttons bear it
    Column("state", String(8), nullable=False),  # queued | open | answered | expired | settled
    Column("chosen", Integer),  # the answer's place among the choices
    Column("decided_by", String(64)),  # as the journal names actors
    Column("decided_name", String(200)),
    Column("decided_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),  # empty until it is open
)
_WAITING = text("state IN ('queued', 'open')")
# Unique: whoever asks the same while it waits changes what waits.
Index(
    "ix_inquiries_waiting",
    inquiries.c.kind,
    inquiries.c.key,
    unique=True,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
Index("ix_inquiries_decided_at", inquiries.c.decided_at)

inquiry_cards = Table(
    "inquiry_cards",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("token", String(24), ForeignKey("inquiries.token"), nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("language", String(8), nullable=False),
    Column("shown_row", BigInteger, ForeignKey("messages.id"), nullable=False),
)
Index("ix_inquiry_cards_token", inquiry_cards.c.token)
Index("ix_inquiry_cards_shown_row", inquiry_cards.c.shown_row)

confirmations = Table(
    "confirmations",
    metadata,
    Column("token", String(24), primary_key=True),
    Column("action", String(40), nullable=False),
    Column("params", JSON, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("shown_row", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)
Index("ix_confirmations_expires_at", confirmations.c.expires_at)
