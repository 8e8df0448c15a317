"""Invalidations reach every process's cache within two seconds, whatever happens in between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from services.engine.cache import Cache, Region
from services.engine.invalidations import EVERY, GATHER, Invalidations
from services.engine.supervisor import Supervisor
from storage import invalidations, tables
from storage.database import Transaction
from tests.clock import HandClock
from tests.storage.files import Home, WatchedDatabase, opened


@dataclass
class Process:
    """One process with a cache that follows the database."""

    database: WatchedDatabase
    clock: HandClock
    supervisor: Supervisor
    cache: Cache
    region: Region[str, str]
    invalidations: Invalidations

    def fill(self) -> None:
        self.region.set("cats", "old")
        self.region.set("dogs", "old")

    async def say(self, key: str | None, region: str = "stickerset") -> None:
        """As another process would."""
        await self.database.write(lambda tx: invalidations.add(tx, region, key, at=self.clock.now()))

    @property
    def kept(self) -> list[str]:
        return [key for key in ("cats", "dogs") if self.region.get(key)]


@pytest.fixture
async def process(home: Home) -> AsyncIterator[Process]:
    async with opened(home) as database:
        clock = HandClock()
        clock.in_flight = lambda: database.in_flight
        supervisor = Supervisor(clock)
        cache = Cache(clock, Random(1), supervisor)
        region: Region[str, str] = cache.region("stickerset", capacity=9, ttl=1e6, absent_ttl=60)
        with capture_logs():
            yield Process(database, clock, supervisor, cache, region, Invalidations(database, clock, cache))
            await supervisor.stop(0)


async def test_what_is_said_is_applied_within_two_seconds(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    process.fill()
    await process.clock.advance(10.5)
    assert process.kept == ["cats", "dogs"]
    await process.say("cats")
    await process.clock.advance(2)
    assert process.kept == ["dogs"]
    await process.say(None)
    await process.clock.advance(2)
    assert process.kept == []


async def test_each_row_is_applied_once(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    await process.say("cats")
    await process.clock.advance(2)
    process.fill()
    await process.clock.advance(30)
    assert process.kept == ["cats", "dogs"]


async def test_what_was_said_before_this_process_began_concerns_nobody(process: Process) -> None:
    await process.say(None)
    process.fill()
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(5)
    assert process.kept == ["cats", "dogs"]


async def test_a_region_of_another_process_is_passed_over(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    await process.say("cats", region="deal")
    await process.say("dogs")
    await process.clock.advance(2)
    assert process.kept == ["cats"]


async def test_what_is_said_while_the_database_cannot_be_read_is_applied_once_it_can(
    process: Process,
) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    process.database.away = True
    await process.clock.advance(EVERY)  # the look fails
    process.database.away = False
    await process.say("cats")  # before anybody looked again
    await process.clock.advance(10)
    assert process.kept == ["dogs"]


async def put_numbered(process: Process, number: int, key: str, *, ago: float = 0.0) -> None:
    """A row that becomes visible now, with a number given out earlier."""
    at = process.clock.now() - timedelta(seconds=ago)

    def unit(tx: Transaction) -> None:
        values = {"id": number, "region": "stickerset", "key": key, "at": at}
        tx.execute(insert(tables.invalidations).values(values))

    await process.database.write(unit)


async def test_a_row_that_is_seen_later_than_a_greater_number_is_not_passed_over(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    await put_numbered(process, 6, "dogs")
    await process.clock.advance(2)
    assert process.kept == ["cats"]
    await put_numbered(process, 5, "cats", ago=14)  # its transaction took so long
    await process.clock.advance(2)
    assert process.kept == []
    process.fill()
    await process.clock.advance(120)
    assert process.kept == ["cats", "dogs"]  # each once


async def test_what_this_process_found_at_its_start_is_not_applied_by_looking_back(process: Process) -> None:
    await put_numbered(process, 6, "dogs", ago=5)
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    await put_numbered(process, 5, "cats", ago=1)
    await process.clock.advance(70)
    assert process.kept == ["dogs"]


async def test_a_clock_that_goes_wrong_by_hours_elsewhere_hides_no_new_row(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    await put_numbered(process, 1, "cats", ago=7200)
    await put_numbered(process, 2, "dogs", ago=-7200)
    await process.clock.advance(2)
    assert process.kept == []
    process.fill()
    await process.clock.advance(70)
    assert process.kept == ["cats", "dogs"]


async def test_who_has_not_looked_for_so_long_that_rows_may_be_gone_forgets_everything(
    process: Process,
) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    process.clock._time += 3601  # stood still; meanwhile rows came and were deleted
    await process.clock.advance(1)
    assert process.kept == []
    process.fill()
    await process.clock.advance(10)
    assert process.kept == ["cats", "dogs"]


async def test_an_outage_of_a_few_minutes_forgets_nothing(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    process.database.away = True
    await process.clock.advance(600)
    process.database.away = False
    await process.clock.advance(5)
    assert process.kept == ["cats", "dogs"]


async def test_a_hint_hurries(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(0)
    process.fill()
    await process.say("cats")
    process.invalidations.hint()
    await process.clock.advance(GATHER)
    assert process.kept == ["dogs"]
    await process.say("dogs")
    await process.clock.advance(EVERY)
    assert process.kept == []


async def test_many_hints_at_once_are_one_look(process: Process) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.advance(EVERY / 2)
    before = process.database.calls
    for _ in range(100):
        process.invalidations.hint()
        await process.clock.advance(GATHER / 200)
    await process.clock.advance(GATHER)
    assert process.database.calls - before == 1
