"""Deals, contacts and companies by the older methods."""

from typing import Any

import pytest

from sandbox.bitrix24.fields import wire_day
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.standin import Bitrix24
from tests.sandbox.bitrix24.conftest import Caller

PHONE = {"VALUE": "8 (916) 123-45-67", "VALUE_TYPE": "MOBILE"}


async def added(caller: Caller, **fields: Any) -> dict[str, Any]:
    """A new deal as it is read."""
    number = await caller.ok("crm.deal.add", fields=fields)
    deal: dict[str, Any] = await caller.ok("crm.deal.get", id=number)
    return deal


async def test_reads_give_text_where_add_gives_a_number(caller: Caller) -> None:
    deal = await added(caller, TITLE="x", OPPORTUNITY=1000, CONTACT_ID=5)
    assert (deal["ID"], deal["OPPORTUNITY"], deal["CONTACT_ID"]) == ("1", "1000.00", "5")
    assert (deal["COMPANY_ID"], deal["OPENED"], deal["COMMENTS"]) == ("0", "Y", None)


async def test_a_date_is_read_as_midnight_in_utc_told_in_the_portals_zone(bitrix24: Bitrix24) -> None:
    zones = {"Europe/Moscow": "2024-08-30T03:00:00+03:00", "America/New_York": "2024-08-29T20:00:00-04:00"}
    for zone, wire in zones.items():
        portal = bitrix24.add_portal(f"{zone[-4:].lower()}.bitrix24.ru", zone=zone)
        assert wire_day("2024-08-30", portal.zone) == wire


async def test_a_written_date_comes_back_by_way_of_utc(caller: Caller) -> None:
    deal = await added(caller, BEGINDATE="2024-08-30", CLOSEDATE="31.08.2024")
    assert (deal["BEGINDATE"], deal["CLOSEDATE"]) == (
        "2024-08-30T03:00:00+03:00",
        "2024-08-31T03:00:00+03:00",
    )


async def test_unknown_and_read_only_fields_are_dropped_silently(caller: Caller) -> None:
    deal = await added(caller, TITLE="x", NOPE="y", ID=77, DATE_CREATE="2001-01-01")
    assert deal["ID"] == "1"
    assert "NOPE" not in deal
    assert deal["DATE_CREATE"].startswith("2026")


async def test_an_unknown_stage_is_the_first_one_when_adding_and_nothing_when_changing(
    caller: Caller,
) -> None:
    deal = await added(caller, CATEGORY_ID=1, STAGE_ID="C1:NOPE")
    assert (deal["STAGE_ID"], deal["CATEGORY_ID"]) == ("C1:NEW", "1")
    assert await caller.ok("crm.deal.update", id=1, fields={"STAGE_ID": "C1:NOPE"}) is True
    assert (await caller.ok("crm.deal.get", id=1))["STAGE_ID"] == "C1:NEW"
    await caller.ok("crm.deal.update", id=1, fields={"STAGE_ID": "C1:WON"})
    won = await caller.ok("crm.deal.get", id=1)
    assert (won["STAGE_ID"], won["STAGE_SEMANTIC_ID"], won["CLOSED"]) == ("C1:WON", "S", "Y")


async def test_a_funnel_is_chosen_once(caller: Caller) -> None:
    assert (await added(caller, CATEGORY_ID=99))["CATEGORY_ID"] == "0"
    await caller.ok("crm.deal.update", id=1, fields={"CATEGORY_ID": 1})
    assert (await caller.ok("crm.deal.get", id=1))["CATEGORY_ID"] == "0"


async def test_phones_are_appended_changed_by_their_id_and_deleted_by_emptying(caller: Caller) -> None:
    await caller.ok("crm.contact.add", fields={"NAME": "Иван", "PHONE": [PHONE]})
    await caller.ok("crm.contact.update", id=1, fields={"PHONE": [{"VALUE": "112"}]})
    first, second = (await caller.ok("crm.contact.get", id=1))["PHONE"]
    assert (first["VALUE"], second["VALUE"], second["VALUE_TYPE"]) == (PHONE["VALUE"], "112", "WORK")
    changes = [{"ID": first["ID"], "VALUE": ""}, {"ID": second["ID"], "VALUE": "113"}]
    await caller.ok("crm.contact.update", id=1, fields={"PHONE": changes})
    contact = await caller.ok("crm.contact.get", id=1)
    assert [one["VALUE"] for one in contact["PHONE"]] == ["113"]
    await caller.ok("crm.contact.update", id=1, fields={"PHONE": [{"ID": second["ID"], "DELETE": "Y"}]})
    contact = await caller.ok("crm.contact.get", id=1)
    assert ("PHONE" in contact, contact["HAS_PHONE"]) == (False, "N")


async def test_an_address_that_is_none_is_refused_with_words_for_people(
    caller: Caller, portal: Portal
) -> None:
    status, code, text = await caller.refused(
        "crm.contact.add", fields={"EMAIL": [{"VALUE": "ivan@", "VALUE_TYPE": "WORK"}]}
    )
    assert (status, code) == (400, "ERROR_CORE")
    assert "Рабочий e-mail" in text
    assert not portal.contacts


