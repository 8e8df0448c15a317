"""Switches: how they stand, and who put them so first."""

from dataclasses import replace

from storage import switches
from storage.switches import Switch
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at

ON = Switch("paused", is_on=True, by="user:1", by_name="Ann\0", chat_id=-5, at=NOON)
OFF = replace(ON, is_on=False, by="user:2", by_name="Boris", chat_id=None, at=at(5))


async def turn(database: WatchedDatabase, wanted: Switch) -> bool:
    return await database.write(lambda tx: switches.turn(tx, wanted))


async def test_a_switch_keeps_who_put_it_so_first(database: WatchedDatabase) -> None:
    assert not await turn(database, OFF), "nobody had it on"
    assert await turn(database, ON)
    assert not await turn(database, replace(ON, by="user:9", at=at(1)))
    found = await database.read(lambda tx: switches.by_name(tx, "paused"))
    assert found == replace(ON, by_name="Ann\N{REPLACEMENT CHARACTER}")
    assert await turn(database, OFF)
    assert not await turn(database, OFF)
    assert await database.read(lambda tx: switches.by_name(tx, "paused")) == OFF
    assert await turn(database, ON)
