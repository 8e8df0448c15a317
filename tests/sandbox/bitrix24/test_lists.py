"""Lists: pages, filters, order, and what they keep quiet about."""

import json
from typing import Any

import pytest

from sandbox.bitrix24.portal import Portal
from tests.sandbox.bitrix24.conftest import FORMS, Caller


async def ids(caller: Caller, method: str = "crm.deal.list", **params: Any) -> list[int]:
    """The ids of one page."""
    result = await caller.ok(method, **params)
    rows = result["items"] if isinstance(result, dict) else result
    return [int(row.get("ID", row.get("id"))) for row in rows]


async def test_pages_have_fifty_and_start_is_floored(caller: Caller, portal: Portal) -> None:
    for _ in range(120):
        portal.add_deal()
    first = (await caller.call("crm.deal.list")).json()
    assert (len(first["result"]), first["total"], first["next"]) == (50, 120, 50)
    middle = (await caller.call("crm.deal.list", start=99)).json()
    assert (middle["result"][0]["ID"], middle["next"]) == ("51", 100)
    last = (await caller.call("crm.deal.list", start=100)).json()
    assert (len(last["result"]), "next" in last) == (20, False)


async def test_minus_one_counts_nothing(caller: Caller, portal: Portal) -> None:
    for _ in range(60):
        portal.add_deal()
    classic = (await caller.call("crm.deal.list", start=-1, filter={">ID": 5}, order={"ID": "ASC"})).json()
    assert (classic["result"][0]["ID"], len(classic["result"]), classic["total"]) == ("6", 50, 0)
    assert "next" not in classic
    modern = (await caller.call("crm.item.list", entityTypeId=2, start=-1)).json()
    assert (len(modern["result"]["items"]), "total" in modern) == (50, False)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"=ORIGIN_ID": "a:1"}, [1]),
        ({"ORIGIN_ID": "A:1 "}, [1]),
        ({"TITLE": "еж и УЖ"}, [2]),
        ({"%TITLE": "ЁЖ"}, [2]),
        ({"=%TITLE": "ёж%"}, [2]),
        ({"!%TITLE": "ёж"}, [1, 3]),
        ({"@ID": [1, 3]}, [1, 3]),
        ({"ID": ["1", "3"]}, [1, 3]),
        ({"!@ID": [1, 3]}, [2]),
        ({">ID": 1, "<ID": 3}, [2]),
        ({">=OPPORTUNITY": "100.5"}, [3]),
        ({"CATEGORY_ID": 0}, [1, 2]),
        ({"!=ORIGIN_ID": ""}, [1]),
        ({"=ORIGIN_ID": ""}, [2, 3]),
        ({"!STAGE_ID": "NEW"}, [3]),
        ({">DATE_MODIFY": "2026-01-15T14:59:59+03:00"}, [1, 2, 3]),
        ({">DATE_MODIFY": "2026-01-15T15:00:00+03:00"}, []),
    ],
    ids=json.dumps,
)
async def test_conditions_hold(
    caller: Caller, portal: Portal, condition: dict[str, Any], found: list[int]
) -> None:
    portal.add_deal(TITLE="one", ORIGINATOR_ID="switchboard", ORIGIN_ID="a:1")
    portal.add_deal(TITLE="Ёж и уж")
    portal.add_deal(TITLE="three", OPPORTUNITY=100.5, CATEGORY_ID=1)
    assert await ids(caller, filter=condition) == found


async def test_an_unknown_condition_is_dropped_and_finds_everything(caller: Caller, portal: Portal) -> None:
    portal.add_deal()
    portal.add_deal()
    assert await ids(caller, filter={"=UF_CRM_NOPE": "x"}) == [1, 2]
    status, code, text = await caller.refused("crm.item.list", entityTypeId=2, filter={"=ufCrm_NOPE": "x"})
    assert (status, code) == (400, "INVALID_ARG_VALUE")
    assert "ufCrm_NOPE" in text


async def test_order_and_select(caller: Caller, portal: Portal) -> None:
    for title in ("б", "А", "в"):
        portal.add_deal(TITLE=title)
    assert await ids(caller, order={"TITLE": "DESC"}) == [3, 1, 2]
    assert await ids(caller, order={"NOPE": "ASC"}) == [1, 2, 3]
    [row] = await caller.ok("crm.deal.list", select=["TITLE", "NOPE"], filter={"ID": 1})
    assert row == {"ID": "1", "TITLE": "б"}


