"""Charts made of letters."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import charts

MIDNIGHT = datetime(2026, 1, 15, tzinfo=ZoneInfo("Europe/Moscow"))
WIDEST = 34  # columns that a phone of 390 pixels shows of monospaced text


def test_a_column_is_as_high_as_its_value() -> None:
    assert charts.columns([0, 12.5, 50, 87.5, 100], 100) == ["▁▁▄▇█"]


def test_where_nothing_was_measured_there_is_a_dot_and_not_a_nought() -> None:
    assert charts.columns([None, 0, 100], 100) == ["·▁█"]


def test_higher_charts_fill_from_below() -> None:
    assert charts.columns([None, 0, 25, 50, 100], 100, height=2) == ["    █", "·▁▄██"]


def test_a_day_of_nothing_is_a_flat_line() -> None:
    assert charts.columns([0] * 24, 0) == ["▁" * 24]


def test_hours_stand_below_their_columns() -> None:
    assert charts.hours(MIDNIGHT, 24) == "00    06    12    18"
    assert charts.hours(MIDNIGHT + timedelta(hours=15), 24) == "15    21    03    09"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "    –"), (0, "  0 %"), (93.4, " 93 %"), (99.6, "100 %"), (100, "100 %")]
)
def test_shares_stand_below_each_other(value: float | None, shown: str) -> None:
    assert charts.percent(value) == shown


@given(
    st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=24),
    st.floats(0, 1e6),
    st.integers(1, 6),
)
def test_a_chart_has_its_size_whatever_it_shows(values: list[float | None], top: float, height: int) -> None:
    lines = charts.columns(values, top, height=height)
    assert len(lines) == height
    assert {len(line) for line in lines} == {len(values)}
    assert len(values) <= WIDEST
    for place, value in enumerate(values):
        column = "".join(line[place] for line in lines)
        assert column.rstrip(charts.LEVELS + charts.NOTHING).strip() == ""
        assert (column[-1] == charts.NOTHING) == (value is None)


@given(st.floats(0, 100), st.floats(0, 100), st.integers(1, 4))
def test_the_higher_value_has_no_lower_column(one: float, other: float, height: int) -> None:
    lines = charts.columns(sorted((one, other)), 100, height=height)
    order = " " + charts.LEVELS
    low, high = ([order.index(line[place]) for line in lines] for place in (0, 1))
    assert sum(low) <= sum(high)
