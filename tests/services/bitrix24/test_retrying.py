"""Waits between tries, and what Retry-After asks for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bitrix24.misses import Misses
from services.bitrix24.outcomes import AWAY, METHOD_PAUSED, NotRun
from services.bitrix24.retrying import IN_ALL, LONGEST, Attempts, Retrying, asked_wait
from tests.clock import HandClock

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
PRESETS = {
    "aggressive": Retrying(5, 2.0, 1.5, 30),
    "fast": Retrying(2, 0.5, 2.0, 30),
    "off": Retrying(1, 1, 2, 30),
}


async def tried(retrying: Retrying, failed: NotRun) -> tuple[int, float]:
    """How many tries there were, and how long all took, without what the requests took."""
    clock = HandClock()
    attempts, tries = Attempts(retrying, clock, Random(3), Misses()), 1
    while await clock.run(attempts.again("x", failed)):
        tries += 1
    return tries, clock.monotonic() - 1000.0


@pytest.mark.parametrize(
    ("name", "tries", "seconds"), [("aggressive", 5, 16.25), ("fast", 2, 0.5), ("off", 1, 0.0)]
)
async def test_presets_try_as_often_as_they_say(name: str, tries: int, seconds: float) -> None:
    count, took = await tried(PRESETS[name], NotRun("x", code=AWAY))
    assert count == tries
    assert seconds <= took <= seconds * 1.1 + 1e-6


@given(
    st.integers(1, 20),
    st.floats(0, 100),
    st.floats(1, 10),
    st.floats(0, 100),
    st.one_of(st.none(), st.floats(0, 1000)),
    st.floats(0, 40),
)
async def test_all_tries_fit_into_their_time(
    attempts: int, delay: float, backoff: float, most: float, asked: float | None, spent: float
) -> None:
    failed = NotRun("x", asked, AWAY, spent=spent)
    count, waited = await tried(Retrying(attempts, delay, backoff, most), failed)
    assert count <= attempts
    assert waited + spent * (count - 1) <= IN_ALL + 1e-6
    assert waited >= (asked or 0.0) * (count - 1) - 1e-6


async def test_a_paused_method_is_no_failed_attempt() -> None:
    clock = HandClock()
    attempts = Attempts(Retrying(1, 1, 2, 30), clock, Random(3), Misses())
    assert await clock.run(attempts.again("x", NotRun("paused", 20.0, METHOD_PAUSED)))
    assert clock.monotonic() == 1020.0
    assert not await clock.run(attempts.again("x", NotRun("paused", 20.0, METHOD_PAUSED)))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "1500ms"}, 1.5),
        ({"Retry-After": "1500 ms"}, 1.5),
        ({"Retry-After-Ms": "1500", "Retry-After": "2"}, 1.5),
        ({"X-Lognex-Retry-After": "1500"}, 1.5),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "msms"}, None),
        ({"Retry-After": "9" * 40}, None),
        ({"Retry-After": "99999999999"}, LONGEST),
        ({"Retry-After": "Thu, 15 Jan 2026 12:00:00 -0000"}, None),
    ],
)
def test_an_answer_may_ask_for_time(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOW) == seconds


@given(st.integers(-(10**6), 10**7))
def test_a_date_is_so_far_away(seconds: int) -> None:
    said = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert asked_wait({"Retry-After": said}, NOW) == min(max(seconds, 0), LONGEST)
