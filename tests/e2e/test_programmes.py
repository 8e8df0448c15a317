"""Poll forms become contacts and deals: once, whatever happens, and in as few requests as it takes."""

import asyncio

from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from tests.e2e.poll_forms import (
    CHESS,
    FORM,
    MATHS,
    PHYSICS,
    a_form,
    at_work,
    finished,
    hand_in,
    number_of,
    requests,
    sound,
    standing,
)
from tests.town import Outside


async def test_a_form_becomes_a_contact_and_a_deal_for_each_programme(outside: Outside) -> None:
    portal = outside.portal
    async with at_work(outside) as town:
        response = await hand_in(
            town, a_form("s-1", MATHS, PHYSICS, answers={"Класс": 11, "Спорт": ["бег", "лыжи"]})
        )
        assert response.status_code == 200, response.text
        [contact] = portal.contacts
        answer = response.json()
        assert answer == {
            "status": "success",
            "contact_id": contact,
            "deal_ids": answer["deal_ids"],
            "unknown_programs": [],
        }
        assert set(answer["deal_ids"]) == {MATHS, PHYSICS}
        row = portal.contacts[contact]
        assert (row["NAME"], row["LAST_NAME"], row["ORIGINATOR_ID"], row["ORIGIN_ID"]) == (
            "Анна",
            "Смирнова",
            "switchboard",
            "poll:s-1",
        )
        assert row["PHONE"][0]["VALUE"] == "+79161234567"
        deal = portal.deals[answer["deal_ids"][MATHS]]
        maths = number_of(portal, PROGRAMMES, MATHS)
        wanted = {
            "TITLE": f"{MATHS} — Анна Смирнова",
            "CONTACT_ID": str(contact),
            "COMMENTS": "Класс: 11\nСпорт: бег, лыжи",
            "SOURCE_DESCRIPTION": FORM,
            "ORIGINATOR_ID": "switchboard",
            "ORIGIN_ID": f"poll:s-1:{maths}",
            f"PARENT_ID_{PROGRAMMES}": str(maths),
            f"PARENT_ID_{POLL_FORMS}": "1",
        }
        assert {name: str(deal[name]) for name in wanted} == wanted
        assert sound(portal)


async def test_two_requests_cold_and_one_when_all_is_known(outside: Outside) -> None:
    async with at_work(outside) as town:
        requests(outside.portal)
        assert (await hand_in(town, a_form("s-1", MATHS, PHYSICS, CHESS))).json()["status"] == "success"
        assert requests(outside.portal) == 2
        assert (await hand_in(town, a_form("s-2", CHESS, MATHS, PHYSICS))).json()["status"] == "success"
        assert requests(outside.portal) == 1
        assert len(outside.portal.contacts) == 1
        assert (await standing(town, "s-2")).json()["status"] == "success"
        assert (await standing(town, "s-3")).status_code == 404


async def test_two_requests_when_the_contact_alone_is_known_and_when_the_contact_alone_is_not(
    outside: Outside,
) -> None:
    async with at_work(outside) as town:
        await hand_in(town, a_form("s-1", MATHS))
        requests(outside.portal)
        answer = (await hand_in(town, a_form("s-2", MATHS, PHYSICS, CHESS))).json()
        assert (answer["status"], requests(outside.portal)) == ("success", 2)
        answer = (await hand_in(town, a_form("s-3", MATHS, PHYSICS, CHESS, phone="+7 916 765-43-21"))).json()
        assert (answer["status"], requests(outside.portal)) == ("success", 2)
        assert len(outside.portal.contacts) == 2


async def test_ten_programmes_take_no_more_requests_than_one(outside: Outside) -> None:
    titles = [f"Курс № {number}" for number in range(10)]
    for title in titles:
        outside.portal.add_item(PROGRAMMES, TITLE=title)
    async with at_work(outside) as town:
        requests(outside.portal)
        counts = []
        for name in ("s-1", "s-2"):
            answer = (await hand_in(town, a_form(name, *titles, email="anna@example.com"))).json()
            assert (answer["status"], len(answer["deal_ids"])) == ("success", 10)
            counts.append(requests(outside.portal))
        assert counts == [2, 1]


async def test_the_same_form_again_has_the_same_answer_and_no_effect(outside: Outside) -> None:
    async with at_work(outside) as town:
        first = await hand_in(town, a_form("s-1", MATHS))
        again = await hand_in(town, a_form("s-1", MATHS))
        assert again.json() == first.json() | {"status": "duplicate"}
        other = await hand_in(town, a_form("s-1", PHYSICS))
        assert other.status_code == 409
        assert len(outside.portal.deals) == 1


