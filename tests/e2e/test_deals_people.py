"""Whose deals they are: people and companies are matched at home, or made there once."""

from sandbox.bitrix24.entities import COMPANY
from sandbox.bitrix24.portal import WEBHOOK_USER
from sandbox.bitrix24.writing import add
from services.deals.model import Result
from tests.e2e.partner import OTHER, PARTNER, edit, exchanging, looked_at, new_partner, story, transferred
from tests.e2e.poll_forms import requests, sound
from tests.town import Outside


async def test_who_is_known_at_home_by_phone_or_mail_is_taken_and_never_changed(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    by_phone = home.add_contact(NAME="Аня", PHONE="9161234567")
    by_mail = home.add_contact(NAME="Боря", EMAIL="boris@example.com")
    before = {number: dict(row) for number, row in home.contacts.items()}
    async with exchanging(outside, partner) as town:
        anna = partner.add_contact(NAME="Анна", PHONE="+7 916 123-45-67", EMAIL="boris@example.com")
        boris = partner.add_contact(NAME="Борис", PHONE="+7 916 000-00-00", EMAIL="Boris@Example.com")
        partner.add_deal(TITLE="Курс", CONTACT_ID=anna)
        partner.add_deal(TITLE="Курс", CONTACT_ID=boris)
        await transferred(town)
        bound = {deal["ORIGIN_ID"]: deal["CONTACT_ID"] for deal in home.deals.values()}
        assert bound == {f"{PARTNER}:1": str(by_phone), f"{PARTNER}:2": str(by_mail)}
        assert home.contacts == before
        links = await town.rows("SELECT source_id, target_id FROM contact_links ORDER BY source_id")
        assert links == [(anna, by_phone), (boris, by_mail)]
        assert {key for _, key, _, _ in await story(town, "link")} == {str(by_phone), str(by_mail)}


async def test_a_new_contact_of_two_deals_at_once_is_made_once(outside: Outside) -> None:
    partners = [new_partner(outside), new_partner(outside, OTHER)]
    outside.portal.latency = 0.3
    async with exchanging(outside, *partners) as town:
        for each in partners:
            contact = each.add_contact(NAME="Анна", PHONE="+7 916 123-45-67", EMAIL="anna@example.com")
            for count in range(4):
                each.add_deal(TITLE=f"Курс {count}", CONTACT_ID=contact)
        await transferred(town)
        assert len(outside.portal.contacts) == 1
        assert len(outside.portal.deals) == 8
        assert {deal["CONTACT_ID"] for deal in outside.portal.deals.values()} == {"1"}
        assert sound(outside.portal)


async def test_all_contacts_of_a_deal_go_along_in_their_order_and_follow_its_changes(
    outside: Outside,
) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        people = [partner.add_contact(NAME=f"Имя {n}", PHONE=f"+7 916 000-00-0{n}") for n in range(3)]
        number = partner.add_deal(TITLE="Курс", CONTACT_IDS=[people[2], people[0]])
        await transferred(town)
        [target] = home.deals
        assert names(outside, target) == ["Имя 2", "Имя 0"]
        edit(partner, number, CONTACT_IDS=[people[1]])
        await transferred(town)
        assert names(outside, target) == ["Имя 1"]
        requests(home)
        edit(partner, number, CONTACT_IDS=[])
        await transferred(town)
        assert names(outside, target) == []
        assert await looked_at(town, number) == Result("success", target, "unchanged")


def names(outside: Outside, deal: int) -> list[str]:
    rows = outside.portal.bindings[deal]
    return [outside.portal.contacts[row["CONTACT_ID"]]["NAME"] for row in rows]


async def test_several_phones_of_one_are_all_looked_for_and_all_kept(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    known = home.add_contact(NAME="Аня", PHONE="+7 921 000-00-00")
    async with exchanging(outside, partner) as town:
        phones = [{"VALUE": each, "VALUE_TYPE": "WORK"} for each in ("+7 916 000-00-00", "8 921 000 00 00")]
        one = partner.add_contact(NAME="Анна", PHONE=phones)
        new = [{"VALUE": each, "VALUE_TYPE": "WORK"} for each in ("+7 900 000-00-01", "+7 900 000-00-02")]
        two = partner.add_contact(NAME="Ольга", PHONE=new)
        three = partner.add_contact(NAME="Оля", PHONE="8 900 000-00-02")
        partner.add_deal(TITLE="Курс", CONTACT_IDS=[one, two, three])
        await transferred(town)
        assert names(outside, 1) == ["Аня", "Ольга"]
        values = [row["VALUE"] for row in home.contacts[known + 1]["PHONE"]]
        assert values == ["+79000000001", "+79000000002"]
        assert sound(home)


async def test_who_has_neither_phone_nor_mail_is_made_once_by_origin(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        contact = partner.add_contact(NAME="Без телефона")
        for _ in range(2):
            partner.add_deal(TITLE="Курс", CONTACT_ID=contact)
        await transferred(town)
        assert [row["ORIGIN_ID"] for row in home.contacts.values()] == [f"{PARTNER}:{contact}"]


async def test_an_address_that_the_portal_does_not_like_is_left_out(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        contact = partner.add_contact(NAME="Анна", PHONE="+7 916 000-00-00", EMAIL="anna@example.com")
        partner.contacts[contact]["EMAIL"][0]["VALUE"] = "анна@пример.рф"
        partner.add_deal(TITLE="Курс", CONTACT_ID=contact)
        await transferred(town)
        [row] = home.contacts.values()
        assert (row["NAME"], row["EMAIL"], row["PHONE"][0]["VALUE"]) == ("Анна", [], "+79160000000")


async def test_a_company_is_found_by_its_title_or_made_once(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    known = add(home, home.entities[COMPANY], {"TITLE": "ООО «Ромашка»"}, WEBHOOK_USER)
    async with exchanging(outside, partner) as town:
        titles = ("ООО «РОМАШКА»", "АО «Вектор»")
        companies = [
            add(partner, partner.entities[COMPANY], {"TITLE": each}, WEBHOOK_USER) for each in titles
        ]
        for company in (*companies, companies[1]):
            partner.add_deal(TITLE="Курс", COMPANY_ID=company)
        await transferred(town)
        assert [row["TITLE"] for row in home.companies.values()] == ["ООО «Ромашка»", "АО «Вектор»"]
        bound = {deal["ORIGIN_ID"]: deal["COMPANY_ID"] for deal in home.deals.values()}
        assert bound == {f"{PARTNER}:1": str(known), f"{PARTNER}:2": "2", f"{PARTNER}:3": "2"}


async def test_a_contact_that_is_gone_at_the_source_keeps_nobody_waiting(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        contact = partner.add_contact(NAME="Анна", PHONE="+7 916 000-00-00")
        partner.add_deal(TITLE="Курс", CONTACT_ID=contact)
        del partner.contacts[contact]
        await transferred(town)
        assert (len(outside.portal.deals), len(outside.portal.contacts)) == (1, 0)
