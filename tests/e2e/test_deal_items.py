"""/deal and /check of deals: staff look them up, and one without a twin is transferred now."""

import pytest

from tests.e2e.operating import answer, confirm
from tests.e2e.reconciling import PARTNER, at_work, partner_of, pass_by
from tests.e2e.wording import head, link_buttons, words
from tests.town import ADMIN, BORIS, CHEN, HOME_PORTAL, Outside

STAFF = {"STAFF_IDS": str(BORIS), "DEALS_SYNC_INTERVAL": "86400"}
OTHER = "partner2.bitrix24.ru"


async def test_a_deal_without_a_twin_is_offered_and_transferred_at_once(outside: Outside) -> None:
    partner = partner_of(outside)
    async with at_work(outside, **STAFF) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="1000.00", CURRENCY_ID="RUB", STAGE_ID="NEW")
        offer = answer(town, await town.says(ADMIN, f"/deal {number}"))
        assert head(offer) == words("proposal-new-deal")
        assert "Курс" in offer.text
        assert words("fact-sum", value="1000.00 RUB") in offer.text
        await confirm(town, offer)
        asked = words("inquiry-stage", domain=PARTNER, stage="Общая: Новая")  # the built-in file has no table
        assert [head(each) for each in town.sent(ADMIN)[-2:]] == [words("added-deal"), asked]
        [twin] = outside.portal.deals
        for wanted in (f"deal {number}", f"сделка №{number}", f"{PARTNER}/{number}", f"{HOME_PORTAL}/{twin}"):
            shown = answer(town, await town.says(BORIS, f"/check {wanted}"))
            assert head(shown) == words("listed-deal", "ru")
            assert words("fact-twin", "ru", value=str(twin)) in shown.text
            assert link_buttons(shown) == [f"https://{HOME_PORTAL}/crm/deal/details/{twin}/"]


async def test_the_address_of_a_deals_page_is_understood(outside: Outside) -> None:
    number = partner_of(outside).add_deal(TITLE="Курс")
    async with at_work(outside, **STAFF) as town:
        page = f"https://{PARTNER}/crm/deal/details/{number}/"
        offer = answer(town, await town.says(BORIS, f"/deal {page}"))
        assert words("fact-source-deal", "ru", value=f"{PARTNER}/{number}") in offer.text


async def test_with_several_sources_a_bare_number_is_the_home_portals(outside: Outside) -> None:
    number = partner_of(outside).add_deal(TITLE="Курс")
    async with at_work(outside, PARTNER, OTHER, **STAFF) as town:
        told = answer(town, await town.says(BORIS, f"/deal {number}"))
        assert told.text == words("error-no-deal", "ru")
        offer = answer(town, await town.says(BORIS, f"/deal {PARTNER}/{number}"))
        assert "Курс" in offer.text


@pytest.mark.parametrize("wanted", ["", " 0", " -1", " abc", " " + "9" * 20, " evil-bitrix24.ru/1", " 1.5"])
async def test_what_names_no_deal_is_answered_with_the_usage(outside: Outside, wanted: str) -> None:
    async with at_work(outside, **STAFF) as town:
        told = answer(town, await town.says(BORIS, f"/deal{wanted}"))
        assert told.text == words("deal-usage", "ru")


async def test_a_deal_that_no_portal_has_is_told_and_strangers_are_told_nothing(outside: Outside) -> None:
    async with at_work(outside, **STAFF) as town:
        assert answer(town, await town.says(BORIS, "/deal 999")).text == words("error-no-deal", "ru")
        await town.says(CHEN, "/deal 999")
        assert town.last(CHEN).text == words("error-not-staff")
