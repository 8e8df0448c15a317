"""Proposals: open → added, or open → asked (for approval) → added | rejected | expired.

What was approved and could not be added is `failed` until somebody has it tried again. An open one past its
`expires_at` counts as closed.

The token is random and means nothing without its row.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from storage.database import Transaction
from storage.records import Proposal
from storage.tables import messages, proposals
from storage.texts import storable

NAME = 200  # characters kept
_COLUMNS = [proposals.c[name] for name in Proposal.__slots__]


def put(tx: Transaction, proposal: Proposal, *, shown_row: int) -> None:
    """Store a new proposal with the message that shows it."""
    values = {name: getattr(proposal, name) for name in Proposal.__slots__} | {"shown_row": shown_row}
    tx.execute(insert(proposals).values(values))


def by_token(tx: Transaction, token: str) -> Proposal | None:
    """The proposal behind a button."""
    return _one(tx, proposals.c.token == storable(token))


def with_message(tx: Transaction, token: str) -> tuple[Proposal | None, int | None]:
    """The proposal behind a button, and the chat's number of the message that shows it, once sent.

    No number either when it may have been sent twice: only the later copy's is known.
    """
    proposal = by_token(tx, token)
    if proposal is None or proposal.shown_row is None:
        return proposal, None
    sent = select(messages.c.sent_id).where(messages.c.id == proposal.shown_row, messages.c.doubts == 0)
    return proposal, tx.execute(sent).scalar()


def by_message(tx: Transaction, chat_id: int, message_id: int) -> list[Proposal]:
    """The proposals that a message in a chat shows: one, or those of a batch."""
    shown = select(messages.c.id).where(messages.c.chat_id == chat_id, messages.c.sent_id == message_id)
    return _all(tx, proposals.c.shown_row.in_(shown))


def by_row(tx: Transaction, shown_row: int) -> list[Proposal]:
    """The same by the row that shows them, sent or not."""
    return _all(tx, proposals.c.shown_row == shown_row)


def decide(
    tx: Transaction, token: str, state: str, *, by: int | None, name: str | None, at: datetime
) -> bool:
    """Close an open proposal; False when somebody was faster."""
    changed = update(proposals).where(proposals.c.token == token, proposals.c.state == "open")
    values = {
        "state": state,
        "decided_by": by,
        "decided_name": storable(name)[:NAME] if name else None,
        "decided_at": at,
    }
    return tx.execute(changed.values(**values)).rowcount == 1


def settle(tx: Transaction, token: str, state: str, *, name: str | None = None) -> Proposal | None:
    """Write what came of one that waited for approval, with a name who made it so; the row as it is now."""
    asked = update(proposals).where(proposals.c.token == token, proposals.c.state.in_(("asked", "failed")))
    by = {"decided_name": storable(name)[:NAME]} if name else {}
    tx.execute(asked.values(state=state, **by))
    return by_token(tx, token)


def shown_since(tx: Transaction, chat_id: int, since: datetime) -> int:
    """How many messages with proposals a chat was shown since then; a batch is one."""
    query = select(func.count(proposals.c.shown_row.distinct())).where(
        proposals.c.chat_id == chat_id, proposals.c.created_at > since
    )
    return int(tx.execute(query).scalar_one())


def shown_for_key(tx: Transaction, chat_id: int, kind: str, key: str, since: datetime) -> bool:
    """Whether a chat was shown a proposal for this very item since then."""
    query = select(proposals.c.token).where(
        proposals.c.chat_id == chat_id,
        proposals.c.kind == kind,
        proposals.c.key == key,
        proposals.c.created_at > since,
    )
    return tx.execute(query.limit(1)).first() is not None


def _one(tx: Transaction, condition: Any) -> Proposal | None:
    row = tx.execute(select(*_COLUMNS).where(condition).limit(1)).one_or_none()
    return Proposal(*row) if row else None


def _all(tx: Transaction, condition: Any) -> list[Proposal]:
    query = select(*_COLUMNS).where(condition).order_by(proposals.c.key)
    return [Proposal(*row) for row in tx.execute(query)]
