"""A system that fails is left alone, tried by one call at a time, and taken back once it answers."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.engine.breaker import Breaker, State
from services.engine.errors import BreakerOpen, NoSuchItem, Unavailable
from services.engine.supervisor import Supervisor
from tests.clock import HandClock

REST, CAP = 10.0, 35.0


class System:
    """An outside system; `mood` is what its next answers are."""

    def __init__(self) -> None:
        self.mood: Exception | None = None
        self.calls = 0

    async def answer(self) -> str:
        self.calls += 1
        if self.mood:
            raise self.mood
        return "fine"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def breaker(clock: HandClock) -> Breaker:
    return Breaker("gallery", clock, failures=3, rest=REST, cap=CAP)


async def fails(breaker: Breaker, system: System, times: int = 1, **more: Any) -> None:
    system.mood = Unavailable("gallery", "down", **more)
    for _ in range(times):
        with pytest.raises(Unavailable, match="down"):
            await breaker.call(system.answer)


async def refused(breaker: Breaker, system: System) -> float:
    """That nothing was asked; after how many seconds to try again."""
    before = system.calls
    with pytest.raises(BreakerOpen) as caught:
        await breaker.call(system.answer)
    assert system.calls == before
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def state_of(breaker: Breaker) -> State:
    """Asked anew each time; a type checker would believe the last answer for ever."""
    return breaker.state


def advance(clock: HandClock, seconds: float) -> None:
    clock._time += seconds


async def test_it_opens_after_three_failures_in_a_row_and_says_when_to_come_again(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    await fails(breaker, system, 2)
    assert state_of(breaker) == "closed"
    await fails(breaker, system)
    assert state_of(breaker) == "open"
    advance(clock, 4)
    assert await refused(breaker, system) == 6


async def test_an_answer_in_between_begins_the_count_anew(breaker: Breaker, system: System) -> None:
    await fails(breaker, system, 2)
    system.mood = None
    assert await breaker.call(system.answer) == "fine"
    await fails(breaker, system, 2)
    assert state_of(breaker) == "closed"


async def test_a_refusal_is_an_answer(breaker: Breaker, system: System) -> None:
    await fails(breaker, system, 2)
    system.mood = NoSuchItem("no such set")
    for _ in range(20):
        with pytest.raises(NoSuchItem):
            await breaker.call(system.answer)
    assert state_of(breaker) == "closed"
    await fails(breaker, system, 2)
    assert state_of(breaker) == "closed"


async def test_a_mistake_of_ours_neither_counts_nor_begins_the_count_anew(
    breaker: Breaker, system: System
) -> None:
    await fails(breaker, system, 2)
    system.mood = ValueError("ours")
    with pytest.raises(ValueError, match="ours"):
        await breaker.call(system.answer)
    assert state_of(breaker) == "closed"
    await fails(breaker, system)
    assert state_of(breaker) == "open"


async def test_after_the_rest_one_call_tries_and_closes_it(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    await fails(breaker, system, 3)
    system.mood = None
    advance(clock, REST)
    assert await breaker.call(system.answer) == "fine"
    assert state_of(breaker) == "closed"
    await fails(breaker, system, 2)
    assert state_of(breaker) == "closed"  # all three failures count anew


async def test_while_one_call_tries_the_others_are_refused(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    await fails(breaker, system, 3)
    advance(clock, REST)
    system.mood = None
    may_answer = asyncio.Event()

    async def slow() -> str:
        await may_answer.wait()
        return await system.answer()

    probe = Supervisor(clock).spawn_once("probe", breaker.call(slow))
    await clock.settle()
    assert state_of(breaker) == "half_open"
    assert await refused(breaker, system) > 0
    may_answer.set()
    assert await probe == "fine"
    assert state_of(breaker) == "closed"


async def test_each_failed_try_makes_the_rest_longer_up_to_the_cap_and_an_answer_short_again(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    await fails(breaker, system, 3)
    rests = []
    for _ in range(4):
        advance(clock, await refused(breaker, system))
        await fails(breaker, system)
        rests.append(await refused(breaker, system))
    assert rests == [20, 35, 35, 35]
    advance(clock, CAP)
    system.mood = None
    await breaker.call(system.answer)
    await fails(breaker, system, 3)
    assert await refused(breaker, system) == REST


async def test_a_wait_that_the_system_asks_for_is_kept_within_the_cap(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    await fails(breaker, system, 3, retry_after=30)
    assert await refused(breaker, system) == 30
    advance(clock, 30)
    await fails(breaker, system, retry_after=86400)
    assert await refused(breaker, system) == CAP


async def test_a_cancelled_try_lets_the_next_call_try(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    await fails(breaker, system, 3)
    advance(clock, REST)
    probe = Supervisor(clock).spawn_once("probe", breaker.call(asyncio.Event().wait))
    await clock.settle()
    probe.cancel()
    await asyncio.wait([probe])
    assert state_of(breaker) == "open"
    system.mood = None
    assert await breaker.call(system.answer) == "fine"
    assert state_of(breaker) == "closed"


@pytest.mark.parametrize("late", ["answer", "failure"])
async def test_what_began_before_it_opened_changes_nothing_when_it_ends(
    breaker: Breaker, system: System, clock: HandClock, late: str
) -> None:
    may_answer = asyncio.Event()

    async def slow() -> None:
        await may_answer.wait()
        if late == "failure":
            raise Unavailable("gallery", "late")

    old = Supervisor(clock).spawn_once("old", breaker.call(slow))
    await clock.settle()
    await fails(breaker, system, 3)
    advance(clock, 4)
    may_answer.set()
    await asyncio.wait([old])
    old.exception()
    assert await refused(breaker, system) == 6


async def test_every_change_of_state_is_told(breaker: Breaker, system: System, clock: HandClock) -> None:
    told: list[State] = []
    breaker.on_change(told.append)
    await fails(breaker, system, 3)
    advance(clock, REST)
    await fails(breaker, system)
    advance(clock, 2 * REST)
    system.mood = None
    await breaker.call(system.answer)
    assert told == ["open", "half_open", "open", "half_open", "closed"]


async def test_what_a_person_hears_of_an_open_one_may_be_said_by_its_owner(clock: HandClock) -> None:
    breaker, system = Breaker("gallery", clock, failures=1, user_text="error-gallery-unavailable"), System()
    await fails(breaker, system)
    with pytest.raises(BreakerOpen) as caught:
        await breaker.call(system.answer)
    assert caught.value.user_text == "error-gallery-unavailable"
    assert caught.value.permanent is False


class Calls(RuleBasedStateMachine):
    """Any mix of calls that begin, end in all ways, and time that goes by, beside what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = HandClock()
        self.breaker = Breaker("x", self.clock, failures=3, rest=REST, cap=CAP)
        self.under_way: list[tuple[asyncio.Task[Any], asyncio.Future[None], bool]] = []

    def teardown(self) -> None:
        for task, _, _ in self.under_way:
            task.cancel()
        self._turn()
        self.loop.close()

    def _turn(self) -> None:
        async def turns() -> None:
            for _ in range(4):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    @rule()
    def begin(self) -> None:
        is_probe = self.breaker.state == "open"
        end: asyncio.Future[None] = self.loop.create_future()
        began: list[bool] = []

        def work() -> Awaitable[None]:
            began.append(True)
            return end

        task = self.loop.create_task(self.breaker.call(work))
        self._turn()
        if began:
            self.under_way.append((task, end, is_probe))
        else:
            error = task.exception()
            assert isinstance(error, BreakerOpen)
            assert 0 < (error.retry_after or 0) <= CAP

    @precondition(lambda self: self.under_way)
    @rule(
        which=st.integers(0, 99), how=st.sampled_from(["answer", "refusal", "failure", "mistake", "cancel"])
    )
    def end(self, which: int, how: str) -> None:
        task, end, _ = self.under_way.pop(which % len(self.under_way))
        errors: dict[str, Exception] = {
            "refusal": NoSuchItem("none"),
            "failure": Unavailable("x"),
            "mistake": ValueError("ours"),
        }
        if how == "cancel":
            task.cancel()
        elif how == "answer":
            end.set_result(None)
        else:
            end.set_exception(errors[how])
        self._turn()
        assert task.done()
        if not task.cancelled():
            task.exception()

    @rule(seconds=st.sampled_from([0.5, 3.0, REST, CAP]))
    def time_goes_by(self, seconds: float) -> None:
        self.clock._time += seconds

    @invariant()
    def at_most_one_tries(self) -> None:
        probes = [task for task, _, is_probe in self.under_way if is_probe]
        if self.breaker.state == "half_open":
            assert len(probes) == 1
        else:
            assert not probes

    @rule()
    def it_is_never_wedged(self) -> None:
        """Whatever happened: let all end, wait the longest rest, and an answer closes it."""
        while self.under_way:
            self.end(0, "cancel")
        self.clock._time += CAP
        self.begin()
        self.end(0, "answer")
        assert self.breaker.state == "closed"


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# What people are told of it


async def test_it_tells_what_failed_and_how_long_the_system_is_left_alone(
    breaker: Breaker, system: System, clock: HandClock
) -> None:
    assert (breaker.trouble, breaker.left) == (None, 0)
    await fails(breaker, system)
    assert (breaker.trouble, breaker.left) == ("down", 0)
    await fails(breaker, system, 2)
    assert (breaker.trouble, breaker.left) == ("down", REST)
    advance(clock, REST - 1)
    assert breaker.left == 1
    advance(clock, 5)
    assert breaker.left == 0
    system.mood = None
    await breaker.call(system.answer)
    assert (breaker.trouble, breaker.left) == (None, 0)
