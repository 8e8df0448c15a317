"""Poll forms that were handed in, and who is at work on which contact."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from storage.tables.columns import Moment, metadata

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(150), primary_key=True),  # as whoever handed it in calls it
    Column("digest", String(64), nullable=False),  # of all that was handed in
    Column("poll_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("last_name", String(100), nullable=False),
    Column("phone", String(100), nullable=False),  # as given; empty: none
    Column("email", String(254), nullable=False),
    Column("comments", Text, nullable=False),  # the answers as a deal tells them
    Column("job_id", BigInteger, nullable=False),  # the job that works it
    Column("contact_id", BigInteger),  # the portal's
    # Something may have been written at the portal that is not known here: look before writing anything.
    Column("in_doubt", Boolean, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("done_at", Moment),
)
Index("ix_submissions_accepted_at", submissions.c.accepted_at)

submission_programmes = Table(
    "submission_programmes",
    metadata,
    Column("submission_id", String(150), ForeignKey("submissions.id"), primary_key=True),
    Column("key", String(200), primary_key=True),  # the title as titles are compared
    Column("title", Text, nullable=False),  # as it was first given
    Column("position", Integer, nullable=False),
    Column("deal_id", BigInteger),  # the portal's
)
_WITHOUT_DEAL = text("deal_id IS NULL")
Index(
    "ix_submission_programmes_waiting",
    submission_programmes.c.key,
    sqlite_where=_WITHOUT_DEAL,
    postgresql_where=_WITHOUT_DEAL,
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(300), primary_key=True),  # what is held
    Column("owner", String(120), nullable=False),
    Column("until", Moment, nullable=False),
)
Index("ix_leases_until", leases.c.until)
