"""Chats the bot has seen, and which reactions each of them takes."""

from datetime import datetime

from sqlalchemy import select, update

from storage.database import Transaction
from storage.records import Chat
from storage.tables import chat_reactions, chats, messages, proposals
from storage.texts import storable
from storage.upserts import upsert

TYPE, TITLE, STATUS = 12, 255, 16  # characters kept
_COLUMNS = [chats.c[name] for name in Chat.__slots__]


def by_id(tx: Transaction, chat_id: int) -> Chat | None:
    """A chat the bot has seen."""
    row = tx.execute(select(*_COLUMNS).where(chats.c.chat_id == chat_id)).one_or_none()
    return Chat(*row) if row else None


def note(tx: Transaction, chat_id: int, *, type_: str, title: str, at: datetime) -> None:
    """Keep what a chat is called now. Hearing from a chat means that it takes messages."""
    fresh = {"type": type_[:TYPE], "title": storable(title)[:TITLE], "active": True, "seen_at": at}
    row = upsert(tx, chats).values(chat_id=chat_id, **fresh)
    tx.execute(row.on_conflict_do_update(index_elements=["chat_id"], set_=fresh))


def membership(
    tx: Transaction, chat_id: int, *, type_: str, title: str, status: str, active: bool, at: datetime
) -> None:
    """Keep the bot's own standing in a chat."""
    fresh = {
        "type": type_[:TYPE],
        "title": storable(title)[:TITLE],
        "bot_status": status[:STATUS],
        "active": active,
        "seen_at": at,
    }
    row = upsert(tx, chats).values(chat_id=chat_id, **fresh)
    tx.execute(row.on_conflict_do_update(index_elements=["chat_id"], set_=fresh))


def deactivate(tx: Transaction, chat_id: int) -> None:
    """The chat takes nothing any more."""
    tx.execute(update(chats).where(chats.c.chat_id == chat_id).values(active=False))


def skip(tx: Transaction, chat_id: int) -> None:
    """Count one old message that was passed over."""
    tx.execute(update(chats).where(chats.c.chat_id == chat_id).values(skipped=chats.c.skipped + 1))


def take_skipped(tx: Transaction, chat_id: int) -> int:
    """How many were passed over since the last time somebody asked; counting starts anew."""
    chat = by_id(tx, chat_id)
    if chat and chat.skipped:
        tx.execute(update(chats).where(chats.c.chat_id == chat_id).values(skipped=0))
    return chat.skipped if chat else 0


def move(tx: Transaction, old: int, new: int) -> None:
    """A group became a supergroup: everything that still matters goes on under the new number.

    Message numbers start anew there, so what pointed at a message of the old chat is let go.
    """
    tx.execute(update(chats).where(chats.c.chat_id == old).values(active=False, moved_to=new))
    tx.execute(
        update(messages)
        .where(messages.c.chat_id == old, messages.c.state.in_(("waiting", "sending")))
        .where(messages.c.kind == "text")
        .values(chat_id=new, reply_to=None, thread_id=None)
    )
    tx.execute(
        update(messages)
        .where(messages.c.chat_id == old, messages.c.state == "waiting", messages.c.kind != "answer")
        .values(state="dropped", reason="the chat moved")
    )
    tx.execute(
        update(proposals)
        .where(proposals.c.chat_id == old, proposals.c.state == "open")
        .values(chat_id=new, source_message=None, thread_id=None)
    )


def reaction(tx: Transaction, chat_id: int, wanted: str, since: datetime) -> tuple[bool, str | None]:
    """What a chat takes instead of a wanted reaction, as learnt since then: (known, emoji or None)."""
    row = tx.execute(
        select(chat_reactions.c.used).where(
            chat_reactions.c.chat_id == chat_id,
            chat_reactions.c.wanted == wanted,
            chat_reactions.c.at > since,
        )
    ).one_or_none()
    return (True, row.used) if row else (False, None)


def remember_reaction(tx: Transaction, chat_id: int, wanted: str, used: str | None, *, at: datetime) -> None:
    """Keep which reaction worked in a chat."""
    row = upsert(tx, chat_reactions).values(chat_id=chat_id, wanted=wanted, used=used, at=at)
    tx.execute(row.on_conflict_do_update(index_elements=["chat_id", "wanted"], set_={"used": used, "at": at}))
