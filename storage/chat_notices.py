"""Which notices a chat gets, and when it wants to have its quiet."""

from sqlalchemy import select, update

from storage.database import Transaction
from storage.tables import chat_notices, chats
from storage.upserts import upsert


def switches(tx: Transaction) -> dict[int, dict[str, bool]]:
    """What was switched, by chat and kind."""
    found: dict[int, dict[str, bool]] = {}
    for row in tx.execute(select(chat_notices)):
        found.setdefault(row.chat_id, {})[row.kind] = row.wanted
    return found


def of(tx: Transaction, chat_id: int) -> dict[str, bool]:
    """What was switched in one chat, by kind."""
    query = select(chat_notices.c.kind, chat_notices.c.wanted).where(chat_notices.c.chat_id == chat_id)
    return {row.kind: row.wanted for row in tx.execute(query)}


def switch(tx: Transaction, chat_id: int, kind: str, *, wanted: bool) -> None:
    """Switch a kind on or off for a chat."""
    row = upsert(tx, chat_notices).values(chat_id=chat_id, kind=kind, wanted=wanted)
    tx.execute(row.on_conflict_do_update(index_elements=["chat_id", "kind"], set_={"wanted": wanted}))


def keep_quiet(tx: Transaction, chat_id: int, hours: tuple[int, int] | None) -> None:
    """Set a chat's quiet hours, in minutes after midnight; None for none."""
    begin, end = hours or (None, None)
    tx.execute(update(chats).where(chats.c.chat_id == chat_id).values(quiet_from=begin, quiet_until=end))
