"""GET /metrics: what Prometheus reads."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from bot.updates import TOPIC
from services.engine.call_times import CallTimes
from services.engine.errors import Unavailable
from services.engine.metrics import KEEP, READ_TIME
from storage import jobs
from tests.clock import HandClock
from tests.web.conftest import Lines
from tests.web.door import KEY, NOON, SECRET, Door, open_door

# Every family that is ours, with its labels. A name that appears or goes is a change of the contract.
FAMILIES = {
    "active_connections": {"service"},
    "api_request_duration_seconds": {"system", "method"},
    "approvals": {"kind", "decision"},
    "cache_entries": {"region"},
    "cache_requests": {"region", "result"},
    "circuit_state": {"system"},
    "deal_drift": {"domain"},
    "inbox_depth": {"topic", "state"},
    "inbox_oldest_seconds": {"topic"},
    "telegram_updates": {"kind"},
    "webhook_errors": {"error_type"},
    "webhook_processed": {"status"},
    "webhook_processing_duration_seconds": set(),
    "webhook_received": {"domain"},
}
OF_THE_PROCESS = ("process_", "python_")


class Scraped:
    """One answer, read as Prometheus reads it."""

    def __init__(self, text: str, parse: Any = parsed) -> None:
        self.text = text
        self.families = {family.name: family for family in parse(text)}

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one series; None when there is none."""
        found = [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) <= 1, f"{name} is there twice"
        return found[0] if found else None


class TimedDoor:
    """A door whose time a test moves, scraped."""

    def __init__(self, door: Door, clock: HandClock) -> None:
        self.door = door
        self.clock = clock

    async def scrape(self) -> Scraped:
        """Ask as Prometheus does."""
        response = await self.door.get("/metrics")
        assert response.status_code == 200
        return Scraped(response.text)

    async def accept(self, count: int, key: str = "chat", due: float = 0) -> None:
        """So many jobs in the inbox."""
        moment = self.clock.now() + timedelta(seconds=due)
        for number in range(count):
            await self.door.hub.inbox.accept(TOPIC, f"{key}:{number}", None, "{}", due=moment)

    async def claim(self, most: int) -> list[Any]:
        """Take jobs as a worker does."""
        now = self.clock.now()
        until = now + timedelta(seconds=30)
        return await self.door.hub.database.write(
            lambda tx: jobs.claim(tx, TOPIC, owner="p.1", now=now, lease_until=until, most=most)
        )


@pytest.fixture
async def timed(tmp_path: Path) -> AsyncIterator[TimedDoor]:
    clock = HandClock()
    async with open_door(tmp_path, clock=clock) as door:
        clock.in_flight = lambda: door.database.in_flight
        yield TimedDoor(door, clock)


async def test_the_answer_is_prometheus_text_with_the_agreed_names_and_no_others(timed: TimedDoor) -> None:
    await timed.accept(1)
    times = CallTimes(timed.door.hub.counters, timed.clock)
    with times.measured("telegram", "sendMessage"):
        pass
    timed.door.hub.counters.telegram_update("message")
    await timed.door.caller.post("/webhook/deal")
    timed.door.hub.event_counts.processed("accepted")
    timed.door.hub.counters.deal_drift("partner1.bitrix24.ru", 0)
    timed.door.hub.metrics.watch_circuit("gallery", lambda: "open")
    timed.door.hub.metrics.watch_connections("http", lambda: 3)

    timed.door.hub.counters.approval("stickerset", "approved")
    response = await timed.door.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain; version=")
    scraped = Scraped(response.text)
    ours = {name: family for name, family in scraped.families.items() if not name.startswith(OF_THE_PROCESS)}
    assert {
        name: {label for sample in family.samples for label in sample.labels} - {"le"}
        for name, family in ours.items()
    } == FAMILIES
    assert all(family.documentation for family in ours.values())
    assert "_created" not in response.text


async def test_openmetrics_is_spoken_to_those_who_accept_it(timed: TimedDoor) -> None:
    headers = {"X-API-Key": KEY, "Accept": "application/openmetrics-text; version=1.0.0"}
    response = await timed.door.caller.get("/metrics", headers=headers)

    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert set(Scraped(response.text, parsed_openmetrics).families) >= {"inbox_depth", "cache_entries"}


