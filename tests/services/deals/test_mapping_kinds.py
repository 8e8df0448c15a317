"""Values on their way between fields of different kinds."""

from typing import Any

import pytest

from sandbox.bitrix24.portal import Portal
from services.deals.mapping.applying import apply
from services.deals.mapping.model import Problem
from tests.services.deals.portals import (
    NOON,
    deal_of,
    mapping_of,
    schema_of,
    with_field,
)
from tests.services.deals.test_mapping_applying import home, mapped, partner

__all__ = ["home", "partner"]


@pytest.mark.parametrize(
    ("kinds", "raw", "made"),
    [
        (("money", "double"), "1000.00|RUB", "1000"),
        (("double", "money"), "1000.50", "1000.5|EUR"),
        (("money", "money"), "1000.00|USD", "1000|USD"),
        (("double", "string"), "1000.00", "1000"),
        (("string", "double"), "12,5", None),
        (("string", "integer"), "12", 12),
        (("date", "date"), "2024-08-30", "2024-08-30"),
        (("date", "datetime"), "2024-08-30", "2024-08-30T00:00:00+00:00"),
        (("datetime", "date"), "2024-08-30T01:00:00+03:00", "2024-08-30"),
        (("datetime", "datetime"), "2024-08-30T01:00:00+03:00", "2024-08-29T22:00:00+00:00"),
        (("boolean", "boolean"), "1", True),
        (("boolean", "string"), "0", "N"),
        (("string", "boolean"), "Y", True),
        (("string", "boolean"), "perhaps", None),
    ],
)
def test_values_go_between_kinds_of_fields(
    partner: Portal, home: Portal, kinds: tuple[str, str], raw: str, made: Any
) -> None:
    with_field(partner, "UF_CRM_A", kinds[0])
    with_field(home, "UF_CRM_B", kinds[1])
    mapping = mapping_of("[fields.UF_CRM_B]\nsource = 'UF_CRM_A'")
    found = mapped(mapping, partner, home, {"UF_CRM_A": raw, "CURRENCY_ID": "EUR"})
    assert found.values == ({} if made is None else {"UF_CRM_B": made})
    assert found.problems == ((Problem("UF_CRM_B", "value", raw),) if made is None else ())


def test_an_amount_with_a_currency_goes_into_the_deals_amount(home: Portal, partner: Portal) -> None:
    schema, mapping = schema_of(partner), mapping_of("[fields.OPPORTUNITY]\nsource = 'OPPORTUNITY'")
    deal = deal_of({"OPPORTUNITY": "1000.00|RUB"})
    found = apply(mapping, deal, schema, schema_of(home), answers={}, now=NOON)
    assert found.values == {"OPPORTUNITY": "1000"}


def test_several_values_go_into_one_field_only_as_a_text(partner: Portal, home: Portal) -> None:
    with_field(partner, "UF_CRM_A", "integer", many=True)
    for name, kind in (("UF_CRM_B", "string"), ("UF_CRM_C", "integer")):
        with_field(home, name, kind)
    mapping = mapping_of("[fields.UF_CRM_B]\nsource = 'UF_CRM_A'\n[fields.UF_CRM_C]\nsource = 'UF_CRM_A'")
    found = mapped(mapping, partner, home, {"UF_CRM_A": [5, 3]})
    assert found.values == {"UF_CRM_B": "5, 3"}
    assert found.problems == (Problem("UF_CRM_C", "value", "5, 3"),)
    assert mapped(mapping, partner, home, {"UF_CRM_A": [5]}).values == {"UF_CRM_B": "5", "UF_CRM_C": 5}
