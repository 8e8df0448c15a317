"""The portal's values, converted where they come in."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.bitrix24.values import Money, amount, day, flag, identity, mapping, moment, money, whole
from tests.services.bitrix24.golden import DATES, DAY

ZONES = st.sampled_from(["Europe/Moscow", "America/New_York", "Asia/Kamchatka", "Pacific/Honolulu", "UTC"])


@pytest.mark.parametrize(
    ("value", "number"), [("410", 410), (410, 410), ("0", None), (0, None), (None, None), ("", None)]
)
def test_ids_are_numbers_however_they_come(value: Any, number: int | None) -> None:
    assert identity(value) == number


@given(st.integers())
def test_whole_numbers_come_as_texts_too(number: int) -> None:
    assert whole(str(number)) == whole(number) == number


@pytest.mark.parametrize("value", ["12a", "1.5", True, [], {}, "٣", 1.5, "--1"])
def test_what_is_no_number_is_said_to_be_none(value: Any) -> None:
    with pytest.raises(ValueError, match="number"):
        identity(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_amounts_keep_each_digit(number: Decimal) -> None:
    assert amount(str(number)) == number
    assert money(f"{number}|RUB") == Money(number, "RUB")


@pytest.mark.parametrize(
    ("value", "number"),
    [(19000, "19000"), (0.1, "0.1"), ("1000.00", "1000.00"), (None, None), ("", None), ("0.00", "0.00")],
)
def test_amounts_come_as_numbers_and_as_texts(value: Any, number: str | None) -> None:
    assert amount(value) == (None if number is None else Decimal(number))


@pytest.mark.parametrize("value", ["1000|RUB", "x", "NaN", "Infinity", True, [], {}])
def test_what_is_no_amount_is_said_to_be_none(value: Any) -> None:
    with pytest.raises(ValueError, match="amount"):
        amount(value)


def test_money_may_have_no_currency_and_may_be_missing() -> None:
    assert money("1000") == Money(Decimal(1000), "")
    assert money("") is money(None) is money("|RUB") is None


@pytest.mark.parametrize(
    ("value", "is_so"),
    [("Y", True), ("N", False), ("1", True), (0, False), (1, True), (True, True), ("", False), (None, None)],
)
def test_flags_have_many_spellings(value: Any, is_so: bool | None) -> None:
    assert flag(value) is is_so


def test_what_is_no_flag_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="neither"):
        flag("perhaps")


@pytest.mark.parametrize("value", DATES)
def test_a_date_is_read_in_utc_whatever_the_portals_zone(value: str) -> None:
    assert day(value) == date(*DAY)


@given(st.dates(date(1970, 1, 2), date(2100, 1, 1)), ZONES)
def test_a_date_comes_back_as_it_was_stored(stored: date, zone: str) -> None:
    midnight = datetime(stored.year, stored.month, stored.day, tzinfo=UTC)
    assert day(midnight.astimezone(ZoneInfo(zone)).isoformat()) == day(stored.isoformat()) == stored


@given(st.datetimes(timezones=st.just(UTC)), ZONES)
def test_a_moment_is_the_same_one_in_utc(at: datetime, zone: str) -> None:
    assume(1900 < at.year < 9000)
    found = moment(at.astimezone(ZoneInfo(zone)).isoformat())
    assert found == at
    assert found.tzinfo is UTC


def test_dates_and_moments_may_be_missing() -> None:
    assert day(None) is day("") is moment(None) is moment("") is None


@pytest.mark.parametrize("value", ["2026-05-14T10:26:32", "yesterday", 5, []])
def test_what_is_no_moment_is_said_to_be_none(value: Any) -> None:
    with pytest.raises(ValueError, match=r"offset|Invalid isoformat|no moment"):
        moment(value)


@pytest.mark.parametrize(
    ("value", "found"), [([], {}), ({}, {}), (["a", "b"], {"0": "a", "1": "b"}), ({5: 1}, {"5": 1})]
)
def test_a_map_may_come_as_a_list(value: Any, found: dict[str, Any]) -> None:
    assert mapping(value) == found


def test_what_is_no_map_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="map"):
        mapping("x")
