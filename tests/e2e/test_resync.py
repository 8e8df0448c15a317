"""/resync: deals are compared because somebody asks; one message tells how it goes."""

from typing import Any

import pytest

from tests.e2e.operating import answer
from tests.e2e.reconciling import PARTNER, at_work, orders, partner_of, pass_by, passes
from tests.e2e.wording import words
from tests.town import ADMIN, CHEN, GROUP, Outside, Town

SELDOM = {"DEALS_SYNC_INTERVAL": "86400"}
ONE: dict[str, Any] = {
    "changed": 2,
    "count": 2,
    "created": 1,
    "updated": 0,
    "unchanged": 1,
    "conflict": 0,
    "failed": 0,
}


async def settled(town: Town, seconds: int = 20) -> None:
    """Let what was asked for come to its end."""
    for _ in range(seconds):
        await town.clock.advance(1)  # type: ignore[attr-defined]


async def test_one_message_tells_how_it_goes_and_ends_with_the_counts(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside, **SELDOM) as town:
        await settled(town)
        partner.add_deal(TITLE="Курс")
        told = answer(town, await town.says(ADMIN, "/resync deals"))
        assert told.text == words("resync-begun")
        await settled(town)
        assert told.text == words("resync-over", missed=1, **ONE)
        assert [deal["TITLE"] for deal in outside.portal.deals.values()] == ["Курс"]
        journal = await town.rows("SELECT actor, kind FROM journal WHERE action = 'resync'")
        assert journal == [(f"user:{ADMIN}", "deal")]


async def test_a_second_joins_the_one_on_its_way(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside, **SELDOM) as town:
        await settled(town)
        before = len(await passes(town))
        partner.add_deal(TITLE="Курс")
        outside.portal.latency = 5
        first = town.world.send_text(ADMIN, ADMIN, "/resync deals")
        await settled(town, 4)
        second = town.world.send_text(GROUP, ADMIN, f"/resync@{town.world.bot.username} deals")
        await settled(town, 60)
        assert len(await passes(town)) == before + 1
        for asked in (first, second):
            assert answer(town, asked).text == words("resync-over", missed=1, **ONE)


async def test_a_dry_one_counts_and_changes_nothing(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside, **SELDOM) as town:
        await settled(town)
        partner.add_deal(TITLE="Курс")
        told = answer(town, await town.says(ADMIN, "/resync deals dry"))
        await settled(town, 5)
        assert told.text == words("resync-counted", changed=1, count=1)
        assert outside.portal.deals == {}
        assert await orders(town) == []


async def test_a_portal_that_is_away_is_told(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside, **SELDOM) as town:
        await settled(town)
        partner.faults.plan("html", times=None)
        told = answer(town, await town.says(ADMIN, "/resync deals"))
        await settled(town, 60)
        assert (
            words("resync-away", domain=PARTNER, reason="bitrix24: crm.deal.list").split("\n")[0] in told.text
        )
        assert "answers 502" in told.text


@pytest.mark.parametrize("wanted", ["", " orders", " deals now", " deals dry dry"])
async def test_what_is_nothing_to_compare_is_answered_with_the_usage(outside: Outside, wanted: str) -> None:
    async with at_work(outside, **SELDOM) as town:
        told = answer(town, await town.says(ADMIN, f"/resync{wanted}"))
        assert told.text == words("resync-usage")


async def test_others_are_refused(outside: Outside) -> None:
    async with at_work(outside, **SELDOM) as town:
        await pass_by(town)
        await town.says(CHEN, "/resync deals")
        assert town.last(CHEN).text == words("error-not-allowed")
        await settled(town)
        assert len(await passes(town)) == 1


async def test_on_postgresql_too(outside: Outside, postgres_url: str) -> None:
    partner = partner_of(outside)
    async with at_work(outside, DATABASE_URL=postgres_url, SECRET_KEY="k" * 32, **SELDOM) as town:
        await settled(town)
        partner.add_deal(TITLE="Курс")
        told = answer(town, await town.says(ADMIN, "/resync deals"))
        await settled(town)
        assert told.text == words("resync-over", missed=1, **ONE)
