"""The reconcile: what events had not told of is found in the portals' lists and repaired."""

from typing import Any

import httpx
import pytest

from sandbox.bitrix24.ledger import Call
from sandbox.bitrix24.portal import Portal
from services.deals import walk
from tests.e2e.conftest import Log
from tests.e2e.other_portal import answering
from tests.e2e.reconciling import (
    PARTNER,
    at_work,
    change,
    counted,
    orders,
    partner_of,
    pass_by,
    passes,
)
from tests.town import API_KEY, HOME_PORTAL, Outside, Town

OTHER = "partner2.bitrix24.ru"
LIST = "crm.deal.list"


def twins(outside: Outside) -> dict[str, str]:
    """The titles of the home portal's deals by their origin."""
    return {deal["ORIGIN_ID"]: deal["TITLE"] for deal in outside.portal.deals.values()}


def lists(portal: Portal) -> list[Any]:
    """What each list that was asked for was to hold."""
    return [one.params for one in portal.ledger.of(LIST)]


async def quiet(town: Town) -> None:
    """Let passes go by until one looks at nothing any more, in any portal."""
    for _ in range(12):
        await pass_by(town)
        if not any(tally["ordered"] for tally in (await passes(town))[-1].values()):
            return
    raise AssertionError("deals are looked at again and again")


async def test_deals_that_no_event_told_of_get_their_twins(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside) as town:
        await pass_by(town)
        first, second = partner.add_deal(TITLE="Курс"), partner.add_deal(TITLE="Другой")
        assert await pass_by(town) == {"changed": 2, "ordered": 2, "created": 2, "missed": 2}
        assert twins(outside) == {f"{PARTNER}:{first}": "Курс", f"{PARTNER}:{second}": "Другой"}
        assert {name for asked in lists(partner) for name in asked["select"]} == {"ID", "DATE_MODIFY"}


async def test_what_was_changed_later_is_found_and_what_is_known_is_left_alone(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside) as town:
        await pass_by(town)
        numbers = [partner.add_deal(TITLE=f"№ {n}") for n in range(3)]
        await quiet(town)
        before = len(await orders(town))
        partner.ledger.clear()
        change(partner, numbers[1], TITLE="Новое")
        assert counted((await _next(town)), PARTNER) == {
            "changed": 1,
            "ordered": 1,
            "updated": 1,
            "missed": 1,
        }
        assert twins(outside)[f"{PARTNER}:{numbers[1]}"] == "Новое"
        assert [each["id"] for each in (await orders(town))[before:]][:1] == [numbers[1]]
        await quiet(town)
        partner.ledger.clear()
        assert await pass_by(town) == {}
        assert partner.ledger.requests == 1


async def _next(town: Town) -> dict[str, Any]:
    await pass_by(town)
    return (await passes(town))[-1]


async def test_what_was_changed_before_the_hub_knew_the_portal_is_nobodys_wish(outside: Outside) -> None:
    partner_of(outside).add_deal(TITLE="Старая")
    await outside.clock.leap(3600)  # type: ignore[attr-defined]
    async with at_work(outside) as town:
        await pass_by(town)
        assert await pass_by(town) == {}
        assert twins(outside) == {}


async def test_what_happened_while_the_hub_was_down_is_found_by_few_requests(outside: Outside) -> None:
    partner, terms = partner_of(outside), {"DEALS_SYNC_INTERVAL": "600"}
    async with at_work(outside, **terms) as town:
        await pass_by(town)
    for number in range(500):
        partner.add_deal(TITLE=f"№ {number}")
    await outside.clock.leap(1800)  # type: ignore[attr-defined]
    partner.ledger.clear()
    async with at_work(outside, **terms) as town:
        found = await pass_by(town)
        assert found == {"changed": 500, "ordered": 500, "created": 500, "missed": 500}
        pages, reads = 500 // 50, 2 * 500 // 20
        assert partner.ledger.requests <= 1.2 * (pages + reads)
        assert len([one for one in partner.ledger.calls if _asks_for_a_list(one)]) <= 3
    assert len(twins(outside)) == len(outside.portal.deals) == 500


def _asks_for_a_list(call: Call) -> bool:
    return any(one.method == LIST for one in call.commands)


