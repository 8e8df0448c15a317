"""Messages the bot was shown, with what they are about."""

from datetime import datetime

from sqlalchemy import delete, select, tuple_

from storage.database import Transaction
from storage.records import Sighting
from storage.tables import sightings
from storage.upserts import upsert

_COLUMNS = [sightings.c[name] for name in Sighting.__slots__]


def put(tx: Transaction, sighting: Sighting) -> None:
    """Remember a message; one that is known stays as it is."""
    values = {name: getattr(sighting, name) for name in Sighting.__slots__}
    tx.execute(upsert(tx, sightings).values(values).on_conflict_do_nothing())


def by_message(tx: Transaction, chat_id: int, message_id: int, since: datetime) -> Sighting | None:
    """What a message that was seen since then is about."""
    query = select(*_COLUMNS).where(
        sightings.c.chat_id == chat_id, sightings.c.message_id == message_id, sightings.c.at > since
    )
    row = tx.execute(query).one_or_none()
    return Sighting(*row) if row else None


def forget(tx: Transaction, before: datetime, *, most: int) -> int:
    """Delete so many from before then; how many there were."""
    key = tuple_(sightings.c.chat_id, sightings.c.message_id)
    old = select(sightings.c.chat_id, sightings.c.message_id).where(sightings.c.at < before).limit(most)
    return tx.execute(delete(sightings).where(key.in_(old))).rowcount
