"""Codes that make an admin: one use burns all."""

import asyncio
from datetime import timedelta
from functools import partial

from storage import claims
from tests.storage.files import WatchedDatabase, rows
from tests.storage.rows import NOON

DAY = timedelta(hours=24)


def digest(number: int) -> str:
    return f"{number:064x}"


async def made(database: WatchedDatabase, *numbers: int) -> None:
    for number in numbers:
        await database.write(partial(claims.put, digest=digest(number), at=NOON))


async def used(database: WatchedDatabase, number: int, by: int = 501, hours: int = 1) -> bool:
    at = NOON + timedelta(hours=hours)
    return await database.write(lambda tx: claims.use(tx, digest(number), by=by, at=at, since=at - DAY))


async def test_a_code_is_used_once_and_burns_the_others(database: WatchedDatabase) -> None:
    await made(database, 1, 2)
    assert not await used(database, 3)
    assert await used(database, 1)
    assert not await used(database, 1)
    assert not await used(database, 2)
    assert await rows(database, "SELECT used_by FROM claims ORDER BY digest") == [(501,), (None,)]


async def test_a_code_older_than_a_day_is_none(database: WatchedDatabase) -> None:
    await made(database, 1)
    assert not await used(database, 1, hours=24)
    assert await used(database, 1, hours=23)


async def test_of_several_codes_used_at_once_one_counts(database: WatchedDatabase) -> None:
    for start in range(0, 80, 4):
        numbers = range(start, start + 4)
        await made(database, *numbers)
        outcomes = await asyncio.gather(*(used(database, number, by=number) for number in numbers))
        assert sum(outcomes) == 1


async def test_what_nobody_used_is_forgotten_and_what_was_used_stays(database: WatchedDatabase) -> None:
    await made(database, 1, 2)
    await used(database, 1)
    await made(database, 3)
    await database.write(lambda tx: claims.purge(tx, NOON + DAY))
    assert await rows(database, "SELECT digest FROM claims") == [(digest(1),)]
