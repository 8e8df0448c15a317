"""Inquiries: queued → open → answered | expired | settled, by compare-and-set; one of a key waits."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, literal_column, select, update

from storage.cards import Cards
from storage.database import Transaction
from storage.records import Inquiry, InquiryCard
from storage.tables import inquiries, inquiry_cards
from storage.texts import storable
from storage.upserts import upsert

NAME, ACTOR = 200, 64  # characters kept
_COLUMNS = [inquiries.c[name] for name in Inquiry.__slots__]
_CARD = [inquiry_cards.c[name] for name in InquiryCard.__slots__]
# Written out, not bound: only so do the planners see that the partial index applies.
_WAITING: ColumnElement[bool] = literal_column("inquiries.state IN ('queued', 'open')")
_OPEN = inquiries.c.state == literal_column("'open'")
_QUEUED = inquiries.c.state == literal_column("'queued'")
_CARDS = Cards(inquiries, inquiry_cards)


def put(tx: Transaction, inquiry: Inquiry) -> bool:
    """Store a new one; False when one of its kind and key waits already, and then nothing changes."""
    values = {name: getattr(inquiry, name) for name in Inquiry.__slots__}
    values["key"] = storable(inquiry.key)
    return bool(tx.execute(upsert(tx, inquiries).values(values).on_conflict_do_nothing()).rowcount == 1)


def by_token(tx: Transaction, token: str) -> Inquiry | None:
    """The inquiry behind a button."""
    row = tx.execute(select(*_COLUMNS).where(inquiries.c.token == storable(token))).one_or_none()
    return Inquiry(*row) if row else None


def waiting_for(tx: Transaction, kind: str, key: str, *, change: bool = False) -> Inquiry | None:
    """The one of a kind and key that is queued or open. To `change` it, others wait until that is done."""
    query = _waiting(kind, key)
    row = tx.execute(query.with_for_update() if change else query).one_or_none()
    return Inquiry(*row) if row else None


def change(tx: Transaction, token: str, *, until: datetime | None, **content: Any) -> None:
    """Let one that waits ask something else from now on, and until then: buttons shown before are stale."""
    values = content | {"version": inquiries.c.version + 1, "expires_at": until}
    tx.execute(update(inquiries).where(inquiries.c.token == token, _WAITING).values(**values))


def open_queued(tx: Transaction, token: str, *, until: datetime) -> bool:
    """It is this one's turn; False when it was already, or is over."""
    queued = update(inquiries).where(inquiries.c.token == token, _QUEUED)
    return tx.execute(queued.values(state="open", expires_at=until)).rowcount == 1


def close(
    tx: Transaction,
    token: str,
    state: str,
    *,
    at: datetime,
    by: str,
    name: str = "",
    answer: tuple[int, int] | None = None,
) -> bool:
    """End one that waits; False when somebody was faster.

    With an `answer`, a version and a place among its choices, only an open one of that version; to "expired"
    only an open one whose time is over by then: another process may just have put it anew.
    """
    waits = update(inquiries).where(inquiries.c.token == token, _WAITING)
    values = {"state": state, "decided_by": by[:ACTOR], "decided_name": storable(name)[:NAME]}
    if answer:
        waits = waits.where(_OPEN, inquiries.c.version == answer[0]).values(chosen=answer[1])
    if state == "expired":
        waits = waits.where(_OPEN, inquiries.c.expires_at <= at)
    return tx.execute(waits.values(**values, decided_at=at)).rowcount == 1


def overdue(tx: Transaction, now: datetime, *, most: int) -> list[Inquiry]:
    """Open ones whose time is over, oldest first."""
    query = select(*_COLUMNS).where(_WAITING, _OPEN, inquiries.c.expires_at <= now)
    return [Inquiry(*row) for row in tx.execute(query.order_by(inquiries.c.expires_at).limit(most))]


def opened(tx: Transaction, *, limit: int, offset: int) -> list[Inquiry]:
    """Open ones, the longest first."""
    query = select(*_COLUMNS).where(_WAITING, _OPEN).order_by(inquiries.c.created_at, inquiries.c.token)
    return [Inquiry(*row) for row in tx.execute(query.limit(limit).offset(offset))]


def queued(tx: Transaction, kind: str, *, most: int) -> list[Inquiry]:
    """Those of a kind that wait for their turn, the longest first."""
    query = select(*_COLUMNS).where(_WAITING, _QUEUED, inquiries.c.kind == kind)
    ordered = query.order_by(inquiries.c.created_at, inquiries.c.token)
    return [Inquiry(*row) for row in tx.execute(ordered.limit(most))]


def counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """How many of each kind wait, by kind and state."""
    query = select(inquiries.c.kind, inquiries.c.state, func.count()).where(_WAITING)
    rows = tx.execute(query.group_by(inquiries.c.kind, inquiries.c.state))
    return {(kind, state): count for kind, state, count in rows}


def add_card(tx: Transaction, card: InquiryCard) -> None:
    """Keep which message shows an inquiry."""
    tx.execute(insert(inquiry_cards).values(asdict(card)))


def cards(tx: Transaction, token: str) -> list[InquiryCard]:
    """The messages that show an inquiry."""
    query = select(*_CARD).where(inquiry_cards.c.token == token).order_by(inquiry_cards.c.id)
    return [InquiryCard(*row) for row in tx.execute(query)]


def without_card(tx: Transaction, chat_id: int, *, most: int) -> list[Inquiry]:
    """Open ones of which a chat that takes messages has no card, and none is on its way there."""
    query = select(*_COLUMNS).where(_WAITING, _OPEN, _CARDS.lacks(chat_id))
    return [Inquiry(*row) for row in tx.execute(query.order_by(inquiries.c.created_at).limit(most))]


def is_shown_at(tx: Transaction, token: str, chat_id: int, message_id: int | None) -> bool:
    """Whether a chat's message shows the inquiry, as far as anybody knows."""
    return _CARDS.show_at(tx, storable(token), chat_id, message_id)


def move(tx: Transaction, old: int, new: int) -> None:
    """A group has a new number: cards that wait to be sent go there."""
    _CARDS.move(tx, old, new)


def _waiting(kind: str, key: str) -> Select[Any]:
    return select(*_COLUMNS).where(_WAITING, inquiries.c.kind == kind, inquiries.c.key == storable(key))
