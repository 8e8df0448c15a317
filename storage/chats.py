"""Chats the bot has seen, and which reactions each of them takes."""

from datetime import datetime

from sqlalchemy import delete, select, update

from storage import approvals, inquiries, notices
from storage.database import Transaction
from storage.records import Chat
from storage.tables import chat_notices, chat_reactions, chats, members, messages, proposals
from storage.texts import storable
from storage.upserts import upsert

TYPE, TITLE, STATUS = 12, 255, 16  # characters kept
_COLUMNS = [chats.c[name] for name in Chat.__slots__]
_CHOSEN = ("proposals", "language", "quiet_from", "quiet_until")  # by the chat's administrators


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


def choose(tx: Transaction, chat_id: int, **chosen: bool | str | None) -> None:
    """Keep what a chat's administrators chose: `proposals`, `language`."""
    tx.execute(update(chats).where(chats.c.chat_id == chat_id).values(**chosen))


def note_lacks(tx: Transaction, chat_id: int, lacks: str) -> None:
    """Keep the rights whose lack the chat was told of, by name."""
    tx.execute(update(chats).where(chats.c.chat_id == chat_id).values(lacks=lacks))


def groups(tx: Transaction) -> list[Chat]:
    """The groups the bot is in, by title."""
    query = select(*_COLUMNS).where(chats.c.active, chats.c.type.in_(("group", "supergroup")))
    return [Chat(*row) for row in tx.execute(query.order_by(chats.c.title, chats.c.chat_id))]


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


def move(tx: Transaction, old: int, new: int, *, at: datetime | None = None) -> None:
    """A group became a supergroup: everything that still matters goes on under the new number.

    Message numbers start anew there, so what pointed at a message of the old chat is let go. `at` lets a
    group be remembered, too, that the bot has never seen under its old number.
    """
    known = by_id(tx, old)
    if known is None and at:
        note(tx, old, type_="group", title=str(old), at=at)
        known = by_id(tx, old)
    if known and known.moved_to is None:  # told twice, by either chat
        _carry_settings(tx, known, new)
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
        .where(proposals.c.chat_id == old, proposals.c.state.in_(("open", "asked", "failed")))
        .values(chat_id=new, source_message=None, thread_id=None)
    )
    approvals.move(tx, old, new)
    inquiries.move(tx, old, new)
    notices.move(tx, old, new)


def _carry_settings(tx: Transaction, known: Chat, new: int) -> None:
    kept = {name: getattr(known, name) for name in (*_CHOSEN, "bot_status", "lacks")}
    seen_at = select(chats.c.seen_at).where(chats.c.chat_id == known.chat_id).scalar_subquery()
    row = upsert(tx, chats).values(
        chat_id=new, type="supergroup", title=known.title, active=known.active, seen_at=seen_at, **kept
    )
    tx.execute(row.on_conflict_do_update(index_elements=["chat_id"], set_=kept))
    for table, key in ((members, members.c.user_id), (chat_notices, chat_notices.c.kind)):
        there = select(key).where(table.c.chat_id == new)
        carried = update(table).where(table.c.chat_id == known.chat_id, key.not_in(there))
        tx.execute(carried.values(chat_id=new))
        tx.execute(delete(table).where(table.c.chat_id == known.chat_id))


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
