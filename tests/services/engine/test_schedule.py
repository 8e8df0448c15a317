"""Ticks: on the grid, each once, whatever stops, restarts, or leads beside."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.engine.failpoints import NoFailpoints
from services.engine.inbox import Inbox
from services.engine.schedule import Schedule, Tick, regular
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from services.engine.workers import LEASE
from storage import jobs
from storage.records import Job, NewJob
from tests.clock import HandClock
from tests.services.engine.workshop import Workshop, nothing
from tests.storage.files import WatchedDatabase, opened, rows

TEN = 600


class Scheduler:
    """A process that leads (or does not), with one tick each ten minutes and one each minute."""

    def __init__(self, database: WatchedDatabase, clock: HandClock) -> None:
        self.is_leader = True
        inbox = Inbox(database, clock, NoFailpoints())
        self.schedule = Schedule(inbox, clock, lambda: self.is_leader)
        self.schedule.every(TEN, regular("retention", nothing))
        self.schedule.every(60, regular("sweep", nothing))


@pytest.fixture
async def database(path: Path) -> AsyncIterator[WatchedDatabase]:
    async with opened(path) as found:
        yield found


@pytest.fixture
def clock(database: WatchedDatabase) -> HandClock:
    """Three and a half minutes past twelve."""
    clock = HandClock(datetime(2026, 1, 15, 12, 3, 30, tzinfo=UTC))
    clock.in_flight = lambda: database.in_flight
    return clock


async def runs(clock: HandClock, *schedulers: Scheduler, seconds: float) -> None:
    """The duty of each, for so long, then cancelled."""
    supervisor = Supervisor(clock)
    for number, scheduler in enumerate(schedulers):
        supervisor.spawn(f"schedule.{number}", scheduler.schedule.run)
    await clock.advance(seconds)
    await supervisor.stop(0)


async def times(database: WatchedDatabase, topic: str = "retention") -> list[str]:
    query = "SELECT dedup_id FROM jobs WHERE topic = :topic ORDER BY id"
    return [
        f"{datetime.fromisoformat(each):%H:%M:%S}" for (each,) in await rows(database, query, topic=topic)
    ]


async def test_each_tick_comes_at_its_time_and_the_newest_that_is_over_at_once(
    database: WatchedDatabase, clock: HandClock
) -> None:
    await runs(clock, Scheduler(database, clock), seconds=0)
    assert await times(database) == ["12:00:00"]
    assert await times(database, "sweep") == ["12:03:00"]
    await runs(clock, Scheduler(database, clock), seconds=20 * 60)
    assert await times(database) == ["12:00:00", "12:10:00", "12:20:00"]
    assert len(await times(database, "sweep")) == 21


async def test_a_tick_is_a_job_that_is_due_at_once_and_says_its_time(
    database: WatchedDatabase, clock: HandClock
) -> None:
    await runs(clock, Scheduler(database, clock), seconds=390)
    ((key, payload, accepted, due),) = await rows(
        database, "SELECT key, payload, accepted_at, due_at FROM jobs WHERE topic = 'retention' AND id > 2"
    )
    assert key == "tick:retention"
    assert msgspec.json.decode(payload) == {"at": "2026-01-15T12:10:00Z"}
    assert accepted == due == "2026-01-15T12:10:00.000000Z"


async def test_a_restart_runs_no_tick_twice(database: WatchedDatabase, clock: HandClock) -> None:
    for _ in range(5):
        await runs(clock, Scheduler(database, clock), seconds=100)
    assert await times(database) == ["12:00:00", "12:10:00"]


async def test_two_that_both_believe_to_lead_run_no_tick_twice(
    database: WatchedDatabase, clock: HandClock
) -> None:
    await runs(clock, Scheduler(database, clock), Scheduler(database, clock), seconds=3600)
    assert len(await times(database)) == len(set(await times(database))) == 7


async def test_of_the_times_that_nobody_offered_only_the_newest_is_made_up_for(
    database: WatchedDatabase, clock: HandClock
) -> None:
    await runs(clock, Scheduler(database, clock), seconds=0)
    await clock.advance(3 * 3600)
    await runs(clock, Scheduler(database, clock), seconds=0)
    assert await times(database) == ["12:00:00", "15:00:00"]


async def test_a_tick_that_the_database_refused_is_offered_again_until_it_is_stored(
    database: WatchedDatabase, clock: HandClock
) -> None:
    scheduler = Scheduler(database, clock)
    database.away = True
    await runs(clock, scheduler, seconds=45)
    database.away = False
    await runs(clock, scheduler, seconds=1)
    assert await times(database) == ["12:00:00"]


async def test_an_outage_over_the_time_of_a_tick_delays_it_by_a_second_at_most(
    database: WatchedDatabase, clock: HandClock
) -> None:
    scheduler = Scheduler(database, clock)
    await runs(clock, scheduler, seconds=385)  # 12:09:55
    database.away = True
    await runs(clock, scheduler, seconds=20)
    database.away = False
    await runs(clock, scheduler, seconds=1)
    ((accepted,),) = await rows(
        database, "SELECT accepted_at FROM jobs WHERE topic = 'retention' AND dedup_id LIKE '%12:10%'"
    )
    assert accepted <= "2026-01-15T12:10:16"


async def test_who_does_not_lead_any_more_offers_nothing(database: WatchedDatabase, clock: HandClock) -> None:
    scheduler = Scheduler(database, clock)
    await runs(clock, scheduler, seconds=0)
    scheduler.is_leader = False
    await runs(clock, scheduler, seconds=3600)
    assert await times(database) == ["12:00:00"]


async def test_a_clock_that_is_set_back_brings_no_tick_twice_and_stops_none(
    database: WatchedDatabase, clock: HandClock
) -> None:
    scheduler = Scheduler(database, clock)
    await runs(clock, scheduler, seconds=400)
    clock._start -= timedelta(hours=1)
    await runs(clock, scheduler, seconds=3600 + TEN)
    found = await times(database)
    assert len(found) == len(set(found))
    assert found[:2] == ["12:00:00", "12:10:00"]
    assert found[-1] == "12:20:00"


async def test_a_clock_that_is_set_forward_is_noticed_within_a_minute(
    database: WatchedDatabase, clock: HandClock
) -> None:
    scheduler = Scheduler(database, clock)
    scheduler.schedule._ticks.pop()  # only the tick of ten minutes: the next is far away
    supervisor = Supervisor(clock)
    supervisor.spawn("schedule", scheduler.schedule.run)
    await clock.advance(0)
    clock._start += timedelta(hours=5)
    await clock.advance(60)
    await supervisor.stop(0)
    assert await times(database) == ["12:00:00", "17:00:00"]


async def test_the_jobs_of_a_schedule_are_worked(shop: Workshop) -> None:
    seen: list[tuple[datetime, str]] = []

    async def handle(job: Job, work: Work) -> None:
        seen.append((shop.clock.now(), msgspec.json.decode(job.payload)["at"]))

    schedule = Schedule(shop.inbox, shop.clock, lambda: True)
    schedule.every(60, topic := regular("sweep", handle))
    assert schedule.topics() == ["sweep"]
    shop.workers.start(topic)
    shop.supervisor.spawn("schedule", schedule.run)
    await shop.clock.advance(125)
    assert [f"{moment:%H:%M:%S}" for moment, _ in seen] == ["12:00:00", "12:01:00", "12:02:00"]
    assert [at for _, at in seen] == [f"2026-01-15T12:0{minute}:00Z" for minute in range(3)]


async def test_between_ticks_nobody_looks_for_their_jobs_more_than_once_a_lease(shop: Workshop) -> None:
    shop.inbox.register(topic := regular("retention", nothing))
    shop.workers.start(topic)
    await shop.settle()
    before = shop.database.calls
    await shop.clock.advance(20 * LEASE)
    assert shop.database.calls - before == 20  # a claim tells the next due time too


async def test_the_end_of_an_update_does_not_wake_the_workers_of_ticks(shop: Workshop) -> None:
    shop.topic(nothing)
    shop.inbox.register(tick := regular("retention", nothing))
    await shop.settle()
    alone = await calls_of_an_update(shop)
    shop.workers.start(tick)
    await shop.settle()
    assert await calls_of_an_update(shop) == alone


async def calls_of_an_update(shop: Workshop) -> int:
    before = shop.database.calls
    await shop.accept()
    await shop.settle()
    return shop.database.calls - before


async def test_a_lost_hint_makes_a_tick_a_minute_late_at_most(shop: Workshop) -> None:
    shop.inbox.register(topic := regular("retention", nothing))
    shop.workers.start(topic)
    await shop.settle()
    row = NewJob("retention", "tick:retention", "{}", "c", shop.clock.now(), shop.clock.now())
    await shop.database.write(lambda tx: jobs.accept(tx, [row]))  # by another process
    await shop.clock.advance(60)
    assert await rows(shop.database, "SELECT state FROM jobs") == [("done",)]


moments = st.integers(0, 2 * 10**15).map(
    lambda microseconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@given(st.integers(1, 366 * 86400), moments)
@example(60, datetime(2026, 1, 15, 12, tzinfo=UTC))
@example(21600, datetime(2026, 1, 15, 11, 59, 59, 999_999, tzinfo=UTC))
def test_the_grid_is_the_same_for_everybody(seconds: int, now: datetime) -> None:
    tick = Tick("x", seconds)
    last, following = tick.last(now), tick.next(now)
    assert last <= now < following
    assert following - last == timedelta(seconds=seconds)
    assert last.timestamp() % seconds == 0
