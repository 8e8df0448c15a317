"""Poll forms with portals that answer in other ways than the stand-in: all of them are met outside."""

from typing import Any

import pytest

from sandbox.bitrix24.php import as_list, as_map
from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from sandbox.bitrix24.user_fields import add_user_field
from tests.e2e.other_portal import answering
from tests.e2e.poll_forms import (
    CHESS,
    MATHS,
    PHYSICS,
    a_form,
    at_work,
    finished,
    hand_in,
    requests,
    sound,
    standing,
)
from tests.e2e.wording import head, words
from tests.town import ADMIN, Outside


def exact(method: str, asked: dict[str, Any], result: Any) -> Any:
    """Texts are compared letter by letter."""
    wanted = as_map(asked.get("filter"))
    if method != "crm.item.list" or not (titles := wanted.get("@title") or wanted.get("=%title")):
        return result
    return {"items": [row for row in result["items"] if row["title"] in as_list(titles)]}


async def test_titles_of_a_portal_that_takes_case_are_the_same_in_any_case(outside: Outside) -> None:
    with answering(exact):
        async with at_work(outside) as town:
            answer = (await hand_in(town, a_form("s-1", MATHS.upper(), PHYSICS))).json()
            assert (answer["status"], answer["unknown_programs"]) == ("success", [])
            await town.says(ADMIN, f"/programme {CHESS.upper()}")
            assert head(town.last(ADMIN)) == words("listed-programme")
            assert len(outside.portal.deals) == 2


def shuffled(method: str, asked: dict[str, Any], result: Any) -> Any:
    """No order is kept."""
    if method == "crm.item.list" and ">id" not in as_map(asked.get("filter")):
        return {"items": sorted(result["items"], key=lambda row: str(row["id"]))}
    if method == "crm.deal.list":
        return list(reversed(result))
    return result


async def test_of_several_programmes_with_one_title_the_first_is_taken_in_whatever_order_they_come(
    outside: Outside,
) -> None:
    portal = outside.portal
    portal.add_item(POLL_FORMS, TITLE="Анкета")
    numbers = [portal.add_item(PROGRAMMES, TITLE=MATHS) for _ in range(12)]
    del portal.items[PROGRAMMES][numbers[0]]
    with answering(shuffled):
        async with at_work(outside) as town:
            await hand_in(town, a_form("s-1", MATHS))
            [deal] = portal.deals.values()
            assert deal[f"PARENT_ID_{PROGRAMMES}"] in {numbers[1], str(numbers[1])}


@pytest.mark.parametrize("written", ["ufCrm5Poll", "ufCrm_5_POLL", "UF_CRM_5_POLL"])
@pytest.mark.parametrize("value", [900, "900", 900.0, "900.00", ["900"], {"1": 900}])
async def test_a_forms_own_field_is_read_however_the_portal_writes_its_name_and_value(
    outside: Outside, written: str, value: Any
) -> None:
    portal = outside.portal
    add_user_field(portal, {"FIELD_NAME": "UF_CRM_5_POLL", "USER_TYPE_ID": "double"}, POLL_FORMS)

    def other(method: str, asked: dict[str, Any], result: Any) -> Any:
        if method == "crm.item.list" and str(asked["entityTypeId"]) == str(POLL_FORMS):
            for row in result["items"]:
                row.pop("UF_CRM_5_POLL")
                row[written] = value
        return result

    with answering(other):
        async with at_work(outside, POLL_FORM_ID_FIELD="UF_CRM_5_POLL") as town:
            portal.items[POLL_FORMS][1]["UF_CRM_5_POLL"] = "900"
            answer = (await hand_in(town, a_form("s-1", MATHS, poll_id=900))).json()
            assert answer["status"] == "success"


async def test_the_items_number_may_be_named_as_if_it_were_a_field_of_ones_own(outside: Outside) -> None:
    asked_by: list[str] = []

    def other(method: str, asked: dict[str, Any], result: Any) -> Any:
        if method == "crm.item.list":
            asked_by.extend(as_map(asked["filter"]))
        return result

    with answering(other):
        async with at_work(outside, POLL_FORM_ID_FIELD="ID") as town:
            assert (await hand_in(town, a_form("s-1", MATHS))).json()["status"] == "success"
    assert asked_by == ["id", "@title"]  # portals know no field `ID` here


