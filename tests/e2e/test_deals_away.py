"""Deals while a portal is away for long: they wait, and nothing of them is given up."""

from tests.e2e.partner import edit, exchanging, new_partner, transferred
from tests.town import Outside, TownClock

HOUR = 3600.0


async def test_a_deal_outlives_an_hour_in_which_its_portal_is_away(
    outside: Outside, clock: TownClock
) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400") as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await transferred(town)
        outside.portal.faults.plan("html", times=None)
        edit(partner, number, TITLE="Курс, правка")
        await town.rest()
        await clock.advance(HOUR)
        assert await town.rows("SELECT id FROM jobs WHERE state = 'dead'") == []
        outside.portal.faults.clear()
        await transferred(town, 24 * HOUR)
    [twin] = outside.portal.deals.values()
    assert twin["TITLE"] == "Курс, правка"