async def test_jobs_are_counted_by_state_and_finished_ones_are_not(timed: TimedDoor) -> None:
    await timed.accept(6)
    await timed.accept(1, key="later", due=3600)
    done, dead, _ = await timed.claim(3)
    at = timed.clock.now()
    await timed.door.hub.database.write(lambda tx: jobs.finish(tx, done, at=at))
    await timed.door.hub.database.write(lambda tx: jobs.bury(tx, dead, at=at, reason="x"))

    scraped = await timed.scrape()

    depth = {
        state: scraped.value("inbox_depth", topic=TOPIC, state=state)
        for state in ("waiting", "claimed", "dead", "done")
    }
    assert depth == {"waiting": 4, "claimed": 1, "dead": 1, "done": None}


async def test_an_empty_inbox_is_zero_and_not_absent(timed: TimedDoor) -> None:
    scraped = await timed.scrape()

    for state in ("waiting", "claimed", "dead"):
        assert scraped.value("inbox_depth", topic=TOPIC, state=state) == 0
    assert scraped.value("inbox_oldest_seconds", topic=TOPIC) == 0


async def test_the_oldest_is_how_long_a_job_has_been_due_not_how_long_ago_it_came(timed: TimedDoor) -> None:
    await timed.accept(1, due=100)
    await timed.clock.advance(90)
    assert (await timed.scrape()).value("inbox_oldest_seconds", topic=TOPIC) == 0

    await timed.clock.advance(25)
    await timed.accept(1, key="younger")
    assert (await timed.scrape()).value("inbox_oldest_seconds", topic=TOPIC) == 15


async def test_the_database_is_asked_at_most_once_a_second(timed: TimedDoor) -> None:
    await timed.scrape()
    calls = timed.door.database.calls
    await timed.accept(1)
    for _ in range(5):
        assert (await timed.scrape()).value("inbox_depth", topic=TOPIC, state="waiting") == 0
    assert timed.door.database.calls == calls + 1  # the accept itself

    await timed.clock.advance(KEEP)
    assert (await timed.scrape()).value("inbox_depth", topic=TOPIC, state="waiting") == 1


async def test_without_the_database_all_that_is_in_memory_is_answered(timed: TimedDoor, lines: Lines) -> None:
    await timed.scrape()
    await timed.clock.advance(60)
    timed.door.database.away = True

    scraped = await timed.scrape()
    assert scraped.value("cache_entries", region="stickerset") == 0
    assert "inbox_depth" not in scraped.families  # what nobody knows is absent, not a figure of the past
    assert "inbox_oldest_seconds" not in scraped.families
    assert len(lines("metrics.no_inbox_figures")) == 1

    timed.door.database.away = False
    await timed.clock.advance(KEEP)
    assert "inbox_depth" in (await timed.scrape()).families


