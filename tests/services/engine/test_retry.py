"""When a failed attempt is followed by another."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.retry import TELEGRAM, RetryPolicy

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR = 3600.0
PORTAL = RetryPolicy(attempts=10, window=72 * HOUR)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Highest(Random):
    """Always draws the top of what is asked for."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_telegram_has_three_attempts_in_a_minute() -> None:
    assert (TELEGRAM.attempts, TELEGRAM.window) == (3, 60.0)


def test_the_longest_waits_double_up_to_the_cap() -> None:
    policy = RetryPolicy(attempts=9, window=72 * HOUR, delay=1.0, factor=2.0, cap=30.0)
    waits = [policy.next_due(n, NOON, NOON, Highest()) for n in range(1, 9)]
    assert waits == [after(s) for s in (1, 2, 4, 8, 16, 30, 30, 30)]


@given(seed=st.integers(), failures=st.integers(1, 9))
def test_every_wait_lies_between_nothing_and_its_bound(seed: int, failures: int) -> None:
    due = PORTAL.next_due(failures, NOON, NOON, Random(seed))
    assert due is not None
    assert NOON <= due <= after(min(PORTAL.cap, 2.0 ** (failures - 1)))


def test_waits_are_spread_evenly_over_their_whole_range() -> None:
    random = Random(1)
    waits = [
        (due - NOON).total_seconds() for _ in range(2000) if (due := PORTAL.next_due(5, NOON, NOON, random))
    ]
    quarters = [sum(4 * q <= wait < 4 * (q + 1) for wait in waits) for q in range(4)]
    assert sum(quarters) == 2000
    assert all(430 < quarter < 570 for quarter in quarters)


def test_the_last_attempt_is_followed_by_none() -> None:
    assert PORTAL.next_due(9, NOON, NOON, Random(1)) is not None
    assert PORTAL.next_due(10, NOON, NOON, Random(1)) is None
    assert PORTAL.next_due(11, NOON, NOON, Random(1)) is None


@pytest.mark.parametrize(("now", "allowed"), [(0, True), (72 * HOUR - 1, True), (72 * HOUR - 0.99, False)])
def test_nothing_is_tried_after_the_window_which_the_first_failure_opens(now: float, allowed: bool) -> None:
    due = PORTAL.next_due(1, NOON, after(now), Highest())
    assert (due is not None) == allowed


@pytest.mark.parametrize("wait", [0.0, 0.5, 7.0, 3601.0, 72 * HOUR])
def test_a_wait_that_the_other_side_named_is_kept_exactly(wait: float) -> None:
    assert PORTAL.next_due(3, NOON, NOON, Random(1), wait) == after(wait)


def test_a_named_wait_beyond_the_window_means_no_more() -> None:
    assert PORTAL.next_due(1, NOON, NOON, Random(1), 72 * HOUR + 1) is None
    assert PORTAL.next_due(1, NOON, after(HOUR), Random(1), 71 * HOUR + 1) is None


def test_a_named_wait_does_not_buy_more_attempts() -> None:
    assert TELEGRAM.next_due(3, NOON, NOON, Random(1), 1.0) is None


def test_a_very_late_failure_does_not_overflow() -> None:
    policy = RetryPolicy(attempts=2000, window=72 * HOUR)
    assert policy.next_due(1000, NOON, NOON, Highest()) == after(HOUR)


def test_a_wait_that_was_no_attempt_may_last_as_long_as_nothing_has_failed() -> None:
    assert TELEGRAM.after_waiting(None, NOON, 90 * HOUR) == after(90 * HOUR)


@pytest.mark.parametrize(("seconds", "allowed"), [(30, True), (30.01, False)])
def test_a_wait_that_was_no_attempt_ends_with_the_window_of_earlier_failures(
    seconds: float, allowed: bool
) -> None:
    due = TELEGRAM.after_waiting(NOON, after(30), seconds)
    assert (due is not None) == allowed
