"""Leases: a name has one owner at a time, in every process, until its moment."""

import asyncio
from datetime import datetime

import pytest

from storage import leases
from storage.leases import Taken
from tests.storage.files import WatchedDatabase, rows
from tests.storage.rows import NOON, at


async def take(
    database: WatchedDatabase, owner: str, *names: str, now: datetime = NOON, seconds: float = 60
) -> None:
    await database.write(lambda tx: leases.take(tx, names, owner, now=now, until=at(seconds)))


async def owners(database: WatchedDatabase) -> dict[str, str]:
    found = await rows(database, "SELECT name, owner FROM leases")
    return {str(name): str(owner) for name, owner in found}


async def test_what_is_held_is_refused_to_others_with_its_end_and_prolonged_for_its_owner(
    database: WatchedDatabase,
) -> None:
    await take(database, "a", "phone")
    with pytest.raises(Taken) as refusal:
        await take(database, "b", "phone")
    assert (refusal.value.name, refusal.value.until) == ("phone", at(60))
    await take(database, "a", "phone", seconds=90)
    with pytest.raises(Taken):
        await take(database, "b", "phone", now=at(89), seconds=150)


async def test_of_several_names_all_are_taken_or_none(database: WatchedDatabase) -> None:
    await take(database, "a", "m")
    with pytest.raises(Taken):
        await take(database, "b", "z", "m", "c")
    assert await owners(database) == {"m": "a"}


async def test_what_ran_out_is_anybodys_and_no_longer_its_owners(database: WatchedDatabase) -> None:
    await take(database, "a", "phone", "mail")
    await take(database, "b", "phone", now=at(60), seconds=120)
    assert await owners(database) == {"phone": "b", "mail": "a"}
    keep = await database.write(lambda tx: leases.keep(tx, ["phone", "mail"], "a", until=at(200)))
    assert keep is False
    await database.write(lambda tx: leases.release(tx, ["phone", "mail"], "a"))
    assert await owners(database) == {"phone": "b"}


async def test_an_owner_keeps_all_for_longer(database: WatchedDatabase) -> None:
    await take(database, "a", "phone", "mail")
    assert await database.write(lambda tx: leases.keep(tx, ["phone", "mail"], "a", until=at(200)))
    with pytest.raises(Taken):
        await take(database, "b", "mail", now=at(199), seconds=300)


async def test_of_many_who_want_the_same_names_in_any_order_one_gets_them(database: WatchedDatabase) -> None:
    for turn in range(10):
        names = [f"{turn}-{letter}" for letter in "abc"]
        orders = [names, names[::-1], names[1:] + names[:1], names[1:]]
        wanted = [take(database, f"o{n}", *order) for n, order in enumerate(orders)]
        outcomes = await asyncio.gather(*wanted, return_exceptions=True)
        assert [type(each) for each in outcomes if each is not None] == [Taken] * 3


async def test_what_ran_out_is_forgotten_a_few_at_a_time(database: WatchedDatabase) -> None:
    await take(database, "a", "x", "y", "z")
    await take(database, "b", "w", seconds=600)
    assert await database.read(lambda tx: leases.held(tx, at(59))) == 4
    assert await database.read(lambda tx: leases.held(tx, at(60))) == 1
    assert await database.write(lambda tx: leases.forget(tx, at(61), most=2)) == 2
    assert await database.write(lambda tx: leases.forget(tx, at(61), most=2)) == 1
    assert await owners(database) == {"w": "b"}
