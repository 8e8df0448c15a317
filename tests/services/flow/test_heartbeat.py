"""Another service hears every minute that the hub works, and nothing when it does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import pytest
from structlog.testing import capture_logs

from services.engine.failpoints import NoFailpoints
from services.flow.heartbeat import CALL_TIME, build_client
from services.hub import Hub, Ports, Terms, build_hub
from settings import load_settings
from tests.clock import HandClock
from tests.members import Nobody
from tests.services.flow.conftest import Known
from tests.storage.files import WatchedDatabase, new_file, opened, rows

URL = "https://watch.example/ping/a-secret-of-its-own"
VARIABLES = {
    "TELEGRAM_BOT_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "HEARTBEAT_URL": URL,
    "BACKUP_INTERVAL_HOURS": "0",
}


@dataclass
class Watcher:
    """The other service. `answer` may be a status or an error of the line; "silent" never answers."""

    answer: int | Exception | str = 200
    called: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.called.append(f"{request.method} {request.url}")
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, str):
            await asyncio.Event().wait()
        assert isinstance(self.answer, int)
        return httpx.Response(self.answer, headers={"Location": "https://elsewhere.example/"})


@dataclass
class Beating:
    """A hub that has led for a second, and who watches it."""

    hub: Hub
    database: WatchedDatabase
    clock: HandClock
    watcher: Watcher
    log: list[str]

    async def results(self) -> list[str]:
        query = "SELECT result FROM jobs WHERE topic = 'heartbeat' AND state = 'done' ORDER BY id"
        return [json.loads(result) for (result,) in await rows(self.database, query)]

    async def written(self) -> str:
        """All that was logged or stored."""
        stored = await rows(self.database, "SELECT kind, sample FROM faults")
        stored += await rows(self.database, "SELECT payload, result, reason FROM jobs")
        return f"{stored} {self.log}"


@asynccontextmanager
async def beating(path: Path, watcher: Watcher) -> AsyncIterator[Beating]:
    client = build_client(URL, httpx.MockTransport(watcher))
    assert client
    async with opened(path) as database, client:
        clock = HandClock()
        clock.in_flight = lambda: database.in_flight
        hub = build_hub(
            load_settings(VARIABLES, None),
            Ports(Known(), Nobody(), heartbeat=client),
            database,
            # Nothing is redacted, so that what would be cut out is seen.
            Terms(clock, Random(1), NoFailpoints(), lambda sample: sample),
        )
        with capture_logs() as log:
            for topic in hub.inbox.topics:
                hub.workers.start(topic)
            hub.supervisor.spawn("leadership", hub.leadership.run)
            await clock.advance(1)
            yield Beating(hub, database, clock, watcher, log)  # type: ignore[arg-type]
            await clock.run(hub.supervisor.stop(0))


@pytest.fixture
async def beat(tmp_path: Path) -> AsyncIterator[Beating]:
    async with beating(new_file(tmp_path), Watcher()) as found:
        yield found


async def test_a_hub_that_works_calls_once_a_minute(beat: Beating) -> None:
    await beat.clock.advance(180)
    assert beat.watcher.called == [f"GET {URL}"] * 4
    assert await beat.results() == ["told"] * 4


@pytest.mark.parametrize(
    ("answer", "sample"),
    [
        (500, "HTTP 500"),
        (404, "HTTP 404"),
        (httpx.ConnectError(f"cannot reach {URL}"), "ConnectError"),
        (httpx.ReadTimeout(f"{URL} is slow"), "ReadTimeout"),
        (302, "TooManyRedirects"),
        ("silent", "no answer in 10 s"),
    ],
)
async def test_a_call_that_fails_is_counted_and_the_next_minute_brings_the_next(
    tmp_path: Path, answer: int | Exception | str, sample: str
) -> None:
    async with beating(new_file(tmp_path), Watcher(answer)) as beat:
        await beat.clock.advance(60 + CALL_TIME + 1)
        faults = {fault.kind: (fault.count, fault.sample) for fault in await beat.hub.faults.newest()}
        assert faults == {"heartbeat.failed": (2, sample)}
        assert await beat.results() == [sample] * 2
        beat.watcher.answer = 200
        await beat.clock.advance(60)
        assert (await beat.results())[-1] == "told"
        assert not await rows(beat.database, "SELECT id FROM jobs WHERE state = 'dead'")
        assert "a-secret-of-its-own" not in await beat.written()


async def test_calls_that_fail_show_in_the_health_list_and_once_in_the_log(tmp_path: Path) -> None:
    async with beating(new_file(tmp_path), Watcher(500)) as beat:
        await beat.clock.advance(120)
        assert await _health_of(beat) == "the other service was not told: HTTP 500"
        assert _logged(beat) == ["heartbeat.failed"]
        beat.watcher.answer = 200
        await beat.clock.advance(60)
        assert await _health_of(beat) is None
        assert _logged(beat) == ["heartbeat.failed", "heartbeat.back"]


async def test_a_failure_is_forgotten_when_other_processes_make_the_calls(tmp_path: Path) -> None:
    async with beating(new_file(tmp_path), Watcher(500)) as beat:
        await beat.hub.supervisor.stop_task("inbox.heartbeat")
        assert await _health_of(beat)
        await beat.clock.advance(181)
        assert await _health_of(beat) is None


async def _health_of(beat: Beating) -> str | None:
    (reason,) = [each.reason for each in await beat.hub.health.look() if each.name == "heartbeat"]
    return reason


def _logged(beat: Beating) -> list[str]:
    events = [str(entry["event"]) for entry in beat.log]  # type: ignore[index]
    return [event for event in events if event.startswith("heartbeat.")]


async def test_a_hub_whose_essential_part_fails_calls_nobody(beat: Beating) -> None:
    async def broken() -> str:
        return "no disk"

    async def away() -> str:
        return "Telegram is away"

    beat.hub.health.register("telegram", away)
    await beat.clock.advance(60)
    assert (await beat.results())[-1] == "told"
    beat.hub.health.register("disk", broken, essential=True)
    before = len(beat.watcher.called)
    await beat.clock.advance(120)
    assert len(beat.watcher.called) == before
    assert (await beat.results())[-2:] == ["unhealthy"] * 2


async def test_calls_that_piled_up_are_not_made_up_for(beat: Beating) -> None:
    await beat.hub.supervisor.stop_task("inbox.heartbeat")
    await beat.clock.advance(300)
    before = len(beat.watcher.called)
    beat.hub.workers.start(next(each for each in beat.hub.inbox.topics if each.name == "heartbeat"))
    await beat.clock.advance(0)
    assert len(beat.watcher.called) == before + 1
    assert (await beat.results())[-5:] == ["late"] * 4 + ["told"]


async def test_without_an_address_there_is_nobody_to_call_with() -> None:
    assert build_client("") is None
    client = build_client(URL)
    assert client
    await client.aclose()
