"""The list of checks that everybody reads."""

import asyncio

import pytest

from services.engine.health import CHECK_TIME, Finding, Health, Told, status_of
from tests.clock import HandClock


async def well() -> None:
    return None


async def ill() -> str:
    return "no space left"


async def silent() -> None:
    await asyncio.Event().wait()


async def test_findings_come_in_the_order_of_registration_with_their_reasons() -> None:
    health = Health(HandClock())
    health.register("database", well, essential=True)
    health.register("telegram", ill)
    assert await health.look() == [
        Finding("database", True, None),
        Finding("telegram", False, "no space left"),
    ]


async def test_nothing_registered_is_nothing_wrong() -> None:
    findings = await Health(HandClock()).look()
    assert (findings, status_of(findings)) == ([], "healthy")


async def test_only_the_essential_ones_are_run_when_only_they_are_asked_for() -> None:
    ran: list[str] = []

    async def note() -> None:
        ran.append("telegram")

    health = Health(HandClock())
    health.register("database", well, essential=True)
    health.register("telegram", note)
    assert [finding.name for finding in await health.look(essential_only=True)] == ["database"]
    assert ran == []


async def test_a_check_that_does_not_answer_is_a_finding_after_two_seconds() -> None:
    clock = HandClock()
    health = Health(clock)
    health.register("portal", silent)
    health.register("database", well)
    began = clock.monotonic()
    portal, database = await clock.run(health.look())
    assert portal.reason == "no answer in 2 s"
    assert database.is_ok
    assert clock.monotonic() - began == pytest.approx(CHECK_TIME)


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([Finding("a", True, None), Finding("b", False, None)], "healthy"),
        ([Finding("a", True, None), Finding("b", False, "away")], "degraded"),
        ([Finding("a", True, "full"), Finding("b", False, None)], "unhealthy"),
        ([Finding("a", True, "full"), Finding("b", False, "away")], "unhealthy"),
    ],
)
def test_the_status_is_that_of_the_worst_finding(findings: list[Finding], status: str) -> None:
    assert status_of(findings) == status


# --- probes


async def broken() -> list[Told]:
    raise OSError("no route to host")


async def fine() -> list[Told]:
    return [Told("ok", "version 7")]


async def poor() -> list[Told]:
    return [Told("warning", "slow"), Told("failed", "wrong", "do this")]


async def mute() -> list[Told]:
    await asyncio.Event().wait()
    return []


async def test_a_probe_tells_its_findings_with_the_hint_it_was_registered_with() -> None:
    health = Health(HandClock())
    health.register("database", probe=fine, hint="look at it")
    health.register("portal", probe=poor, hint="look at it")
    assert await health.examine() == [
        ("database", Told("ok", "version 7")),
        ("portal", Told("warning", "slow", "look at it")),
        ("portal", Told("failed", "wrong", "do this")),
    ]


async def test_a_probe_that_breaks_is_a_finding_and_stops_no_other() -> None:
    health = Health(HandClock())
    health.register("portal", probe=broken, hint="is the network there?")
    health.register("database", probe=fine)
    assert await health.examine() == [
        ("portal", Told("failed", "no route to host", "is the network there?")),
        ("database", Told("ok", "version 7")),
    ]


async def test_all_probes_together_take_no_longer_than_one_may() -> None:
    clock = HandClock()
    health = Health(clock)
    for name in ("portal", "shop", "telephone"):
        health.register(name, probe=mute)
    began = clock.monotonic()
    found = await clock.run(health.examine(limit=7))
    assert [told.what for _, told in found] == ["no answer in 7 s"] * 3
    assert clock.monotonic() - began == pytest.approx(7)


async def test_without_a_probe_an_essential_check_is_asked_and_no_other() -> None:
    health = Health(HandClock())
    health.register("database", ill, essential=True, hint="make room")
    health.register("telegram", ill)
    assert await health.examine() == [("database", Told("failed", "no space left", "make room"))]


async def test_what_has_only_a_probe_is_no_concern_of_the_routes() -> None:
    health = Health(HandClock())
    health.register("heartbeat", probe=poor)
    assert await health.look() == []


async def test_a_probe_may_be_added_to_a_check_later() -> None:
    health = Health(HandClock())
    health.register("database", well, essential=True)
    health.register("database", probe=poor)
    assert await health.look() == [Finding("database", True, None)]
    assert [told.level for _, told in await health.examine()] == ["warning", "failed"]
