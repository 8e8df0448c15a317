"""Invalidations reach every process's cache within two seconds, whatever happens in between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from services.engine.cache import Cache, Region
from services.engine.invalidations import EVERY, Invalidations
from services.engine.supervisor import Supervisor
from storage import invalidations
from tests.clock import HandClock
from tests.storage.files import WatchedDatabase, opened


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
async def process(path: Path) -> AsyncIterator[Process]:
    async with opened(path) as database:
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
    await process.clock.settle()
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
    await process.clock.settle()
    process.fill()
    await process.say("cats", region="deal")
    await process.say("dogs")
    await process.clock.advance(2)
    assert process.kept == ["cats"]


async def test_what_is_said_while_the_database_cannot_be_read_is_applied_once_it_can(
    process: Process,
) -> None:
    process.supervisor.spawn("follow", process.invalidations.follow)
    await process.clock.settle()
    process.fill()
    process.database.away = True
    await process.clock.advance(EVERY)  # the look fails
    process.database.away = False
    await process.say("cats")  # before anybody looked again
    await process.clock.advance(10)
    assert process.kept == ["dogs"]


async def test_rows_are_applied_from_a_number_on(process: Process) -> None:
    await process.say("cats")
    await process.say("dogs")
    process.fill()
    assert await process.invalidations.apply_after(1) == 2
    assert process.kept == ["cats"]
    assert await process.invalidations.apply_after(2) == 2