@pytest.mark.parametrize("nobody", [None, [], {}, {"CONTACT": []}, {"CONTACT": None}])
async def test_nobody_is_nobody_however_the_portal_says_so(outside: Outside, nobody: Any) -> None:
    def other(method: str, asked: dict[str, Any], result: Any) -> Any:
        return nobody if method == "crm.duplicate.findbycomm" else result

    with answering(other):
        async with at_work(outside) as town:
            answer = (await hand_in(town, a_form("s-1", MATHS, email="anna@example.com"))).json()
            assert answer["status"] == "success"


@pytest.mark.parametrize("found", [{"3": "8", "5": "7"}, ["8", 7], [8, 7]])
async def test_contacts_are_found_however_the_portal_lists_them(outside: Outside, found: Any) -> None:
    for number in range(8):
        outside.portal.add_contact(NAME=f"№ {number}")

    def other(method: str, asked: dict[str, Any], result: Any) -> Any:
        return {"CONTACT": found} if method == "crm.duplicate.findbycomm" else result

    with answering(other):
        async with at_work(outside) as town:
            answer = (await hand_in(town, a_form("s-1", MATHS))).json()
            assert (answer["status"], answer["contact_id"]) == ("success", 7)


@pytest.mark.parametrize("odd", [None, True, False, 0, "", [], {"id": "x"}])
@pytest.mark.parametrize("strange", ["crm.contact.add", "crm.deal.add"])
async def test_what_is_made_and_not_told_in_numbers_is_made_once(
    outside: Outside, strange: str, odd: Any
) -> None:
    odd_ones = [odd]

    def other(method: str, asked: dict[str, Any], result: Any) -> Any:
        return odd_ones.pop() if method == strange and odd_ones else result

    with answering(other):
        async with at_work(outside) as town:
            await hand_in(town, a_form("s-1", MATHS, PHYSICS, CHESS))
            await finished(town)
            answer = (await standing(town, "s-1")).json()
            assert answer["status"] == "success"
            assert list(outside.portal.contacts) == [answer["contact_id"]]
            assert sorted(answer["deal_ids"].values()) == sorted(outside.portal.deals)
            assert len(outside.portal.deals) == 3
            assert sound(outside.portal)


async def test_a_programme_without_a_title_is_nobodys(outside: Outside) -> None:
    portal = outside.portal
    async with at_work(outside) as town:
        portal.items[PROGRAMMES][1]["TITLE"] = None
        answer = (await hand_in(town, a_form("s-1", "None"))).json()
        assert (answer["status"], answer["unknown_programs"]) == ("success", ["None"])
        await town.says(ADMIN, "/programme \u200b")
        assert town.last(ADMIN).text == words("programme-usage")


async def test_somebody_known_by_email_takes_one_request_the_second_time(outside: Outside) -> None:
    known = outside.portal.add_contact(NAME="Анна", EMAIL="anna@example.com")
    async with at_work(outside) as town:
        counts = []
        for name in ("s-1", "s-2"):
            requests(outside.portal)
            answer = (await hand_in(town, a_form(name, MATHS, email="anna@example.com"))).json()
            assert (answer["status"], answer["contact_id"]) == ("success", known)
            counts.append(requests(outside.portal))
        assert counts == [2, 1]


async def test_whoever_got_the_phone_meanwhile_is_preferred_to_who_was_known_by_email(
    outside: Outside,
) -> None:
    portal = outside.portal
    by_email = portal.add_contact(NAME="Анна", EMAIL="anna@example.com")
    async with at_work(outside) as town:
        first = (await hand_in(town, a_form("s-1", MATHS, email="anna@example.com"))).json()
        alone = (await hand_in(town, a_form("s-2", MATHS))).json()
        assert first["contact_id"] == by_email != alone["contact_id"]
        again = (await hand_in(town, a_form("s-3", MATHS, email="anna@example.com"))).json()
        assert again["contact_id"] == alone["contact_id"]
        by_phone = portal.add_contact(NAME="Вера", PHONE="+7 916 000-00-01")
        await town.says(ADMIN, "/invalidate contact 8 916 000 00 01")
        form = a_form("s-4", MATHS, phone="89160000001", email="anna@example.com")
        assert (await hand_in(town, form)).json()["contact_id"] == by_phone
