"""Quiet hours go by the clock on the wall, over midnight and over the changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.flow.quiet_hours import DAY, QuietHours

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
ZONES = [*map(ZoneInfo, ("UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham")), MOSCOW, BERLIN]
MINUTE = timedelta(minutes=1)
minutes = st.integers(0, DAY - 1)
hours = (
    st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: QuietHours(*pair))
)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("22:00-08:00", "22:00–08:00"),
        ("22-8", "22:00–08:00"),
        (" 9:30 – 17:05 ", "09:30–17:05"),
        ("24:00-06:00", "00:00–06:00"),
        ("18:00—24:00", "18:00–00:00"),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, shown: str) -> None:
    assert str(QuietHours.parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "off",
        "22:00",
        "22:00-22:00",
        "25:00-8:00",
        "22:60-8:00",
        "24:30-8",
        "0-24",
        "-8",
        "a-b",
        "22:00-8:00x",
    ],
)
def test_what_are_no_hours_is_not_taken_for_some(text: str) -> None:
    assert QuietHours.parse(text) is None


@pytest.mark.parametrize(("begin", "end"), [(None, None), (1, None), (5, 5), (0, DAY), (0, DAY + 1)])
def test_minutes_that_make_no_hours_are_none(begin: int | None, end: int | None) -> None:
    assert QuietHours.of(begin, end) is None


@given(hours)
def test_hours_are_read_back_as_they_are_shown(quiet: QuietHours) -> None:
    assert QuietHours.parse(str(quiet)) == quiet


@given(hours, moments, st.sampled_from(ZONES))
def test_a_moment_is_quiet_when_the_wall_clock_shows_a_quiet_minute(
    quiet: QuietHours, moment: datetime, zone: ZoneInfo
) -> None:
    shown = moment.astimezone(zone)
    covered, minute = set(), quiet.begin
    while minute != quiet.end:  # each minute of the day by itself
        covered.add(minute)
        minute = (minute + 1) % DAY
    assert quiet.cover(moment, zone) == (shown.hour * 60 + shown.minute in covered)


@given(hours, moments, st.sampled_from(ZONES))
def test_of_hours_and_those_between_exactly_one_is_quiet(
    quiet: QuietHours, moment: datetime, zone: ZoneInfo
) -> None:
    between = QuietHours(quiet.end, quiet.begin)
    assert quiet.cover(moment, zone) != between.cover(moment, zone)


def quiet_minutes(quiet: QuietHours, day: datetime, zone: ZoneInfo) -> int:
    """How many minutes from noon to noon are quiet."""
    noon, last = day.replace(hour=12, tzinfo=zone), (day + timedelta(days=1)).replace(hour=12, tzinfo=zone)
    moment, found = noon.astimezone(UTC), 0
    while moment < last.astimezone(UTC):
        found += quiet.cover(moment, zone)
        moment += MINUTE
    return found


@pytest.mark.parametrize(
    ("day", "night"),
    [((2026, 3, 27), 600), ((2026, 3, 28), 540), ((2026, 10, 24), 660), ((2026, 10, 25), 600)],
)
def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn(
    day: tuple[int, int, int], night: int
) -> None:
    assert quiet_minutes(QuietHours(22 * 60, 8 * 60), datetime(*day), BERLIN) == night  # noqa: DTZ001


def test_hours_that_the_spring_skips_are_not_there() -> None:
    skipped = QuietHours(2 * 60, 3 * 60)
    assert quiet_minutes(skipped, datetime(2026, 3, 28), BERLIN) == 0  # noqa: DTZ001
    assert quiet_minutes(skipped, datetime(2026, 10, 24), BERLIN) == 120  # noqa: DTZ001
