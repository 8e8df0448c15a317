"""The database is away: nobody turns in circles, and work goes on soon after it is back."""

import asyncio
from itertools import pairwise
from random import Random
from typing import Any

from services.engine.storage_check import StorageCheck
from services.engine.supervisor import Supervisor
from storage.errors import StorageUnavailable
from tests.clock import HandClock


async def test_a_lasting_task_that_met_an_outage_runs_again_a_second_later_however_long_it_lasted() -> None:
    clock, runs, reported = HandClock(), [], []
    supervisor = Supervisor(clock, lambda name, error: reported.append(name))

    async def work() -> None:
        runs.append(clock.monotonic())
        raise StorageUnavailable("gone")

    supervisor.spawn("work", work)
    await clock.advance(60)
    await supervisor.stop(0)
    waits = {later - earlier for earlier, later in pairwise(runs)}
    assert len(runs) > 50
    assert waits == {1.0}
    assert reported == []


class CountedDatabase:
    """Answers writes slowly, and counts them."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.writes = 0

    async def write(self, unit: Any) -> None:
        self.writes += 1
        await self.clock.sleep(0.5)


async def test_many_who_ask_at_once_whether_the_database_writes_cost_one_write() -> None:
    clock = HandClock()
    database: Any = CountedDatabase(clock)
    check = StorageCheck(database, clock)

    async def ask() -> list[str | None]:
        return list(await asyncio.gather(*(check.check() for _ in range(80))))

    assert await clock.run(ask()) == [None] * 80
    assert database.writes == 1
    await clock.advance(Random(1).uniform(1.1, 2.0))
    await clock.run(ask())
    assert database.writes == 2
