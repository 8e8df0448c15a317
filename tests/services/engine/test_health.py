"""The list of checks that everybody reads."""

import asyncio

import pytest

from services.engine.health import CHECK_TIME, Finding, Health, status_of
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
