"""A deal or its twin is deleted, and people are asked what becomes of the other one."""

from services.deals.model import Result
from tests.e2e.council import OFFICE
from tests.e2e.deals_asking import a_deal, answers, asking, at_rest, labels
from tests.e2e.partner import PARTNER, delete, edit, looked_at, new_partner, story
from tests.e2e.poll_forms import sound
from tests.e2e.wording import words
from tests.town import Outside


async def test_a_deleted_deals_twin_is_deleted_for_who_says_so(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(partner, number)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert card.text == words("inquiry-deleted", deal=f"{PARTNER}/{number}", title="Курс")
        assert len(home.deals) == 1
        await answers(town, words("inquiry-delete-twin"))
        assert home.deals == {}
        assert [key for _, key, _, _ in await story(town, "remove")] == [f"{PARTNER}/{number}"]
        assert await town.scalar("SELECT count(*) FROM deal_links WHERE deleted_at IS NOT NULL") == 1
        assert len(town.sent(OFFICE)) == 1, "nobody is asked about a twin that was deleted on purpose"


async def test_a_deleted_deals_twin_stays_for_who_says_so(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(partner, number)
        await at_rest(town)
        await answers(town, words("inquiry-leave-twin"))
        assert await looked_at(town, number, asked=True) == Result("skipped", 1, "deleted")
        assert (len(home.deals), len(town.sent(OFFICE))) == (1, 1)


async def test_a_deal_that_is_back_keeps_its_twin_whatever_was_asked(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        row = partner.deals[number]
        delete(partner, number)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        partner.deals[number] = row  # out of the recycle bin, and no event tells of it yet
        await answers(town, words("inquiry-delete-twin"), card)
        assert list(home.deals) == [1]
        delete(partner, number)
        await at_rest(town)
        again = town.last(OFFICE)
        partner.deals[number] = row
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert (len(town.sent(OFFICE)), labels(again)) == (2, [])
        assert home.deals[1]["TITLE"] == "Другой"


async def test_a_twin_that_is_gone_is_made_anew_for_who_says_so(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(home, 1)
        await at_rest(town)
        for title in ("А", "Б"):
            edit(partner, number, TITLE=title)
            await at_rest(town)
        [card] = town.sent(OFFICE)
        assert words("inquiry-anew") in labels(card)
        await answers(town, words("inquiry-anew"))
        assert [twin["TITLE"] for twin in home.deals.values()] == ["Б"]
        assert sound(home)


async def test_a_twin_that_is_to_stay_deleted_is_not_asked_about_again(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(home, 1)
        await at_rest(town)
        await answers(town, words("inquiry-leave-gone"))
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert (home.deals, len(town.sent(OFFICE))) == ({}, 1)


async def test_a_twin_that_somebody_asks_for_meanwhile_settles_the_question(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(home, 1)
        await at_rest(town)
        await looked_at(town, number, asked=True)
        await at_rest(town)
        assert (len(home.deals), labels(town.last(OFFICE))) == (1, [])
