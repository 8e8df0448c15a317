"""The row that says how full a portal's bucket is, on both databases; and where portals moved to."""

import asyncio
from datetime import timedelta

import pytest

from storage import portal_buckets, portal_hosts
from storage.portal_buckets import Bucket, Reserved, Wish
from tests.storage.files import Home, WatchedDatabase, opened
from tests.storage.rows import NOON, at

HOST = "home.bitrix24.ru"
FIVE = Wish(wanted=5, rate=2.0, room=50.0)


async def reserve(
    database: WatchedDatabase, wish: Wish = FIVE, seconds: float = 0.0, host: str = HOST
) -> Reserved:
    return await database.write(lambda tx: portal_buckets.reserve(tx, host, wish, now=at(seconds)))


async def test_a_portal_nobody_knows_has_an_empty_bucket(database: WatchedDatabase) -> None:
    assert await reserve(database) == Reserved(5, 5.0, 0.0)
    assert await reserve(database, host="partner1.bitrix24.ru") == Reserved(5, 5.0, 0.0)
    assert await reserve(database) == Reserved(5, 10.0, 0.0)


async def test_a_bucket_drains_as_time_goes_on_and_is_never_less_than_empty(
    database: WatchedDatabase,
) -> None:
    await reserve(database)
    assert (await reserve(database, seconds=1.5)).level == pytest.approx(7.0)
    assert (await reserve(database, seconds=600)).level == pytest.approx(5.0)


async def test_of_a_wish_is_granted_what_fits_and_else_told_how_long_to_wait(
    database: WatchedDatabase,
) -> None:
    assert (await reserve(database, Wish(48, 2.0, 50.0))).granted == 48
    assert (await reserve(database)).granted == 2
    assert await reserve(database) == Reserved(0, 50.0, 0.5)
    assert (await reserve(database, seconds=0.25)).wait == pytest.approx(0.25)
    assert (await reserve(database, seconds=0.5)).granted == 1


async def test_what_is_owed_counts_also_when_nothing_is_granted(database: WatchedDatabase) -> None:
    await reserve(database, Wish(50, 2.0, 50.0))
    owing = await reserve(database, Wish(1, 2.0, 50.0, owed=1.5))
    assert (owing.granted, owing.level) == (0, 51.5)
    assert owing.wait == pytest.approx(1.25)
    assert (await reserve(database, seconds=1.25)).granted == 1


async def test_a_bucket_known_to_be_fuller_is_taken_to_be(database: WatchedDatabase) -> None:
    assert (await reserve(database, Wish(5, 2.0, 50.0, at_least=48.0))).granted == 2
    assert (await reserve(database, Wish(5, 2.0, 50.0, at_least=10.0))).granted == 0


async def test_a_clock_that_was_set_back_neither_fills_nor_drains(database: WatchedDatabase) -> None:
    await reserve(database, Wish(48, 2.0, 50.0), seconds=3600)
    assert (await reserve(database, seconds=0)).granted == 2
    assert (await reserve(database, seconds=2.5)).granted == 5, "time goes on from there"


async def test_processes_whose_clocks_differ_drain_what_one_of_them_would(database: WatchedDatabase) -> None:
    granted = 0
    for second in range(60):
        skew = 30.0 * (second % 2)
        granted += (await reserve(database, seconds=second + skew)).granted
    assert granted <= 50 + 2 * (60 + 30), "two a second, and once what the one is ahead"
    assert granted >= 50 + 2 * 55


async def test_who_looked_at_the_clock_before_another_wrote_drains_nothing_twice() -> None:
    bucket = Bucket(10.0, NOON)
    late, _ = portal_buckets.fill(bucket, Wish(0, 2.0, 50.0), NOON - timedelta(seconds=1))
    assert late == bucket


async def test_processes_that_reserve_at_one_moment_never_get_more_than_there_is(home: Home) -> None:
    async with opened(home) as database:
        await reserve(database, Wish(0, 2.0, 50.0))
        if not isinstance(home, str):  # nobody shares a file
            found = await asyncio.gather(*(reserve(database) for _ in range(20)))
        else:
            async with opened(home) as another:
                wishes = [reserve((database, another)[number % 2]) for number in range(20)]
                found = await asyncio.gather(*wishes)
    assert sum(each.granted for each in found) == 50


async def test_processes_that_meet_a_new_portal_together_make_one_row(home: Home) -> None:
    async with opened(home) as database:
        found = await asyncio.gather(*(reserve(database) for _ in range(4)))
    assert sorted(each.level for each in found) == [5.0, 10.0, 15.0, 20.0]


async def test_a_moved_portal_is_found_at_its_newest_host(database: WatchedDatabase) -> None:
    async def host() -> str | None:
        return await database.read(lambda tx: portal_hosts.host_of(tx, HOST))

    assert await host() is None
    for number, name in enumerate(["new.bitrix24.ru", "newer.bitrix24.ru:8443"]):
        await database.write(lambda tx, n=number, h=name: portal_hosts.move(tx, HOST, h, at=at(n)))  # type: ignore[misc]
    assert await host() == "newer.bitrix24.ru:8443"
    assert await database.read(lambda tx: portal_hosts.host_of(tx, "new.bitrix24.ru")) is None
