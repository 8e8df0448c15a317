"""Closing what was opened."""

from commands.assembly import Grace
from tests.clock import HandClock


async def test_all_steps_of_a_stop_share_one_time_counted_from_the_first() -> None:
    clock = HandClock()
    grace = Grace(clock, 10)
    await clock.advance(3600)  # the hub ran for an hour; that is not part of its stop
    assert grace.left() == 10
    await clock.advance(7)
    assert grace.left() == 3
    await clock.advance(7)
    assert grace.left() == 0