async def test_a_database_that_hangs_does_not_hold_up_the_answer(
    timed: TimedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(query: object) -> object:
        await timed.clock.sleep(3600)
        raise AssertionError("nobody waits that long")

    monkeypatch.setattr(timed.door.database, "read", hang)  # the wire to the database, not a part of ours
    before = timed.clock.monotonic()
    scraped = await timed.clock.run(timed.scrape())

    assert timed.clock.monotonic() - before == READ_TIME
    assert "inbox_depth" not in scraped.families
    assert "cache_entries" in scraped.families


async def _look_up(door: Door, key: str, *, fails: bool = False) -> None:
    async def load() -> str:
        if fails:
            raise Unavailable("gallery")
        return "value"

    await door.hub.cache.regions["deal"].get_or_load(key, load)


async def test_look_ups_are_counted_by_region_and_result_and_never_go_back(timed: TimedDoor) -> None:
    timed.door.hub.cache.region("deal", capacity=10, ttl=60, absent_ttl=60, stale=600)
    seen: list[dict[str, float | None]] = []

    async def look() -> dict[str, float | None]:
        scraped = await timed.scrape()
        results = ("hit", "miss", "stale")
        seen.append({r: scraped.value("cache_requests_total", region="deal", result=r) for r in results})
        return seen[-1]

    assert await look() == {"hit": 0, "miss": 0, "stale": 0}
    for key in ("a", "a", "b"):
        await _look_up(timed.door, key)
    assert await look() == {"hit": 1, "miss": 2, "stale": 0}
    assert (await timed.scrape()).value("cache_entries", region="deal") == 2

    await timed.clock.advance(61)
    await _look_up(timed.door, "a", fails=True)
    assert await look() == {"hit": 1, "miss": 2, "stale": 1}
    timed.door.hub.cache.invalidate("deal")
    await _look_up(timed.door, "a")
    assert await look() == {"hit": 1, "miss": 3, "stale": 1}


async def test_a_look_up_that_ends_stale_after_a_scrape_makes_no_counter_fall(timed: TimedDoor) -> None:
    timed.door.hub.cache.region("deal", capacity=10, ttl=60, absent_ttl=60, stale=600)
    await _look_up(timed.door, "a")
    await timed.clock.advance(61)

    async def load() -> str:
        await timed.clock.sleep(5)
        raise Unavailable("deals")

    task = timed.door.hub.supervisor.spawn_once(
        "test", timed.door.hub.cache.regions["deal"].get_or_load("a", load)
    )
    await timed.clock.advance(1)
    under_way = (await timed.scrape()).value("cache_requests_total", region="deal", result="miss")
    await timed.clock.advance(5)
    assert await task == "value"

    scraped = await timed.scrape()
    after = scraped.value("cache_requests_total", region="deal", result="miss")
    assert under_way is not None
    assert after is not None
    assert after >= under_way
    assert scraped.value("cache_requests_total", region="deal", result="stale") == 1


@pytest.mark.parametrize(("state", "shown"), [("closed", 0), ("half_open", 1), ("open", 2)])
async def test_a_circuit_is_shown_as_a_number_that_the_help_explains(
    timed: TimedDoor, state: str, shown: int
) -> None:
    timed.door.hub.metrics.watch_circuit("gallery", lambda: state)

    scraped = await timed.scrape()

    assert scraped.value("circuit_state", system="gallery") == shown
    text = scraped.families["circuit_state"].documentation
    assert f"{shown} {state.replace('_', '-')}" in text


async def test_connections_are_those_of_this_moment(timed: TimedDoor) -> None:
    connections = ["one"]
    timed.door.hub.metrics.watch_connections("http", lambda: len(connections))
    assert (await timed.scrape()).value("active_connections", service="http") == 1
    connections.append("two")
    assert (await timed.scrape()).value("active_connections", service="http") == 2


async def test_updates_are_counted_by_kinds_from_a_closed_list(timed: TimedDoor) -> None:
    for body in (
        b'{"update_id":1,"message":{}}',
        b'{"update_id":2,"<junk>":{}}',
        b'{"update_id":3,"other2":1}',
    ):
        assert (await timed.door.post_update(body)).status_code == 200

    scraped = await timed.scrape()
    assert scraped.value("telegram_updates_total", kind="message") == 1
    assert scraped.value("telegram_updates_total", kind="other") == 2
    assert "junk" not in scraped.text


async def test_calls_are_measured_also_when_they_fail(timed: TimedDoor) -> None:
    times = CallTimes(timed.door.hub.counters, timed.clock)

    async def call(seconds: float) -> None:
        with times.measured("gallery", "GET"):
            await timed.clock.sleep(seconds)
            raise ConnectionError

    for seconds in (0.2, 4.0):
        with pytest.raises(ConnectionError):
            await timed.clock.run(call(seconds))

    scraped = await timed.scrape()
    labels = {"system": "gallery", "method": "GET"}
    name = "api_request_duration_seconds"
    assert scraped.value(f"{name}_count", **labels) == 2
    assert scraped.value(f"{name}_sum", **labels) == pytest.approx(4.2)
    assert scraped.value(f"{name}_bucket", le="0.25", **labels) == 1
    assert scraped.value(f"{name}_bucket", le="5.0", **labels) == 2


async def test_nothing_secret_is_in_the_answer(timed: TimedDoor) -> None:
    made = await timed.door.key("read", name="the name of a key")
    response = await timed.door.caller.get("/metrics", headers={"X-API-Key": made.text})

    assert response.status_code == 200
    for secret in (KEY, SECRET, made.text, made.text[:8], "the name of a key"):
        assert secret not in response.text


async def test_a_scrape_is_logged_only_for_those_who_look_closely(timed: TimedDoor, lines: Lines) -> None:
    await timed.scrape()

    assert [line["level"] for line in lines("web.request")] == ["debug"]
    assert timed.clock.now() == NOON


def test_the_operators_page_tells_of_every_metric_and_of_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations" / "metrics.md").read_text("utf-8")
    table = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", page, re.MULTILINE))

    told = {
        name.removesuffix("_total"): set(re.findall(r"`(\w+)`", labels)) for name, labels in table.items()
    }
    assert told == FAMILIES
    rules = "".join(re.findall(r"expr:(.*?)(?:for:|annotations:|\Z)", page, re.DOTALL))
    used = {name for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rules) if name != "histogram_quantile"}
    known = {*table, *(f"{name}_bucket" for name in table)}
    assert used
    assert used <= known
