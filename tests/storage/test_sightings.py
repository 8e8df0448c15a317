"""Sightings: a message is remembered once, in its own chat, for a while."""

from datetime import timedelta

from storage import sightings
from storage.database import Transaction
from storage.records import Sighting
from tests.storage.files import WatchedDatabase, scalar
from tests.storage.rows import NOON, at

SEEN = Sighting(-1, 10, 3, "stickerset", ["Cats_by_bot", "Dogs"], NOON)
WEEK = timedelta(days=7)


async def test_a_sighting_is_found_by_its_message_as_it_was_stored_first(database: WatchedDatabase) -> None:
    def unit(tx: Transaction) -> None:
        sightings.put(tx, SEEN)
        sightings.put(tx, Sighting(-1, 10, None, "stickerset", ["Owls"], at(5)))

    await database.write(unit)
    assert await database.read(lambda tx: sightings.by_message(tx, -1, 10, NOON - WEEK)) == SEEN
    assert await database.read(lambda tx: sightings.by_message(tx, -2, 10, NOON - WEEK)) is None
    assert await database.read(lambda tx: sightings.by_message(tx, -1, 10, NOON)) is None


async def test_old_ones_are_forgotten_a_few_at_a_time(database: WatchedDatabase) -> None:
    def unit(tx: Transaction) -> None:
        for number in range(7):
            sightings.put(tx, Sighting(-1, number, None, "stickerset", ["Cats"], at(number)))

    await database.write(unit)
    forgotten = [await database.write(lambda tx: sightings.forget(tx, at(5), most=3)) for _ in range(3)]
    assert forgotten == [3, 2, 0]
    assert await scalar(database, "SELECT min(message_id) FROM sightings") == 5
