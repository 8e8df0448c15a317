"""A deal's fields with their meaning, whatever a portal wrote."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.bitrix24.values import Money
from services.deals.model import Deal

READ = Deal(
    {
        "ID": "410",
        "TITLE": " Курс «Python» ",
        "STAGE_ID": "C1:NEW",
        "OPPORTUNITY": "1000.50",
        "CURRENCY_ID": "RUB",
        "DATE_MODIFY": "2026-01-15T15:00:00+03:00",
        "CLOSEDATE": "2026-01-22T03:00:00+03:00",
        "COMPANY_ID": "0",
        "COMMENTS": "<p>Звонить <b>после</b> шести</p>[B]срочно[/B]\n1 < 2",
        "ORIGINATOR_ID": "switchboard",
        "ORIGIN_ID": "partner1.bitrix24.ru:12",
        "UF_CRM_CONTRACT": "Д-17",
        "UF_CRM_EMPTY": "",
        "UF_CRM_NONE": False,
        "PARENT_ID_128": "7",
        "PARENT_ID_129": None,
    }
)


def test_a_deal_is_read_in_its_units() -> None:
    assert (READ.id, READ.title, READ.stage_id) == (410, "Курс «Python»", "C1:NEW")
    assert READ.sum == Money(Decimal("1000.50"), "RUB")
    assert READ.modified_at == datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert READ.closes_on == date(2026, 1, 22)
    assert READ.company_id is None
    assert READ.comments == "Звонить после шести срочно 1 < 2"
    assert READ.origin == ("switchboard", "partner1.bitrix24.ru:12")
    assert READ.own_fields == {"UF_CRM_CONTRACT": "Д-17"}
    assert READ.parents == {"PARENT_ID_128": 7}


def test_what_was_not_asked_for_is_as_if_there_were_nothing() -> None:
    deal = Deal({})
    assert (deal.id, deal.title, deal.modified_at, deal.closes_on) == (None, "", None, None)
    assert deal.sum == Money(Decimal(), "")
    assert (deal.own_fields, deal.parents, deal.origin, deal.comments) == ({}, {}, ("", ""), "")


@pytest.mark.parametrize(
    ("name", "field"), [("ID", "id"), ("OPPORTUNITY", "sum"), ("DATE_MODIFY", "modified_at")]
)
def test_what_is_no_value_of_its_kind_is_told_where_it_is_looked_at(name: str, field: str) -> None:
    deal = Deal({name: "nonsense"})
    assert deal.title == ""
    with pytest.raises(ValueError, match=r"."):
        getattr(deal, field)
