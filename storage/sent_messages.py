"""What became of messages: how a row ended, as which number of its chat, and what it showed."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from storage.database import Transaction
from storage.tables import messages


def sent_id(tx: Transaction, message_id: int) -> tuple[str, int | None] | None:
    """State and chat number of a row; None when there is no such row."""
    row = tx.execute(
        select(messages.c.state, messages.c.sent_id).where(messages.c.id == message_id)
    ).one_or_none()
    return (row.state, row.sent_id) if row else None


def sent_at(tx: Transaction, message_id: int) -> datetime | None:
    """When a row was sent, or given up; None when neither."""
    moment: datetime | None = tx.execute(
        select(messages.c.sent_at).where(messages.c.id == message_id)
    ).scalar()
    return moment


def number_in(tx: Transaction, message_id: int, chat_id: int) -> int | None:
    """The chat's number of what a row sent; None unless it was sent there. Other chats count anew."""
    query = select(messages.c.sent_id).where(messages.c.id == message_id, messages.c.chat_id == chat_id)
    number: int | None = tx.execute(query).scalar()
    return number


def content_of(tx: Transaction, message_id: int) -> Any:
    """What a row was written to show; None when there is no such row."""
    return tx.execute(select(messages.c.content).where(messages.c.id == message_id)).scalar()


def content_sent(tx: Transaction, chat_id: int, sent_id: int) -> Any:
    """What a chat's message was first sent to show; None when it is not known to be ours."""
    query = select(messages.c.content).where(messages.c.chat_id == chat_id, messages.c.sent_id == sent_id)
    return tx.execute(query.where(messages.c.kind == "text").limit(1)).scalar()
