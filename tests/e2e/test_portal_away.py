"""The home portal away: left alone, told once, and told again when it is back, though nobody needed it."""

import httpx
import pytest

from services.bitrix24 import Portal as PortalClient
from services.engine.errors import BreakerOpen, Unavailable
from tests.e2e.conftest import Log
from tests.e2e.operating import steps
from tests.e2e.test_metrics import _scraped
from tests.e2e.test_notices import MINUTE, known, notices, passes
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, HOME_PORTAL, Outside, Town, TownClock

HEALTH = "/api/v1/integration/health"


def client_of(town: Town) -> PortalClient:
    """The hub's own."""
    client = town.switchboard.hub.portal
    assert client
    return client


async def use_up(town: Town, clock: TownClock) -> None:
    """Ask until the hub leaves the portal alone."""
    for _ in range(5):
        with pytest.raises(Unavailable):
            await clock.run(client_of(town).call("crm.deal.list"))
    with pytest.raises(BreakerOpen):
        await client_of(town).call("crm.deal.list")


async def test_a_portal_that_is_away_is_told_with_the_next_try_and_so_is_that_it_is_back(
    outside: Outside, clock: TownClock, log: Log
) -> None:
    async with known(outside, portal=True) as town:
        town.portal.faults.plan("html", times=None)
        await use_up(town, clock)
        await passes(town, MINUTE)
        [notice] = notices(town)
        assert head(notice).startswith(f"🔴 Bitrix24 {HOME_PORTAL} cannot be reached since 15:0")
        assert "answers 502 with text/html" in notice.text
        assert "Next try: 15:0" in notice.text
        assert press_buttons(notice) == ["v1:run:doctor"]
        town.portal.faults.clear()
        await passes(town, 10 * MINUTE)
        _, over = notices(town)
        assert head(over).startswith(f"🟢 Bitrix24 {HOME_PORTAL} is back since 15:0")
        assert over.reply_to is notice
        changes = [line["details"]["state"] for line in log.events("portal.circuit")]
        assert (changes[0], changes[-1]) == ("open", "closed")
        assert (await clock.run(client_of(town).call("server.time"))).result


async def test_a_few_calls_that_failed_are_nothing_to_tell(outside: Outside, clock: TownClock) -> None:
    async with known(outside, portal=True) as town:
        town.portal.faults.plan("html", times=2)
        assert (await clock.run(client_of(town).call("crm.deal.list"))).result == []
        asked = town.portal.ledger.requests
        await passes(town, 3 * MINUTE)
        assert notices(town) == []
        assert town.portal.ledger.requests == asked  # a portal that answers is not asked for its own sake


async def test_a_portal_that_refuses_is_there(outside: Outside, clock: TownClock) -> None:
    async with known(outside, portal=True) as town:
        town.portal.faults.plan("html", times=6)
        await use_up(town, clock)
        town.portal.faults.clear()
        town.portal.faults.plan("credentials", times=None)
        await passes(town, 3 * MINUTE)
        assert [each for each in notices(town) if head(each).startswith("🔴")] == []


async def test_how_it_stands_with_the_portal_is_shown_wherever_people_and_programs_look(
    outside: Outside, clock: TownClock
) -> None:
    async with known(outside, portal=True) as town, httpx.AsyncClient(base_url=town.address) as program:
        await town.says(ADMIN, "/stats")
        assert "🟢 bitrix24" in town.last(ADMIN).text
        assert (await _scraped(town))["circuit_state", "bitrix24"] == 0
        assert (await program.get(HEALTH)).json()["status"] == "healthy"

        town.portal.faults.plan("reset", times=None)
        await use_up(town, clock)

        await town.says(ADMIN, "/stats")
        assert "🔴 bitrix24" in town.last(ADMIN).text
        scraped = await _scraped(town)
        assert scraped["circuit_state", "bitrix24"] == 2
        assert scraped["api_request_duration_seconds_count", "bitrix24", "crm.deal.list"] >= 5
        health = (await program.get(HEALTH)).json()
        assert health["status"] == "degraded"
        assert f"{HOME_PORTAL} is left alone" in str(health)


async def test_the_doctor_asks_the_portal_for_its_permissions_and_smart_processes(outside: Outside) -> None:
    async with outside.hub(portal=True) as town:
        await town.says(ADMIN, "/doctor")
        await steps(town, 11)
        assert f"portal {HOME_PORTAL} answers in 0 ms" in "".join(m.text for m in town.sent(ADMIN))


async def test_the_address_of_the_portal_is_nowhere_to_be_seen(
    outside: Outside, clock: TownClock, log: Log
) -> None:
    """The log here masks nothing of the portal: what it holds is what the hub gave it."""
    async with known(outside, portal=True) as town, httpx.AsyncClient(base_url=town.address) as program:
        secret = town.portal.webhooks[0].code
        for kind in ("html", "reset", "timeout", "malformed", "internal"):
            town.portal.faults.plan(kind, times=2)
        await use_up(town, clock)
        await town.says(ADMIN, "/doctor")
        await passes(town, 5 * MINUTE)
        await town.says(ADMIN, "/errors")
        told = "".join(message.text for message in town.sent(ADMIN))
        assert words("doctor-ok") in told
        assert secret not in told + (await program.get(HEALTH)).text + log.stream.getvalue()
