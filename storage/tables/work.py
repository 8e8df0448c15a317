"""The inbox and the outbox."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from storage.tables.columns import Moment, Serial, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("topic", String(40), nullable=False),
    Column("key", String(200), nullable=False),
    Column("dedup_id", String(200)),
    Column("dedup_until", Moment),
    Column("payload", Text, nullable=False),
    Column("state", String(8), nullable=False),  # waiting | claimed | done | dead
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),  # claims so far, lapsed ones included
    Column("lapses", Integer, nullable=False, server_default="0"),  # claims that ended without a result
    Column("replays", Integer, nullable=False, server_default="0"),  # how often somebody had it worked anew
    Column("owner", String(60)),
    Column("lease_until", Moment),
    Column("first_failed_at", Moment),
    Column("result", JSON),
    Column("reason", Text),
    Column("correlation_id", String(36), nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("topic", "dedup_id"),
    sqlite_autoincrement=True,  # a replayed or purged job's number never comes back
)
_WAITING, _CLAIMED = text("state = 'waiting'"), text("state = 'claimed'")
Index("ix_jobs_due", jobs.c.topic, jobs.c.due_at, jobs.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
Index("ix_jobs_waiting_key", jobs.c.key, jobs.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
# Unique: whatever two processes see at one moment, two jobs of a key are never worked at once.
Index("ix_jobs_claimed_key", jobs.c.key, unique=True, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)
_DEAD, _DONE = text("state = 'dead'"), text("state = 'done'")
Index("ix_jobs_dead", jobs.c.topic, sqlite_where=_DEAD, postgresql_where=_DEAD)
Index("ix_jobs_done", jobs.c.finished_at, sqlite_where=_DONE, postgresql_where=_DONE)

messages = Table(
    "messages",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String(12), nullable=False),  # text | edit | delete | reaction | answer
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("reply_to", BigInteger),
    Column("target", BigInteger),  # the chat's message this edits, deletes or reacts to
    Column("target_row", BigInteger),  # the same, named by the row here that sent it
    Column("language", String(8), nullable=False),
    Column("content", JSON, nullable=False),
    Column("dedup_id", String(200), unique=True),
    Column("state", String(8), nullable=False),  # waiting | sending | sent | failed | dropped | unknown
    Column("due_at", Moment, nullable=False),
    Column("sender", String(60)),  # which process is sending it
    Column("begun_at", Moment),  # when that process began to
    Column("attempts", Integer, nullable=False, server_default="0"),  # tries that did not end it
    Column("doubts", Integer, nullable=False, server_default="0"),  # sendings whose outcome nobody knows
    Column("sent_id", BigInteger),  # the chat's number of what was sent
    Column("reason", Text),
    Column("job_id", BigInteger),
    Column("correlation_id", String(36), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
)
Index("ix_messages_due", messages.c.due_at, messages.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
# All that finding each chat's next message looks at, so that it reads nothing but this index.
_TURN = (messages.c.chat_id, messages.c.id, messages.c.due_at, messages.c.attempts, messages.c.kind)
Index("ix_messages_turn", *_TURN, sqlite_where=_WAITING, postgresql_where=_WAITING)
_SENDING = text("state = 'sending'")
Index("ix_messages_sending", messages.c.id, sqlite_where=_SENDING, postgresql_where=_SENDING)
Index("ix_messages_sent", messages.c.chat_id, messages.c.sent_id)
_ENDED = text("state IN ('sent', 'failed', 'dropped', 'unknown')")
Index("ix_messages_ended", messages.c.sent_at, sqlite_where=_ENDED, postgresql_where=_ENDED)
_LOST = text("state IN ('failed', 'unknown')")
Index("ix_messages_lost", messages.c.state, sqlite_where=_LOST, postgresql_where=_LOST)
_REPEATED = text("doubts > 0")
Index("ix_messages_repeated", messages.c.id, sqlite_where=_REPEATED, postgresql_where=_REPEATED)
