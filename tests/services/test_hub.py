"""How the rooms hang together."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from services.engine.failpoints import NoFailpoints
from services.hub import Hub, Ports, Terms, build_hub, task_kind
from settings import load_settings
from tests.clock import HandClock
from tests.members import Nobody
from tests.services.flow.conftest import Known
from tests.storage.files import WatchedDatabase, new_file, opened

VARIABLES = {"TELEGRAM_BOT_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    async with opened(new_file(tmp_path)) as found:
        yield found


@pytest.fixture
async def hub(database: WatchedDatabase) -> AsyncIterator[Hub]:
    clock = HandClock()
    clock.in_flight = lambda: database.in_flight
    built = build_hub(
        load_settings(VARIABLES, None),
        Ports(Known(), Nobody()),
        database,
        Terms(clock, Random(1), NoFailpoints(), lambda text: text.replace("secret", "***")),
    )
    with capture_logs():
        yield built
        await built.supervisor.stop(0)


async def later(hub: Hub, seconds: float) -> dict[str, int]:
    """The faults counted after so many seconds."""
    assert isinstance(hub.clock, HandClock)
    await hub.clock.advance(seconds)
    return await hub.faults.totals()


async def test_a_lasting_task_that_breaks_is_counted_under_its_name(hub: Hub) -> None:
    async def breaks() -> None:
        raise ValueError("a secret mistake")

    hub.supervisor.spawn("telegram.poller", breaks)
    assert await later(hub, 0.5) == {"task.telegram.poller": 2}
    [fault] = await hub.faults.newest()
    assert fault.sample == "ValueError: a *** mistake"


async def test_single_work_that_breaks_is_counted_by_kind_and_not_by_number(hub: Hub) -> None:
    async def breaks() -> None:
        raise ValueError("a mistake")

    for number in range(5):
        hub.supervisor.spawn_once(f"job.telegram.{number}", breaks())
    assert await later(hub, 0) == {"task.job.telegram": 5}


async def test_a_database_that_is_away_is_no_fault_of_the_task_that_meets_it(
    hub: Hub, database: WatchedDatabase
) -> None:
    database.away = True
    hub.supervisor.spawn("cache.invalidations", hub.invalidations.follow)
    await later_without_database(hub, 30)
    database.away = False
    assert await later(hub, 5) == {}


async def test_a_fault_that_cannot_be_recorded_does_not_go_round_in_circles(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, database: WatchedDatabase
) -> None:
    async def refuses(*_: object) -> None:
        raise TypeError("not even a database that is away")

    async def breaks() -> None:
        raise ValueError("a mistake")

    monkeypatch.setattr(database, "write_row", refuses)
    hub.supervisor.spawn_once("job.telegram.1", breaks())
    await later_without_database(hub, 60)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "fault.record"]


async def later_without_database(hub: Hub, seconds: float) -> None:
    assert isinstance(hub.clock, HandClock)
    await hub.clock.advance(seconds)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("job.telegram.123", "job.telegram"),
        ("send.7", "send"),
        ("telegram.poller", "telegram.poller"),
        ("cache.load.stickerset", "cache.load.stickerset"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_tasks_kind_is_its_name_without_a_number(task: str, kind: str) -> None:
    assert task_kind(task) == kind
