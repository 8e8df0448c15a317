"""Several portals at once: each is left alone, limited, told of and examined apart from the others."""

from typing import Any

import httpx
import pytest

from services.engine.errors import Unavailable
from services.engine.health import Told
from tests.e2e.conftest import Log
from tests.e2e.partner import OTHER, PARTNER, edit, exchanging, new_partner
from tests.e2e.test_metrics import _scraped
from tests.e2e.test_notices import MINUTE, notices, passes
from tests.e2e.test_portal_away import HEALTH
from tests.e2e.wording import head
from tests.town import ADMIN, HOME_PORTAL, Outside, Town, TownClock

HUB = "https://hub.example.org"


async def told(town: Town) -> list[Told]:
    """What the doctor finds about the sources."""
    found = await town.switchboard.hub.health.examine()
    return [each for name, each in found if name == "sources"]


def lines(found: list[Told]) -> list[str]:
    """The findings without how long an answer took."""
    return [f"{each.level}: {each.what.split(' answers in ')[0]}" for each in found]


async def test_the_doctor_tells_what_is_to_be_set_up_in_each_portal(outside: Outside) -> None:
    partners = new_partner(outside), new_partner(outside, OTHER)
    shy: dict[str, Any] = {"url": partners[1].url(outside.sandbox), "robot_token": "robots-of-partner2"}
    async with exchanging(outside, *partners, PUBLIC_URL=f"{HUB}/") as town:
        assert lines(await told(town)) == [
            f"ok: {HOME_PORTAL}: handler of its outgoing webhook: {HUB}/webhook/deal",
            f"ok: {PARTNER}",
            f"ok: {PARTNER}: handler of its outgoing webhook: {HUB}/webhook/deal",
            f"ok: {PARTNER}: calls of robots: refused: it has no robot_token",
            f"ok: {OTHER}",
            f"ok: {OTHER}: handler of its outgoing webhook: {HUB}/webhook/deal",
            f"ok: {OTHER}: calls of robots: refused: it has no robot_token",
        ]
    sources = httpx.Response(200, json={OTHER: shy}).text
    async with exchanging(outside, BITRIX24_SOURCES=sources, BITRIX24_APPLICATION_TOKEN="") as town:
        found = await told(town)
        missing = "its application token is missing, so its events to /webhook/deal are refused"
        assert lines(found) == [
            "warning: it is not said where portals reach this hub",
            f"warning: {HOME_PORTAL}: {missing}",
            f"ok: {OTHER}",
            f"warning: {OTHER}: {missing}",
            f"ok: {OTHER}: calls of robots: /webhook/deal?token=…",
        ]
        assert [each.hint.split()[-1] for each in found if each.level == "warning"][1:] == [
            "BITRIX24_APPLICATION_TOKEN.",
            "BITRIX24_SOURCES.",
        ]
        assert "robots-of-partner2" not in str(found)


async def test_a_source_that_refuses_or_gives_no_answer_is_named(outside: Outside) -> None:
    partners = new_partner(outside), new_partner(outside, OTHER)
    async with exchanging(outside, *partners) as town:
        partners[0].faults.plan("credentials", times=None)
        partners[1].allow(["user"])
        failed = [each for each in await told(town) if each.level == "failed"]
        assert [each.what.split(":")[0] for each in failed] == [f"{PARTNER} refuses the webhook", OTHER]
        assert "BITRIX24_SOURCES" in failed[0].hint
        assert "permission crm" in failed[1].what


async def ask(town: Town, clock: TownClock, domain: str) -> None:
    """Ask a source until it is left alone."""
    sources = town.switchboard.hub.sources
    assert sources
    while sources[domain].breaker.state == "closed":
        with pytest.raises(Unavailable):
            await clock.run(sources[domain].call("crm.deal.list"))


async def test_one_source_away_is_told_by_its_domain_and_no_other_portal_is_left_alone(
    outside: Outside, clock: TownClock, log: Log
) -> None:
    partners = new_partner(outside), new_partner(outside, OTHER)
    async with exchanging(outside, *partners) as town, httpx.AsyncClient(base_url=town.address) as program:
        await town.says(ADMIN, "/version")
        partners[0].faults.plan("html", times=None)
        await ask(town, clock, PARTNER)
        scraped = await _scraped(town)
        circuits = {system: scraped["circuit_state", system] for system in ("bitrix24", PARTNER, OTHER)}
        assert circuits == {"bitrix24": 0, PARTNER: 2, OTHER: 0}
        assert scraped["api_request_duration_seconds_count", PARTNER, "crm.deal.list"] >= 5
        health = (await program.get(HEALTH)).json()
        assert health["status"] == "degraded"
        assert "1 of 2 source portals are left alone" in str(health)
        assert PARTNER not in str(health)
        await passes(town, MINUTE)
        [notice] = notices(town)
        assert head(notice).startswith(f"🔴 Bitrix24 {PARTNER} cannot be reached since")
        assert "answers 502 with text/html" in notice.text
        partners[0].faults.clear()
        await passes(town, 10 * MINUTE)
        assert head(notices(town)[-1]).startswith(f"🟢 Bitrix24 {PARTNER} is back since")
        assert {line["details"]["domain"] for line in log.events("portal.circuit")} == {PARTNER}


async def test_each_portal_has_a_bucket_of_its_own(outside: Outside, clock: TownClock) -> None:
    partners = new_partner(outside), new_partner(outside, OTHER)
    async with exchanging(outside, *partners) as town:
        hub = town.switchboard.hub
        for portal in hub.portals:
            await clock.run(portal.call("server.time"))
        kept = {str(row[0]) for row in await town.rows("SELECT host FROM portal_buckets")}
        assert {PARTNER, OTHER} < kept
        assert len(kept) == 3


async def test_a_source_that_falls_silent_is_told_and_so_is_that_it_speaks_again(
    outside: Outside, clock: TownClock
) -> None:
    partner = new_partner(outside)
    more = {"SILENCE_ALERT_HOURS": "0.1", "DEALS_SYNC_INTERVAL": "86400"}  # nobody waits for a pass here
    async with exchanging(outside, partner, **more) as town:
        await town.says(ADMIN, "/version")
        await passes(town, 2 * MINUTE)
        number = partner.add_deal(TITLE="Курс")
        await passes(town, 5 * MINUTE)
        assert notices(town) == []  # it has been silent for five minutes of the seven
        await passes(town, 2 * MINUTE)
        [notice] = notices(town)
        assert head(notice).startswith(f"🟡 {PARTNER} tells of no deals; last event: ")
        assert "never" not in head(notice)
        edit(partner, number, TITLE="Другой курс")
        await passes(town, 4 * MINUTE)
        assert head(notices(town)[-1]).startswith(f"🟢 {PARTNER} tells of its deals again since")


async def test_a_source_that_never_told_of_anything_is_told_once_the_hub_waited_so_long(
    outside: Outside, clock: TownClock
) -> None:
    async with exchanging(outside, new_partner(outside), SILENCE_ALERT_HOURS="0.1") as town:
        await town.says(ADMIN, "/version")
        await passes(town, 5 * MINUTE)
        assert notices(town) == []
        await passes(town, 3 * MINUTE)
        assert head(notices(town)[0]).endswith("last event: never")
