"""The time that processes on one PostgreSQL share, whatever their machines' clocks say."""

import asyncio
from datetime import datetime, timedelta

import pytest

from services.engine.clock import SystemClock
from services.engine.shared_clock import ADJUST_EVERY, SharedClock
from storage import clock as database_clock
from tests.clock import HandClock
from tests.storage.files import opened

WRONG = timedelta(minutes=5)
CLOSE = timedelta(seconds=30)  # the machine may be busy; the clocks of this test are minutes apart


class WrongClock(SystemClock):
    """A machine whose wall clock is set wrong."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.parametrize("ahead", [WRONG, -WRONG])
async def test_a_machine_whose_clock_is_wrong_goes_by_the_database(
    postgres_url: str, ahead: timedelta
) -> None:
    async with opened(postgres_url) as database:
        shared = SharedClock(WrongClock(ahead), database)
        await shared.adjust()
        told = await database.read(database_clock.now)
        assert abs(shared.now() - told) < CLOSE
        assert abs(timedelta(seconds=shared.own_offset) - ahead) < CLOSE


async def test_a_clock_that_is_set_meanwhile_changes_nothing(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        own = WrongClock(timedelta(0))
        shared = SharedClock(own, database)
        await shared.adjust()
        before = shared.now()
        own.ahead = WRONG
        assert abs(shared.now() - before) < CLOSE


async def test_it_goes_on_with_the_steady_clock_and_adjusts_twice_a_minute(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        own = HandClock()
        own.in_flight = lambda: database.in_flight
        shared = SharedClock(own, database)
        await shared.adjust()
        before, reads = shared.now(), database.calls
        await own.advance(10)
        assert shared.now() - before == timedelta(seconds=10)
        task = asyncio.ensure_future(shared.follow())
        await own.advance(4 * ADJUST_EVERY)
        assert database.calls - reads == 4
        task.cancel()