async def test_ten_spellings_of_a_phone_are_one_contact(outside: Outside) -> None:
    spellings = [
        "+7 (916) 123-45-67",
        "8 (916) 123-45-67",
        "89161234567",
        "79161234567",
        "9161234567",
        "007 916 123 45 67",
        "+7 916 123 45 67;12",
        "8-916-123-45-67 доб. 12",
        "8 10 7 916 1234567",
        "＋７ ９１６ １２３ ４５ ６７",
    ]
    async with at_work(outside, CACHE_ENABLED="false") as town:
        for number, phone in enumerate(spellings):
            response = await hand_in(town, a_form(f"s-{number}", MATHS, phone=phone))
            assert response.json()["status"] == "success"
    assert len(outside.portal.contacts) == 1
    assert len(outside.portal.deals) == len(spellings)


async def test_a_contact_that_is_there_is_taken_and_never_changed(outside: Outside) -> None:
    portal = outside.portal
    by_email = portal.add_contact(NAME="Старая", EMAIL="anna@example.com")
    younger_phone = [portal.add_contact(NAME=name, PHONE="9161234567") for name in ("Первая", "Вторая")]
    before = {number: dict(row) for number, row in portal.contacts.items()}
    async with at_work(outside) as town:
        answer = (await hand_in(town, a_form("s-1", MATHS, email="anna@example.com"))).json()
        assert answer["contact_id"] == younger_phone[0] != by_email
        assert portal.contacts == before
        [chosen] = await town.rows("SELECT key, after FROM journal WHERE action = 'choose'")
        assert chosen[0] == str(younger_phone[0])
        comments = portal.deals[answer["deal_ids"][MATHS]]["COMMENTS"]
        assert comments == (
            "Name in the form: Анна Смирнова\nPhone in the form: +7 916 123-45-67\n"
            "E-mail in the form: anna@example.com"
        )
        answer = (await hand_in(town, a_form("s-2", MATHS, phone=None, email="Anna@Example.com"))).json()
        assert answer["contact_id"] == by_email


async def test_a_cached_contact_that_is_gone_is_looked_up_anew(outside: Outside) -> None:
    async with at_work(outside) as town:
        first = (await hand_in(town, a_form("s-1", MATHS))).json()["contact_id"]
        del outside.portal.contacts[first]
        requests(outside.portal)
        answer = (await hand_in(town, a_form("s-2", MATHS))).json()
        assert answer["status"] == "success"
        assert [answer["contact_id"]] == list(outside.portal.contacts)
        assert requests(outside.portal) == 3  # the cached one, the look-up, and what it made
        [row] = await town.rows("SELECT count(*) FROM invalidations WHERE region = 'contact'")
        assert row == (1,)


async def test_a_programme_chosen_twice_is_one_deal(outside: Outside) -> None:
    async with at_work(outside) as town:
        answer = (await hand_in(town, a_form("s-1", MATHS, "математика \t БАЗА"))).json()
        assert list(answer["deal_ids"]) == [MATHS]
        assert len(outside.portal.deals) == 1


async def test_two_hundred_programmes_take_several_requests_and_none_twice(outside: Outside) -> None:
    titles = [f"Курс № {number}" for number in range(200)]
    for title in titles:
        outside.portal.add_item(PROGRAMMES, TITLE=title)
    async with at_work(outside) as town:
        await hand_in(town, a_form("s-1", *titles))
        await town.settle()
        answer = (await standing(town, "s-1")).json()
        assert answer["status"] == "success"
        assert len(set(answer["deal_ids"].values())) == len(outside.portal.deals) == 200
        assert sound(outside.portal)
        assert requests(outside.portal) < 20


async def test_forms_of_one_new_phone_at_one_moment_make_one_contact(outside: Outside) -> None:
    outside.portal.latency = 1.0
    async with at_work(outside) as town:
        answers = await asyncio.gather(*(hand_in(town, a_form(f"s-{n}", MATHS)) for n in range(8)))
        await finished(town)
        assert {each.status_code for each in answers} <= {200, 202}
        stand = [(await standing(town, f"s-{n}")).json() for n in range(8)]
        assert {each["status"] for each in stand} == {"success"}
        assert len(outside.portal.contacts) == 1
        assert len(outside.portal.deals) == 8
        assert sound(outside.portal)


async def test_what_is_made_stands_in_the_settings_funnel_with_all_that_was_given_and_in_the_journal(
    outside: Outside,
) -> None:
    portal = outside.portal
    portal.dictionaries.add_funnel(5, "Курсы")
    title = "К" * 250
    portal.add_item(PROGRAMMES, TITLE=title)
    async with at_work(outside, PROGRAM_DEAL_CATEGORY_ID="5") as town:
        answer = (await hand_in(town, a_form("s-1", title, MATHS, email="Anna@Example.com"))).json()
        assert {deal["CATEGORY_ID"] for deal in portal.deals.values()} == {"5"}
        assert portal.deals[answer["deal_ids"][title]]["TITLE"] == f"{title} — Ан"
        [contact] = portal.contacts.values()
        assert [each["VALUE"] for each in contact["EMAIL"]] == ["anna@example.com"]
        told = await town.rows("SELECT actor, action, kind, key FROM journal ORDER BY id")
        made = [("contact", answer["contact_id"]), *(("deal", each) for each in answer["deal_ids"].values())]
        assert told == [("poll_form", "add", kind, str(number)) for kind, number in made]
