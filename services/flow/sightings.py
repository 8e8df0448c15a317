"""Sightings: what the messages were about that the bot was shown, so that a reaction can ask about it."""

from collections.abc import Sequence
from datetime import timedelta

from services.engine.clock import Clock
from services.flow.places import Place
from storage import sightings
from storage.database import Database, Transaction
from storage.records import Sighting

KEPT = timedelta(days=7)
MOST = 200  # keys of one message


class Sightings:
    """Remembers messages for a week."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def see(self, tx: Transaction, place: Place, kind: str, keys: Sequence[str]) -> None:
        """Remember what the place's message is about."""
        if place.message_id is not None and keys:
            message_id, at = place.message_id, self._clock.now()
            seen = Sighting(place.chat_id, message_id, place.thread_id, kind, list(keys[:MOST]), at)
            sightings.put(tx, seen)

    async def seen(self, chat_id: int, message_id: int) -> Sighting | None:
        """What a message of the last week was about."""
        since = self._clock.now() - KEPT
        return await self._database.read(lambda tx: sightings.by_message(tx, chat_id, message_id, since))
