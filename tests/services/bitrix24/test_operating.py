"""How much of a portal's operating time a method has left, by what its answers tell."""

import pytest

from services.bitrix24.operating import Operating
from services.bitrix24.outcomes import Timing
from tests.clock import HandClock

ADD = "crm.contact.add"


def answered(
    operating: Operating, clock: HandClock, used: float, *, took: float = 1.0, left: float = 240
) -> None:
    """The portal told that so much is used, and that the oldest minute is over in `left` seconds."""
    operating.record(ADD, Timing(took, took, used, clock.now().timestamp() + left))


async def test_a_method_nobody_called_may_be_called() -> None:
    operating = Operating(HandClock())
    assert operating.wait_for(ADD) == 0
    assert operating.room(ADD) == pytest.approx(456)


async def test_a_method_is_paused_before_its_ceiling_until_the_oldest_minute_is_over() -> None:
    clock = HandClock()
    operating = Operating(clock)
    answered(operating, clock, 455.0)
    assert operating.wait_for(ADD) == 0
    answered(operating, clock, 456.0)
    assert operating.wait_for(ADD) == pytest.approx(241)
    assert operating.wait_for(ADD.upper()) > 0, "the portal does not tell cases apart"
    assert operating.wait_for("crm.deal.add") == 0
    await clock.advance(241)
    assert operating.wait_for(ADD) == 0
    assert operating.room(ADD) > 0, "a first call finds out"


async def test_when_that_was_not_enough_it_is_the_next_minute() -> None:
    clock = HandClock()
    operating = Operating(clock)
    answered(operating, clock, 470.0, left=30)
    await clock.advance(31)
    operating.blocked(ADD, None)
    assert operating.wait_for(ADD) == pytest.approx(30), "12:01:01 after 12:00:31"
    await clock.advance(30)
    operating.blocked(ADD, 90.0)
    assert operating.wait_for(ADD) == pytest.approx(91)


async def test_a_refusal_teaches_a_lower_limit_and_success_a_higher_one() -> None:
    clock = HandClock()
    operating = Operating(clock)
    answered(operating, clock, 421.0)
    operating.blocked(ADD, None)
    assert operating.limit == pytest.approx(421)
    answered(operating, clock, 430.0, took=2.0)
    assert operating.limit == pytest.approx(428), "with 428 used it was executed still"


async def test_a_refusal_that_others_caused_teaches_nothing() -> None:
    clock = HandClock()
    operating = Operating(clock)
    answered(operating, clock, 30.0)
    operating.blocked(ADD, 60.0)
    assert operating.limit == 480
    assert operating.wait_for(ADD) == pytest.approx(61)


async def test_own_use_leaves_the_window_after_ten_minutes() -> None:
    clock = HandClock()
    operating = Operating(clock)
    answered(operating, clock, 100.0, took=100.0)
    assert operating.room(ADD) == pytest.approx(356)
    await clock.advance(599)
    assert operating.room(ADD) == pytest.approx(356)
    await clock.advance(1)
    assert operating.room(ADD) == pytest.approx(456)


async def test_what_is_under_way_takes_room() -> None:
    operating = Operating(HandClock())
    operating.begin(ADD, 456.0)
    assert operating.room(ADD) <= 0
    operating.end(ADD, 456.0)
    assert operating.room(ADD) == pytest.approx(456)


async def test_a_portal_without_the_limit_tells_nothing_and_is_not_paused() -> None:
    operating = Operating(HandClock())
    operating.begin(ADD, 400.0)
    for _ in range(1000):
        operating.record(ADD, Timing(0.7, 0.7))
    assert operating.wait_for(ADD) == 0
    assert operating.room(ADD) > 1000, "what is under way takes nothing, either"


async def test_a_portal_that_refuses_without_having_told_is_believed() -> None:
    operating = Operating(HandClock())
    operating.record(ADD, Timing(300.0, 300.0))
    operating.blocked(ADD, 60.0)
    operating.record(ADD, Timing(1.0, 1.0))
    assert operating.limit == pytest.approx(300)
    assert operating.wait_for(ADD) == pytest.approx(61)
    assert operating.room(ADD) < 1
