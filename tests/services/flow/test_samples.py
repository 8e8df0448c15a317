"""Samples of each process, and the day that /stats draws of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.cache import Cache, Region
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from services.flow.samples import EVERY, Samples
from services.flow.trends import HOURS, Rate, Trends, _place
from storage import accepting, samples
from storage.database import Transaction
from storage.records import Job
from storage.samples import Sample
from tests.clock import HandClock
from tests.storage.files import Home, WatchedDatabase, opened, rows
from tests.storage.rows import NOON, at, new_job

MOSCOW, KOLKATA = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Kolkata")
HOUR = timedelta(hours=1)


class Process:
    """One process on a database: its cache, with one region, and its samples."""

    def __init__(self, database: WatchedDatabase, clock: HandClock, name: str = "one") -> None:
        self.database = database
        self.clock = clock
        self.supervisor = Supervisor(clock)
        self.cache = Cache(clock, Random(1), self.supervisor)
        self.region: Region[str, int] = self.cache.region("deal", capacity=10, ttl=1e6, absent_ttl=60)
        self.samples = Samples(database, clock, self.cache, name, lambda: ["sweep"])
        self.trends = Trends(database, clock, self.samples, MOSCOW)

    def look_up(self, *, hits: int = 0, misses: int = 0) -> None:
        self.region.set("known", 1)
        for _ in range(hits):
            self.region.get("known")
        for number in range(misses):
            self.region.get(f"unknown {number}")

    async def written(self) -> list[tuple[object, ...]]:
        """What the table holds but for entries."""
        query = "SELECT process, series, label, value FROM samples WHERE series != 'entries'"
        return [tuple(row) for row in await rows(self.database, f"{query} ORDER BY at, process, series")]


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON + timedelta(minutes=2))


@pytest.fixture
def process(database: WatchedDatabase, clock: HandClock) -> Process:
    clock.in_flight = lambda: database.in_flight
    return Process(database, clock)


@pytest.fixture
async def database(home: Home) -> AsyncIterator[WatchedDatabase]:
    async with opened(home) as found:
        yield found


async def test_each_time_of_the_grid_what_happened_since_the_last_is_written(process: Process) -> None:
    process.supervisor.spawn("samples", process.samples.keep)
    process.look_up(hits=3, misses=1)
    await process.clock.advance(EVERY)  # over 12:05
    process.look_up(hits=2)
    await process.clock.advance(EVERY)
    await process.clock.advance(EVERY)
    await process.supervisor.stop(0)
    assert await process.written() == [
        ("one", "hits", "deal", 3),
        ("one", "misses", "deal", 1),
        ("one", "hits", "deal", 2),
    ]
    moments = await process.database.read(lambda tx: samples.totals(tx, ("entries",), NOON))
    assert [(each.at, each.value) for each in moments] == [(at(300), 1), (at(600), 1), (at(900), 1)]


async def test_what_could_not_be_written_is_in_the_next_sample(process: Process) -> None:
    process.look_up(hits=3)
    process.database.away = True
    await process.samples.take()
    process.database.away = False
    process.look_up(hits=1)
    await process.samples.take()
    assert await process.written() == [("one", "hits", "deal", 4)]


async def test_a_clock_that_is_set_back_loses_no_figures(process: Process, clock: HandClock) -> None:
    await clock.advance(EVERY)
    process.look_up(hits=3)
    await process.samples.take()
    clock._start -= timedelta(minutes=4)  # the wall's; the other goes on
    process.look_up(hits=4)
    for _ in range(3):
        await process.samples.take()
        await clock.advance(EVERY)
    figures = [row[-1] for row in await process.written()]
    assert figures == [3, 4]


async def test_a_restart_begins_again_from_nothing(process: Process) -> None:
    process.look_up(hits=3)
    await process.samples.take()
    process.look_up(hits=5)  # and is killed
    again = Process(process.database, process.clock, "again")
    again.look_up(hits=2)
    await process.clock.advance(EVERY)
    await again.samples.take()
    assert await process.written() == [("one", "hits", "deal", 3), ("again", "hits", "deal", 2)]


async def test_jobs_are_counted_by_topic_but_for_those_of_the_clock(process: Process) -> None:
    def unit(tx: Transaction) -> None:
        for topic, seconds in (
            ("telegram", 1),
            ("telegram", 2),
            ("sweep", 3),
            ("portal", 299),
            ("portal", 300),
        ):
            accepting.accept(tx, [new_job(topic=topic, now=at(seconds))])
        tx.exec_driver_sql("UPDATE jobs SET state = 'done', finished_at = accepted_at")

    await process.database.write(unit)
    job = Job(1, "samples", "k", '{"at":"2026-01-15T12:05:00Z"}', 1, 0, "p", None, NOON, "c")
    for _ in range(2):  # a repeated tick counts nothing twice
        work = Work(job)
        assert await process.samples.count_jobs(job, work) == 3
        await process.database.write(work.apply)
    assert await process.written() == [("", "jobs", "portal", 1), ("", "jobs", "telegram", 2)]


async def test_a_day_has_the_last_hour_all_hours_and_what_is_not_written_yet(process: Process) -> None:
    def sample(hours: float, series: str, value: int, name: str = "two") -> Sample:
        label = "telegram" if series == "jobs" else "deal"
        return Sample(NOON - hours * HOUR, name, series, label, value)

    written = [
        sample(0.5, "hits", 6),
        sample(0.5, "misses", 4),
        sample(0.5, "jobs", 7),
        sample(1.5, "hits", 1, "three"),
        sample(22.9, "misses", 5),
        sample(24.5, "hits", 1000),
    ]
    await process.database.write(lambda tx: samples.put(tx, written))
    process.look_up(hits=2)
    day = await process.trends.day(["deal", "silent"])
    deal = day.regions["deal"]
    assert deal.now == Rate(8, 12)
    assert deal.day == Rate(9, 18)
    assert {place: rate for place, rate in enumerate(deal.hourly) if rate.look_ups} == {
        0: Rate(0, 5),
        21: Rate(1, 1),
        22: Rate(6, 10),
        23: Rate(2, 2),
    }
    assert day.regions["silent"].day.percent is None
    assert day.jobs == (0,) * 22 + (7, 0)
    assert f"{day.begin:%d %H:%M %z}" == "14 16:00 +0300"


async def test_hours_begin_where_peoples_clocks_say_so(process: Process) -> None:
    trends = Trends(process.database, process.clock, process.samples, KOLKATA)
    day = await trends.day([])
    assert f"{day.begin:%d %H:%M}" == "14 18:00"  # it is 17:32 there
    assert day.begin.astimezone(UTC) == NOON - 23.5 * HOUR


@given(st.timedeltas(timedelta(0), 24 * HOUR))
def test_a_sample_of_a_full_hour_is_of_the_hour_that_ended(age: timedelta) -> None:
    begin = datetime(2026, 1, 15, tzinfo=UTC)
    place = _place(begin + age, begin)
    assert 0 <= place < HOURS
    assert begin + place * HOUR <= begin + age <= begin + (place + 1) * HOUR
    if place:
        assert begin + place * HOUR < begin + age