async def test_multifields_come_only_when_selected(caller: Caller, portal: Portal) -> None:
    portal.add_contact(NAME="x", PHONE="112")
    [row] = await caller.ok("crm.contact.list")
    assert "PHONE" not in row
    [row] = await caller.ok("crm.contact.list", select=["PHONE"], filter={"PHONE": "112"})
    assert row["PHONE"][0]["VALUE"] == "112"


async def test_items_have_their_own_names_and_numbers(caller: Caller, portal: Portal) -> None:
    number = portal.add_deal(TITLE="x", OPPORTUNITY="1000", CONTACT_IDS=[5, 6], PARENT_ID_1036=3)
    item = (await caller.ok("crm.item.get", entityTypeId=2, id=number))["item"]
    assert (item["id"], item["opportunity"], item["contactIds"], item["parentId1036"]) == (1, 1000, [5, 6], 3)
    assert (item["entityTypeId"], item["stageId"], item["createdBy"]) == (2, "NEW", 1)


async def test_smart_processes_are_kept_apart(caller: Caller, portal: Portal) -> None:
    item = (await caller.ok("crm.item.add", entityTypeId=FORMS, fields={"title": "Анкета", "xmlId": "a1"}))[
        "item"
    ]
    assert item["title"] == "Анкета"
    assert portal.items[FORMS][1]["TITLE"] == "Анкета"
    assert await ids(caller, "crm.item.list", entityTypeId=FORMS, filter={"=xmlId": "a1"}) == [1]
    assert await ids(caller, "crm.item.list", entityTypeId=FORMS, filter={"title": "анкета"}) == [1]
    await caller.ok("crm.item.update", entityTypeId=FORMS, id=1, fields={"title": "y"})
    assert await caller.ok("crm.item.delete", entityTypeId=FORMS, id=1) == []
    assert (await caller.refused("crm.item.get", entityTypeId=FORMS, id=1))[1] == "NOT_FOUND"
    assert (await caller.refused("crm.item.list"))[1] == "100"
    assert (await caller.refused("crm.item.list", entityTypeId=999))[1] == "NOT_FOUND"


async def test_user_fields_of_items_keep_their_names_on_demand(caller: Caller, portal: Portal) -> None:
    await caller.ok("crm.deal.userfield.add", fields={"FIELD_NAME": "3_X1", "USER_TYPE_ID": "boolean"})
    await caller.ok("crm.item.add", entityTypeId=2, fields={"title": "x", "ufCrm_3_X1": "Y"})
    plain = (await caller.ok("crm.item.get", entityTypeId=2, id=1))["item"]
    original = (await caller.ok("crm.item.get", entityTypeId=2, id=1, useOriginalUfNames="Y"))["item"]
    assert (plain["ufCrm_3_X1"], original["UF_CRM_3_X1"]) == ("Y", "Y")
    assert (await caller.ok("crm.deal.get", id=1))["UF_CRM_3_X1"] == "1"


async def test_a_contact_as_an_item_has_its_phones_in_one_place(caller: Caller) -> None:
    phones = [{"typeId": "PHONE", "valueType": "WORK", "value": "112"}, {"value": "no type, no effect"}]
    item = (await caller.ok("crm.item.add", entityTypeId=3, fields={"name": "x", "fm": phones}))["item"]
    assert [(one["typeId"], one["value"]) for one in item["fm"]] == [("PHONE", "112")]
    changed = {"fm": {str(item["fm"][0]["id"]): {"typeId": "PHONE", "value": "113"}}}
    item = (await caller.ok("crm.item.update", entityTypeId=3, id=1, fields=changed))["item"]
    assert [one["value"] for one in item["fm"]] == ["113"]


async def test_dictionaries(caller: Caller) -> None:
    stages = await caller.ok("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_1"})
    assert [(one["STATUS_ID"], one["SEMANTICS"]) for one in stages][-2:] == [
        ("C1:WON", "S"),
        ("C1:LOSE", "F"),
    ]
    funnels = (await caller.ok("crm.category.list", entityTypeId=2))["categories"]
    assert {one["name"] for one in funnels} == {"Общая", "Обучение"}
    assert [one["entityTypeId"] for one in (await caller.ok("crm.type.list"))["types"]] == [FORMS]
    assert (await caller.ok("user.get", FILTER={"ID": 1}))[0]["TIMESTAMP_X"] == {}


async def test_a_bound_that_is_an_array_bounds_nothing(caller: Caller, portal: Portal) -> None:
    """As where a reference led to a whole page instead of to its last id."""
    number = portal.add_deal(TITLE="x")
    portal.add_deal(TITLE="y")
    found = await caller.ok("crm.deal.list", filter={">ID": [number]}, start=-1)
    assert found[0]["ID"] == str(number)