async def test_an_edit_of_a_twin_is_found_and_a_strangers_deal_at_home_is_not(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside) as town:
        await pass_by(town)
        partner.add_deal(TITLE="Курс")
        await quiet(town)
        [twin] = outside.portal.deals
        change(outside.portal, twin, TITLE="Испорчено")
        outside.portal.add_deal(TITLE="Чужая", ORIGINATOR_ID="another", ORIGIN_ID=f"{PARTNER}:1")
        outside.portal.add_deal(TITLE="Без источника", ORIGINATOR_ID="switchboard", ORIGIN_ID="gone.ru:1")
        found = counted(await _next(town), HOME_PORTAL)
        assert found == {"changed": 1, "ordered": 1, "updated": 1, "missed": 1}
        assert outside.portal.deals[twin]["TITLE"] == "Курс"
        assert (await orders(town))[-1]["side"] == "home"


def unfiltered(method: str, asked: dict[str, Any], result: Any) -> Any:
    """Filters are dropped in silence, as by a portal that has no such field: everything comes."""
    if method != LIST or not isinstance(result, list):
        return result
    return [{"ID": "900", "DATE_MODIFY": "2020-01-01T00:00:00+03:00", "ORIGINATOR_ID": "x"}, *result][:50]


async def test_a_portal_that_drops_filters_makes_no_orders(outside: Outside) -> None:
    with answering(unfiltered):
        async with at_work(outside) as town:
            await pass_by(town)
            assert await pass_by(town) == {}
            assert await orders(town) == []


async def test_a_pass_that_was_cut_off_goes_on_where_it_was(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "BATCH", 3)
    partner = partner_of(outside)
    async with at_work(outside) as town:
        await pass_by(town)
        numbers = [partner.add_deal(TITLE=f"№ {n}") for n in range(8)]
        outside.portal.latency = 30
        while not await orders(town):
            await town.clock.advance(5)  # type: ignore[attr-defined]
        assert len(await orders(town)) == 3
    outside.portal.latency = 0
    partner.ledger.clear()
    async with at_work(outside) as town:
        assert await pass_by(town) == {"changed": 8, "ordered": 8, "created": 8, "missed": 8}
        ordered = [each["id"] for each in await orders(town) if each["side"] == "source"]
        assert ordered == numbers
        assert [int(asked["filter"][">ID"]) for asked in lists(partner)[:1]] == [numbers[2]]
    assert len(twins(outside)) == len(outside.portal.deals) == 8


async def test_a_portal_that_is_away_delays_its_own_deals_alone(outside: Outside, log: Log) -> None:
    here, away = partner_of(outside), partner_of(outside, OTHER)
    async with at_work(outside, PARTNER, OTHER) as town:
        await pass_by(town)
        here.add_deal(TITLE="Здесь")
        away.add_deal(TITLE="Там")
        away.faults.plan("html", times=None)
        assert await pass_by(town) == {"changed": 1, "ordered": 1, "created": 1, "missed": 1}
        assert "502" in (await passes(town))[-1][OTHER]["away"]
        assert [line["details"]["portal"] for line in log.events("reconcile.away")] == [OTHER]
        await pass_by(town)
        away.faults.clear()
        await pass_by(town)
        await pass_by(town)
        assert sorted(twins(outside).values()) == ["Здесь", "Там"]


async def test_what_waits_for_an_event_is_no_drift(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс")
        hub = town.switchboard.hub
        payload = f'{{"domain":"{PARTNER}","id":{number},"side":"source","asked":false}}'
        await hub.inbox.accept("deals", f"deal:{PARTNER}:{number}", None, payload)
        assert await drift(town) == 0
        await pass_by(town)
        found = counted((await passes(town))[-1])
        assert "missed" not in found
        partner.add_deal(TITLE="Молча")
        await pass_by(town)
        assert await drift(town) == 1


async def drift(town: Town) -> float:
    """What /metrics tells of the partner."""
    async with httpx.AsyncClient(base_url=town.address, headers={"X-API-Key": API_KEY}) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return float(
        next(line.split()[-1] for line in lines if line.startswith(f'deal_drift{{domain="{PARTNER}"'))
    )