async def test_contacts_of_a_deal_are_replaced_as_a_whole(caller: Caller, portal: Portal) -> None:
    deal = await added(caller, CONTACT_IDS=[7, 8])
    assert deal["CONTACT_ID"] == "7"
    assert "CONTACT_IDS" not in deal
    assert [
        (one["CONTACT_ID"], one["IS_PRIMARY"]) for one in await caller.ok("crm.deal.contact.items.get", id=1)
    ] == [
        (7, "Y"),
        (8, "N"),
    ]
    assert await caller.ok(
        "crm.deal.contact.items.set", id=1, items=[{"CONTACT_ID": 8}, {"CONTACT_ID": 9, "IS_PRIMARY": "Y"}]
    )
    assert portal.deals[1]["CONTACT_ID"] == "9"
    assert await caller.ok("crm.deal.contact.add", id=1, fields={"CONTACT_ID": 7}) is True
    assert await caller.ok("crm.deal.contact.add", id=1, fields={"CONTACT_ID": 7}) is False
    assert [one["CONTACT_ID"] for one in portal.bindings[1]] == [9, 8, 7]


async def test_product_rows_make_the_sum_unless_it_is_by_hand(caller: Caller) -> None:
    rows = [{"PRODUCT_NAME": "Курс", "PRICE": 1000.5, "QUANTITY": 2}]
    await added(caller)
    await added(caller, OPPORTUNITY=5, IS_MANUAL_OPPORTUNITY="Y")
    for number, total in ((1, "2001.00"), (2, "5.00")):
        assert await caller.ok("crm.deal.productrows.set", id=number, rows=rows) is True
        assert (await caller.ok("crm.deal.get", id=number))["OPPORTUNITY"] == total
    [row] = await caller.ok("crm.deal.productrows.get", id=1)
    assert (row["PRICE"], row["QUANTITY"], row["PRODUCT_ID"]) == (1000.5, 2, 0)


async def test_a_deleted_record_is_gone_from_all_that_named_it(caller: Caller, portal: Portal) -> None:
    await caller.ok("crm.contact.add", fields={"NAME": "x"})
    await added(caller, CONTACT_ID=1)
    assert await caller.ok("crm.contact.delete", id=1) is True
    assert portal.deals[1]["CONTACT_ID"] is None
    await caller.ok("crm.deal.delete", id=1)
    assert (await caller.refused("crm.deal.delete", id=1))[2] == "Not found"
    assert await caller.ok("crm.deal.add", fields={}) == 2


async def test_user_fields_are_typed(caller: Caller) -> None:
    listed = {
        "FIELD_NAME": "format",
        "USER_TYPE_ID": "enumeration",
        "MULTIPLE": "Y",
        "LIST": [{"VALUE": "Очно"}],
    }
    await caller.ok("crm.deal.userfield.add", fields=listed)
    await caller.ok("crm.deal.userfield.add", fields={"FIELD_NAME": "UF_CRM_PAID", "USER_TYPE_ID": "boolean"})
    [field] = await caller.ok("crm.deal.userfield.list", filter={"USER_TYPE_ID": "enumeration"})
    choice = field["LIST"][0]["ID"]
    deal = await added(caller, UF_CRM_FORMAT=[choice, "nope"], UF_CRM_PAID=True)
    assert (deal["UF_CRM_FORMAT"], deal["UF_CRM_PAID"]) == ([choice], "1")
    fields = await caller.ok("crm.deal.fields")
    assert fields["UF_CRM_FORMAT"]["items"] == [{"ID": choice, "VALUE": "Очно"}]
    assert fields["CATEGORY_ID"]["isImmutable"] is True


@pytest.mark.parametrize(
    ("kind", "value"),
    [("PHONE", "+7 916 123-45-67"), ("PHONE", "89161234567"), ("EMAIL", "IVAN@example.com")],
)
async def test_duplicates_are_found_as_the_portal_compares_them(
    caller: Caller, kind: str, value: str
) -> None:
    await caller.ok("crm.contact.add", fields={"PHONE": [PHONE], "EMAIL": [{"VALUE": "ivan@example.com"}]})
    found = await caller.ok("crm.duplicate.findbycomm", type=kind, values=[value], entity_type="CONTACT")
    assert found == {"CONTACT": [1]}


async def test_duplicates_need_text_of_the_same_form(caller: Caller) -> None:
    await caller.ok("crm.contact.add", fields={"PHONE": [PHONE]})
    find = {"type": "PHONE", "entity_type": "CONTACT"}
    assert await caller.ok("crm.duplicate.findbycomm", values=["9161234567", 79161234567], **find) == []
    assert await caller.ok("crm.duplicate.findbycomm", values=["1"] * 20 + ["79161234567"], **find) == []
    assert (await caller.refused("crm.duplicate.findbycomm", values=[79161234567], **find))[1] == ""
