"""What is old enough to go.

Much of it is looked for beside the writer (`find`) and then deleted by its keys, a few at a time (`drop`,
which looks again), so that nobody else's writes wait. Dead jobs, faults and the journal are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, delete, func, literal_column, or_, select, update

from storage.database import Transaction
from storage.tables import (
    approval_cards,
    approval_requests,
    approvals,
    chat_reactions,
    inquiries,
    inquiry_cards,
    invalidations,
    jobs,
    messages,
    notice_messages,
    notices,
    portal_events,
    proposals,
    submission_programmes,
    submissions,
)

# Written out, not bound: only so do the planners see that the partial indexes apply.
_DONE = jobs.c.state == literal_column("'done'")
_OPEN = proposals.c.state == literal_column("'open'")
_ENDED: ColumnElement[bool] = literal_column("messages.state IN ('sent', 'failed', 'dropped', 'unknown')")


@dataclass(frozen=True, slots=True)
class Old:
    """Rows of one kind that may go; `name` is the table's."""

    name: str
    key: Column[Any]
    condition: ColumnElement[bool]

    def query(self, most: int) -> Select[Any]:
        """What looks for so many of them."""
        return select(self.key).where(self.condition).limit(most)

    def find(self, tx: Transaction, most: int) -> list[Any]:
        """The keys of so many of them."""
        return list(tx.execute(self.query(most)).scalars())

    def drop(self, tx: Transaction, keys: Sequence[Any]) -> int:
        """Delete those of the keys that may go still; how many."""
        return tx.execute(delete(self.key.table).where(self.key.in_(keys), self.condition)).rowcount


def closed_proposals(before: datetime) -> Old:
    """Proposals that were decided, or ran out, before then."""
    ended = func.coalesce(proposals.c.decided_at, proposals.c.expires_at) < before
    is_closed = proposals.c.state.not_in(("open", "asked", "failed"))
    return Old("proposals", proposals.c.token, and_(is_closed, ended))


def decided_approvals(before: datetime) -> list[Old]:
    """Approvals that were decided before then, with what hangs on them first.

    What was approved and is not carried out yet, perhaps because its job is dead, stays to be replayed.
    """
    carried_out = jobs.c.dedup_id == approvals.c.token, jobs.c.topic == "decisions"
    unfinished = select(jobs.c.id).where(*carried_out, jobs.c.state != literal_column("'done'")).exists()
    is_decided = approvals.c.state != literal_column("'pending'")
    over = and_(is_decided, approvals.c.decided_at < before, ~unfinished)
    of_these = select(approvals.c.token).where(over)
    return [
        Old("approval_cards", approval_cards.c.id, approval_cards.c.token.in_(of_these)),
        Old("approval_requests", approval_requests.c.id, approval_requests.c.token.in_(of_these)),
        Old("approvals", approvals.c.token, over),
    ]


def closed_inquiries(before: datetime) -> list[Old]:
    """Inquiries that ended before then, with their cards first."""
    over = and_(inquiries.c.state.not_in(("queued", "open")), inquiries.c.decided_at < before)
    of_these = inquiry_cards.c.token.in_(select(inquiries.c.token).where(over))
    return [Old("inquiry_cards", inquiry_cards.c.id, of_these), Old("inquiries", inquiries.c.token, over)]


def ended_notices(before: datetime) -> list[Old]:
    """Notices that were over before then, but the newest of each kind, with what tells of them first."""
    newest = select(func.max(notices.c.id)).group_by(notices.c.kind)
    told = notices.c.state == literal_column("'told'")
    over = and_(told, notices.c.closed_at < before, notices.c.id.not_in(newest))
    of_these = notice_messages.c.notice.in_(select(notices.c.id).where(over))
    return [Old("notice_messages", notice_messages.c.id, of_these), Old("notices", notices.c.id, over)]


def ended_messages(before: datetime) -> list[Old]:
    """Messages that ended before then, and that neither a decision, an inquiry, a notice nor a message yet
    to be sent points at.
    """
    shown = select(proposals.c.token).where(proposals.c.shown_row == messages.c.id).exists()
    card = select(approval_cards.c.id).where(approval_cards.c.shown_row == messages.c.id).exists()
    inquiry = select(inquiry_cards.c.id).where(inquiry_cards.c.shown_row == messages.c.id).exists()
    notice = select(notice_messages.c.id).where(notice_messages.c.shown_row == messages.c.id).exists()
    waited_for = (messages.c.id.not_in(_targets(state)) for state in ("waiting", "sending"))
    free = and_(_ENDED, ~shown, ~card, ~inquiry, ~notice, *waited_for)
    # What was taken back before it was sent bears no moment of its end.
    taken_back = and_(messages.c.sent_at.is_(None), messages.c.created_at < before)
    ended = messages.c.sent_at < before
    return [Old("messages", messages.c.id, and_(free, each)) for each in (ended, taken_back)]


def _targets(state: str) -> Any:
    other = messages.alias("other")
    is_so = other.c.state == literal_column(f"'{state}'")
    return select(other.c.target_row).where(is_so, other.c.target_row.is_not(None))


def done_submissions(before: datetime) -> list[Old]:
    """Submissions that were done before then, with their programmes first.

    What is dead stays to be replayed, and what is in doubt until it is not.
    """
    over = and_(submissions.c.done_at < before, ~submissions.c.in_doubt)
    of_these = select(submissions.c.id).where(over)
    # By the submission: a part of its programmes is never all that is left of it for long.
    programmes = Old(
        "submission_programmes",
        submission_programmes.c.submission_id,
        submission_programmes.c.submission_id.in_(of_these),
    )
    is_empty = ~select(submission_programmes.c.key).where(_of_submission).exists()
    return [programmes, Old("submissions", submissions.c.id, and_(over, is_empty))]


def portals_events(before: datetime) -> Old:
    """Hashes of portals' events that came before then: one that comes again is a new one."""
    return Old("portal_events", portal_events.c.hash, portal_events.c.received_at < before)


_of_submission = submission_programmes.c.submission_id == submissions.c.id


def done_jobs(before: datetime, *, now: datetime, topics: Sequence[str] | None = None) -> Old:
    """Jobs, with `topics` only theirs, that were done before then, and whose dedup window is over now."""
    is_forgotten = or_(jobs.c.dedup_until.is_(None), jobs.c.dedup_until <= now)
    condition = and_(_DONE, jobs.c.finished_at < before, is_forgotten)
    if topics is not None:
        condition = and_(condition, jobs.c.topic.in_(topics))
    return Old("jobs", jobs.c.id, condition)


def expire_proposals(tx: Transaction, now: datetime, *, most: int) -> int:
    """Close so many open proposals whose time is over; how many there were."""
    over = select(proposals.c.token).where(_OPEN, proposals.c.expires_at <= now).limit(most)
    expired = update(proposals).where(proposals.c.token.in_(over.scalar_subquery()), _OPEN)
    return tx.execute(expired.values(state="expired")).rowcount


def forget_reactions(tx: Transaction, before: datetime) -> int:
    """Forget which reactions chats took, as learnt before then; how many."""
    return tx.execute(delete(chat_reactions).where(chat_reactions.c.at < before)).rowcount


def drop_invalidations(tx: Transaction, before: datetime, *, most: int) -> int:
    """Delete so many invalidations from before then; how many there were."""
    old = select(invalidations.c.id).where(invalidations.c.at < before).limit(most)
    return tx.execute(delete(invalidations).where(invalidations.c.id.in_(old.scalar_subquery()))).rowcount
