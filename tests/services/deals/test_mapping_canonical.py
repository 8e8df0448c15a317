"""One spelling for each value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deals.mapping.canonical import canonical, fingerprint, is_empty, seen, sent
from services.deals.mapping.schema import FieldType
from tests.services.bitrix24.golden import DATES

KINDS = (
    *("string", "double", "money", "integer", "char", "boolean", "date", "datetime", "enumeration"),
    *(
        "crm_status",
        "crm_currency",
        "crm_category",
        "crm_company",
        "crm_entity",
        "user",
        "url",
        "crm",
        "new_one",
    ),
)


def field(kind: str, *, many: bool = False) -> FieldType:
    return FieldType("UF_CRM_X", kind, is_multiple=many)


@pytest.mark.parametrize(
    ("kind", "spellings", "one"),
    [
        ("double", ["1000", "1000.00", 1000, 1000.0, "1000.00|RUB", " 1000.0 "], "1000"),
        ("double", ["0.10", 0.1, ".1", "1e-1"], "0.1"),
        ("double", ["-0.00", 0, "0"], "0"),
        ("money", ["1000|RUB", "1000.00|rub", "1e3|RUB "], "1000|RUB"),
        ("char", ["Y", True, "1", 1, "y"], True),
        ("char", ["N", False, "0", 0, "", None], False),
        ("boolean", ["Y", "1", 1, True], True),
        ("boolean", [None, "N", 0], False),
        ("integer", ["7", 7, " 7"], 7),
        ("crm_company", ["0", 0, "", None], None),
        ("crm_category", ["0", 0], 0),
        ("enumeration", ["3157", 3157], 3157),
        ("enumeration", [None, "", 0, "0", False], None),
        ("date", [*DATES, "2024-08-30"], "2024-08-30"),
        (
            "datetime",
            ["2024-08-30T14:29:00+03:00", "2024-08-30T11:29:00Z", "2024-08-30T11:29:00.400+00:00"],
            "2024-08-30T11:29:00+00:00",
        ),
        ("string", ["a\r\nb", " a\nb ", "a\rb"], "a\nb"),
        ("string", [None, "", " ", False], None),
        ("string", [12, "12"], "12"),
    ],
)
def test_spellings_of_one_value_are_one(kind: str, spellings: list[Any], one: Any) -> None:
    found = [canonical(field(kind), spelling) for spelling in spellings]
    assert found == [one] * len(found)
    assert all(type(value) is type(one) for value in found)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("double", "a lot"),
        ("double", "1e999999"),
        ("integer", "1.5"),
        ("date", "yesterday"),
        ("date", "0001-01-01T00:00:00+03:00"),
        ("datetime", "2024-08-30T14:29:00"),
        ("char", "maybe"),
        ("string", {"id": 1}),
        ("enumeration", [1]),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused_but_can_be_compared(kind: str, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(field(kind), raw)
    assert seen(field(kind), raw) == seen(field(kind), raw)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (["9", 10, "2"], [2, 9, 10]),
        ({"0": "2", "1": "1"}, [1, 2]),
        (False, []),
        (None, []),
        ([], []),
        ("", []),
        ("5", [5]),
        ([None, "", 5], [5]),
    ],
)
def test_a_multiple_field_is_a_sorted_list_however_it_comes(raw: Any, found: list[int]) -> None:
    assert canonical(field("enumeration", many=True), raw) == found


RAW = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1000.00|RUB", "Y", "N", "2024-08-30T03:00:00+03:00", "2024-08-30", "12", "0", "|RUB"])
    | st.datetimes().map(lambda moment: moment.isoformat() + "+05:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(KINDS), st.booleans(), RAW)
def test_what_is_canonical_stays_as_it_is(kind: str, many: bool, raw: Any) -> None:
    wanted = field(kind, many=many)
    try:
        once = canonical(wanted, raw)
    except ValueError:
        return
    assert canonical(wanted, once) == once
    assert type(canonical(wanted, once)) is type(once)
    assert canonical(wanted, sent(wanted, once)) == once


def test_a_digest_is_of_what_the_values_are_not_of_their_order() -> None:
    one, other = {"A": "1", "B": [1, 2]}, {"B": [1, 2], "A": "1"}
    assert fingerprint(one) == fingerprint(other)
    assert len(fingerprint(one)) == 64
    assert fingerprint(one) != fingerprint({"A": 1, "B": [1, 2]})
    assert fingerprint({"A": None}) != fingerprint({})
    assert fingerprint({"A": "\ud800"}) == fingerprint({"A": "\ud800"})


@pytest.mark.parametrize(
    ("kind", "value", "empty"),
    [
        ("double", "0", True),
        ("double", "1", False),
        ("money", "0|RUB", True),
        ("string", "0", False),
        ("string", None, True),
        ("char", False, True),
        ("integer", 0, False),
    ],
)
def test_nothing_is_known_by_its_kind(kind: str, value: Any, empty: bool) -> None:
    assert is_empty(field(kind), value) is empty


def test_values_are_sent_as_portals_take_them() -> None:
    assert sent(field("string"), None) == ""
    assert sent(field("boolean"), True) == 1
    assert sent(field("char"), True) == "Y"
    assert sent(field("enumeration", many=True), []) == [""]  # an empty list is lost in a batch's query
    assert sent(field("boolean", many=True), [False, True]) == [0, 1]
