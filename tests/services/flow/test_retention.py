"""Old work goes hour by hour, in small pieces that nobody has to wait for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from services.engine.failpoints import NoFailpoints
from services.engine.inbox import Inbox
from services.engine.schedule import regular
from services.engine.supervisor import Supervisor
from services.flow import retention
from services.flow.retention import PAUSE, UNIT, Retention
from storage import accepting, invalidations, messages, portal_events
from storage.database import Transaction
from storage.portal_events import NewEvent
from tests.clock import HandClock
from tests.services.engine.workshop import nothing
from tests.services.flow.conftest import GROUP, House
from tests.storage.files import Home, WatchedDatabase, opened, rows, scalar
from tests.storage.rows import new_job, new_message

DAY = timedelta(days=1)


class Keeper:
    """Retention of thirty days on a database with rows of any age."""

    def __init__(self, database: WatchedDatabase) -> None:
        self.database = database
        self.clock = HandClock()
        self.clock.in_flight = lambda: database.in_flight
        self.retention = Retention(database, self.clock, days=30, ticking=lambda: ["sweep"])

    async def put(self, *, days: float, jobs: int = 0, texts: int = 0, topic: str = "telegram") -> None:
        """So many done jobs and sent texts, as they were so many days ago."""
        moment = self.clock.now() - days * DAY

        def unit(tx: Transaction) -> None:
            accepting.accept(tx, [new_job(f"{n}", now=moment, topic=topic) for n in range(jobs)])
            done = "UPDATE jobs SET state = 'done', finished_at = accepted_at WHERE state = 'waiting'"
            tx.exec_driver_sql(done)
            for _ in range(texts):
                row = messages.put(tx, new_message(created_at=moment))
                messages.end(tx, row or 0, "sent", at=moment)

        await self.database.write(unit)

    async def retain(self) -> dict[str, int]:
        return await self.clock.run(self.retention.retain(None, None))  # type: ignore[arg-type]

    async def sweep(self) -> dict[str, int]:
        return await self.clock.run(self.retention.sweep(None, None))  # type: ignore[arg-type]


@pytest.fixture
async def keeper(home: Home) -> AsyncIterator[Keeper]:
    async with opened(home) as database:
        yield Keeper(database)


async def test_what_is_older_than_it_is_kept_goes_and_is_counted(keeper: Keeper) -> None:
    await keeper.put(days=30.1, jobs=3, texts=2)
    await keeper.put(days=29.9, jobs=5, texts=4)
    goes = {table: count for table, count in (await keeper.retain()).items() if count}
    assert goes == {"messages": 2, "jobs": 3}
    assert await scalar(keeper.database, "SELECT count(*) FROM jobs") == 5
    assert await scalar(keeper.database, "SELECT count(*) FROM messages") == 4
    assert not any((await keeper.retain()).values())


async def test_the_jobs_of_ticks_are_kept_for_two_days_only(keeper: Keeper) -> None:
    await keeper.put(days=2.1, jobs=3, topic="sweep")
    await keeper.put(days=1.9, jobs=1, topic="sweep")
    await keeper.put(days=2.1, jobs=1, topic="telegram")
    assert (await keeper.retain())["jobs"] == 3


async def test_much_goes_in_small_pieces_and_others_write_in_between(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LOOK", 2 * UNIT)
    await keeper.put(days=31, jobs=5 * UNIT + 1)
    left: list[int] = []

    async def others() -> None:
        while True:
            left.append(await scalar(keeper.database, "SELECT count(*) FROM jobs WHERE state = 'done'"))
            if left[-1] == 0:
                return
            await keeper.database.write(lambda tx: accepting.accept(tx, [new_job(str(len(left)))]))
            await keeper.clock.sleep(PAUSE / 2)

    watching = Supervisor(keeper.clock).spawn_once("others", others())
    assert (await keeper.retain())["jobs"] == 5 * UNIT + 1
    await keeper.clock.run(asyncio.wait_for(watching, None))
    steps = {earlier - later for earlier, later in pairwise(left)}
    assert max(steps) <= UNIT
    assert len(set(left)) >= 6


async def test_the_sweep_forgets_invalidations_after_an_hour(keeper: Keeper) -> None:
    def unit(tx: Transaction) -> None:
        for _ in range(UNIT + 7):
            invalidations.add(tx, "stickerset", "cats", at=keeper.clock.now() - timedelta(minutes=61))
        invalidations.add(tx, "stickerset", "cats", at=keeper.clock.now() - timedelta(minutes=59))

    await keeper.database.write(unit)
    assert (await keeper.sweep())["invalidations"] == UNIT + 7
    assert await scalar(keeper.database, "SELECT count(*) FROM invalidations") == 1


async def test_a_proposal_that_ran_out_is_closed_by_the_sweep_and_gone_a_month_later(house: House) -> None:
    shown = await house.propose(place=GROUP)
    assert shown
    with capture_logs():
        for topic in house.hub.inbox.topics:
            house.hub.workers.start(topic)
        house.hub.supervisor.spawn("leadership", house.hub.leadership.run)
        await leap(house, DAY)
        await house.clock.advance(61)
        assert await rows(house.database, "SELECT state FROM proposals") == [("expired",)]
        await house.database.write(delete_shown)
        await leap(house, 30 * DAY)
        await house.clock.advance(3700)
    assert await rows(house.database, "SELECT state FROM proposals") == []
    assert await rows(house.database, "SELECT id FROM messages") == []
    last = "SELECT result FROM jobs WHERE topic = 'retention' ORDER BY id DESC LIMIT 2"
    assert len(await rows(house.database, last)) == 2


def delete_shown(tx: Transaction) -> None:
    """As the sender does when the message's time is over."""
    tx.exec_driver_sql("UPDATE messages SET state = 'sent', sent_at = due_at WHERE kind = 'delete'")


async def leap(house: House, time: timedelta) -> None:
    """Time goes by at once, as for a machine that slept."""
    house.clock._time += time.total_seconds()
    await house.clock.advance(0)


async def test_retention_and_sweep_are_ticks_of_the_hub(house: House) -> None:
    assert {"retention", "sweep", "gallery.recheck"} <= set(house.hub.schedule.topics())
    assert "heartbeat" not in house.hub.schedule.topics()  # nobody is to be called
    known = {topic.name for topic in house.hub.inbox.topics}
    assert set(house.hub.schedule.topics()) <= known


async def test_an_inbox_goes_on_accepting_what_it_has_forgotten(keeper: Keeper) -> None:
    inbox = Inbox(keeper.database, keeper.clock, NoFailpoints())
    inbox.register(regular("sweep", nothing))
    first = await inbox.accept("sweep", "k", "same", "{}")
    await keeper.database.write(
        lambda tx: tx.exec_driver_sql("UPDATE jobs SET state = 'done', finished_at = accepted_at")
    )
    keeper.clock._time += 3 * DAY.total_seconds()
    assert (await keeper.retain())["jobs"] == 1
    again = await inbox.accept("sweep", "k", "same", "{}")
    assert again.new
    assert again.job_id > first.job_id


async def test_a_portals_event_is_known_for_thirty_days_however_long_work_is_kept(keeper: Keeper) -> None:
    for days in (29, 31):
        moment = keeper.clock.now() - days * DAY
        row = NewEvent(new_job(f"deal:{days}", now=moment), f"hash of {days}")
        await keeper.database.write_row(portal_events.accept, row)
    assert (await keeper.retain())["portal_events"] == 1
    assert await rows(keeper.database, "SELECT hash FROM portal_events") == [("hash of 29",)]
