"""Approvals: pending → approved | rejected | expired, by compare-and-set. One of an item waits at a time."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal_column, or_, select, update

from storage.cards import Cards
from storage.database import Transaction
from storage.records import Approval, ApprovalCard, ApprovalRequest
from storage.tables import approval_cards, approval_requests, approvals, jobs, messages
from storage.texts import storable
from storage.upserts import upsert

NAME, ACTOR = 200, 64  # characters kept
_COLUMNS = [approvals.c[name] for name in Approval.__slots__]
_REQUEST = [approval_requests.c[name] for name in ApprovalRequest.__slots__]
_CARD = [approval_cards.c[name] for name in ApprovalCard.__slots__]
# Written out, not bound: only so do the planners see that the partial index applies.
_PENDING = approvals.c.state == literal_column("'pending'")
_CARDS = Cards(approvals, approval_cards, (approval_cards.c.purpose == "card",))  # the question why is none


def put(tx: Transaction, approval: Approval) -> bool:
    """Store a new one; False when the same is pending already, and then nothing changes."""
    values = {name: getattr(approval, name) for name in Approval.__slots__}
    values["asker_name"] = storable(approval.asker_name)[:NAME]
    return bool(tx.execute(upsert(tx, approvals).values(values).on_conflict_do_nothing()).rowcount == 1)


def by_token(tx: Transaction, token: str) -> Approval | None:
    """The approval behind a button."""
    row = tx.execute(select(*_COLUMNS).where(approvals.c.token == storable(token))).one_or_none()
    return Approval(*row) if row else None


def pending_for(tx: Transaction, action: str, kind: str, key: str, *, join: bool = False) -> Approval | None:
    """The one that waits for a decision about this item.

    With `join` it waits until the transaction ends: who joins in it is told the outcome.
    """
    query = select(*_COLUMNS).where(
        _PENDING, approvals.c.action == action, approvals.c.kind == kind, approvals.c.key == key
    )
    row = tx.execute(query.with_for_update() if join else query).one_or_none()
    return Approval(*row) if row else None


def newest_decision(tx: Transaction, kind: str, key: str, since: datetime) -> Approval | None:
    """How somebody last decided about an item since then."""
    query = (
        select(*_COLUMNS)
        .where(approvals.c.kind == kind, approvals.c.key == key, approvals.c.decided_at >= since)
        .where(approvals.c.state.in_(("approved", "rejected")))
        .order_by(approvals.c.decided_at.desc())
    )
    row = tx.execute(query.limit(1)).one_or_none()
    return Approval(*row) if row else None


def decide(tx: Transaction, token: str, state: str, *, by: str, name: str, at: datetime) -> bool:
    """Decide a pending one; False when somebody was faster."""
    changed = update(approvals).where(approvals.c.token == token, _PENDING)
    values = {
        "state": state,
        "decided_by": by[:ACTOR],
        "decided_name": storable(name)[:NAME],
        "decided_at": at,
    }
    return tx.execute(changed.values(**values)).rowcount == 1


def is_given_up(tx: Transaction, token: str) -> bool:
    """Whether the job that should carry out what was approved is dead."""
    dead = select(jobs.c.id).where(jobs.c.dedup_id == token, jobs.c.topic == "decisions")
    return tx.execute(dead.where(jobs.c.state == "dead")).first() is not None


def give_reason(tx: Transaction, token: str, reason: str) -> bool:
    """Say why one was rejected; False when that was said already."""
    unsaid = update(approvals).where(
        approvals.c.token == token, approvals.c.state == "rejected", approvals.c.reason.is_(None)
    )
    return tx.execute(unsaid.values(reason=storable(reason))).rowcount == 1


def overdue(tx: Transaction, now: datetime, *, most: int) -> list[Approval]:
    """Pending ones whose time is over, oldest first."""
    query = select(*_COLUMNS).where(_PENDING, approvals.c.expires_at <= now)
    return [Approval(*row) for row in tx.execute(query.order_by(approvals.c.expires_at).limit(most))]


def pending(tx: Transaction, *, limit: int, offset: int) -> tuple[list[Approval], int]:
    """Those that wait, the longest first, and how many there are in all."""
    total = int(tx.execute(select(func.count()).where(_PENDING).select_from(approvals)).scalar_one())
    query = select(*_COLUMNS).where(_PENDING).order_by(approvals.c.created_at, approvals.c.token)
    return [Approval(*row) for row in tx.execute(query.limit(limit).offset(offset))], total


def pending_of(tx: Transaction, asker: int | None, chat_id: int | None = None) -> int:
    """How many wait that a person asked for first, or somebody nameless in that chat."""
    query = select(func.count()).select_from(approvals).where(_PENDING, approvals.c.asker == asker)
    if chat_id is not None:
        query = query.where(approvals.c.chat_id == chat_id)
    return int(tx.execute(query).scalar_one())


def prolong(tx: Transaction, token: str, *, until: datetime) -> None:
    """Let a pending one wait until then."""
    tx.execute(update(approvals).where(approvals.c.token == token, _PENDING).values(expires_at=until))


def add_request(tx: Transaction, request: ApprovalRequest) -> None:
    """Keep that somebody asked."""
    values = asdict(request)
    del values["id"]
    values["asker_name"] = storable(request.asker_name)[:NAME]
    tx.execute(insert(approval_requests).values(values))


def requests(tx: Transaction, token: str) -> list[ApprovalRequest]:
    """Everybody who asked, in order."""
    query = select(*_REQUEST).where(approval_requests.c.token == token).order_by(approval_requests.c.id)
    return [ApprovalRequest(*row) for row in tx.execute(query)]


def add_card(tx: Transaction, card: ApprovalCard) -> None:
    """Keep which message shows an approval."""
    tx.execute(insert(approval_cards).values(asdict(card)))


def cards(tx: Transaction, token: str) -> list[ApprovalCard]:
    """The messages that show an approval, without the questions why."""
    query = select(*_CARD).where(approval_cards.c.token == token, approval_cards.c.purpose == "card")
    return [ApprovalCard(*row) for row in tx.execute(query.order_by(approval_cards.c.id))]


def without_card(tx: Transaction, chat_id: int, *, most: int) -> list[Approval]:
    """Pending ones of which a chat that takes messages has no card, and none is on its way there.

    Nobody is shown in private what they asked for themselves.
    """
    is_another = or_(approvals.c.asker.is_(None), approvals.c.asker != chat_id)
    query = select(*_COLUMNS).where(_PENDING, _CARDS.lacks(chat_id), is_another)
    return [Approval(*row) for row in tx.execute(query.order_by(approvals.c.created_at).limit(most))]


def unseen(tx: Transaction) -> list[str]:
    """Pending ones of which no chat has a card, and none is on its way."""
    seen = _CARDS.under_way().exists()
    return list(tx.execute(select(approvals.c.token).where(_PENDING, ~seen)).scalars())


def shown_at(tx: Transaction, token: str, chat_id: int, message_id: int | None) -> Approval | None:
    """The approval whose card a chat's message is, as far as anybody knows."""
    return by_token(tx, token) if _CARDS.show_at(tx, token, chat_id, message_id) else None


def by_message(
    tx: Transaction, chat_id: int, message_id: int, purposes: Sequence[str] = ("card",)
) -> ApprovalCard | None:
    """What a chat's message shows, if it is one of ours for those purposes."""
    shown = select(messages.c.id).where(messages.c.chat_id == chat_id, messages.c.sent_id == message_id)
    query: Any = select(*_CARD).where(
        approval_cards.c.shown_row.in_(shown), approval_cards.c.purpose.in_(purposes)
    )
    row = tx.execute(query.limit(1)).one_or_none()
    return ApprovalCard(*row) if row else None


def move(tx: Transaction, old: int, new: int) -> None:
    """A group has a new number: whoever asked there hears the outcome under it."""
    pending = update(approvals).where(approvals.c.chat_id == old, _PENDING)
    tx.execute(pending.values(chat_id=new))
    asked = update(approval_requests).where(approval_requests.c.chat_id == old)
    tx.execute(asked.values(chat_id=new, source_message=None, thread_id=None))
    _CARDS.move(tx, old, new)
