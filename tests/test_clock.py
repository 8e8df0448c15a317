"""The hand-moved clock itself: everything that runs on virtual time rests on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from tests.clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def start(work: object) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]


async def note_after(clock: HandClock, seconds: float, notes: list[tuple[str, float]], name: str) -> None:
    await clock.sleep(seconds)
    notes.append((name, clock.monotonic()))


async def test_sleepers_wake_in_the_order_of_their_moments_and_see_their_own_moment(clock: HandClock) -> None:
    begun, notes = clock.monotonic(), list[tuple[str, float]]()
    for name, seconds in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        start(note_after(clock, seconds, notes, name))
    await clock.advance(2.5)
    assert notes == [("early", begun + 1), ("middle", begun + 2)]
    assert clock.monotonic() == begun + 2.5
    await clock.advance(0.5)
    assert notes[-1] == ("late", begun + 3)


async def test_sleepers_of_one_moment_wake_in_the_order_they_went_to_sleep(clock: HandClock) -> None:
    notes = list[tuple[str, float]]()
    for name in "abc":
        start(note_after(clock, 1, notes, name))
    await clock.advance(1)
    assert [name for name, _ in notes] == ["a", "b", "c"]


async def test_a_sleeper_that_sleeps_again_wakes_again_within_one_move(clock: HandClock) -> None:
    moments: list[float] = []

    async def tick() -> None:
        while True:
            await clock.sleep(10)
            moments.append(clock.monotonic())

    task, begun = start(tick()), clock.monotonic()
    await clock.advance(35)
    assert moments == [begun + 10, begun + 20, begun + 30]
    task.cancel()


async def test_work_between_two_sleepers_is_done_before_the_second_wakes(clock: HandClock) -> None:
    notes: list[str] = []

    async def first() -> None:
        await clock.sleep(1)
        for _ in range(200):
            await asyncio.sleep(0)
        notes.append("first has ended")

    async def second() -> None:
        await clock.sleep(1.001)
        notes.append("second woke")

    start(second())
    start(first())
    await clock.advance(5)
    assert notes == ["first has ended", "second woke"]


async def test_wall_time_and_monotonic_time_move_together(clock: HandClock) -> None:
    before = clock.now()
    await clock.advance(90)
    assert (clock.now() - before).total_seconds() == 90
    assert before.utcoffset() is not None


async def test_ten_tenths_are_a_whole(clock: HandClock) -> None:
    task = start(clock.sleep(1.0))
    for _ in range(10):
        await clock.advance(0.1)
    assert task.done()


async def test_time_does_not_go_back(clock: HandClock) -> None:
    with pytest.raises(ValueError, match="back"):
        await clock.advance(-1)


async def test_a_sleep_of_nothing_gives_one_turn_without_moving_time(clock: HandClock) -> None:
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "other")
    await clock.sleep(0)
    assert turns == ["other"]
    assert clock.waiting == 0


async def test_a_cancelled_sleeper_is_forgotten(clock: HandClock) -> None:
    task = start(clock.sleep(5))
    await clock.settle()
    assert clock.waiting == 1
    task.cancel()
    await clock.advance(10)
    assert task.cancelled()
    assert clock.waiting == 0


async def test_a_timeout_fires_at_its_virtual_moment(clock: HandClock) -> None:
    fired: list[float] = []

    async def work() -> None:
        try:
            async with clock.timeout(5):
                await clock.sleep(60)
        except TimeoutError:
            fired.append(clock.monotonic())

    task, begun = start(work()), clock.monotonic()
    await clock.advance(4.9)
    assert not fired
    await clock.advance(60)
    assert fired == [begun + 5]
    assert task.done()
    assert clock.waiting == 0


async def test_a_timeout_that_is_not_reached_leaves_nothing_behind(clock: HandClock) -> None:
    async def work() -> str:
        async with clock.timeout(5) as limit:
            await clock.sleep(4)
        await clock.sleep(10)
        return f"expired: {limit.expired()}"

    assert await clock.run(work()) == "expired: False"
    assert clock.waiting == 0


async def test_the_inner_of_two_timeouts_fires_alone(clock: HandClock) -> None:
    async def work() -> str:
        async with clock.timeout(10):
            try:
                async with clock.timeout(1):
                    await clock.sleep(60)
            except TimeoutError:
                await clock.sleep(2)
                return "inner"
        return "neither"

    assert await clock.run(work()) == "inner"


async def test_the_outer_of_two_timeouts_passes_through_the_inner(clock: HandClock) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            async with clock.timeout(1):
                try:
                    async with clock.timeout(10):
                        await clock.sleep(60)
                except TimeoutError:
                    seen.append("inner")
        except TimeoutError:
            seen.append("outer")

    await clock.run(work())
    assert seen == ["outer"]


async def test_two_timeouts_of_one_moment_both_end_as_timeouts(clock: HandClock) -> None:
    async def work() -> None:
        async with clock.timeout(1), clock.timeout(1):
            await clock.sleep(60)

    with pytest.raises(TimeoutError):
        await clock.run(work())


async def test_a_cancellation_from_outside_stays_a_cancellation(clock: HandClock) -> None:
    async def work() -> None:
        async with clock.timeout(10):
            await clock.sleep(60)

    task = start(work())
    await clock.settle()
    task.cancel()
    await clock.advance(20)
    assert task.cancelled()


@pytest.mark.parametrize("seconds", [0, -1])
async def test_a_timeout_of_nothing_fires_at_the_first_wait(clock: HandClock, seconds: float) -> None:
    async def work() -> None:
        async with clock.timeout(seconds):
            await clock.sleep(1)

    with pytest.raises(TimeoutError):
        await clock.run(work())


async def test_a_timeout_of_none_never_fires(clock: HandClock) -> None:
    async def work() -> str:
        async with clock.timeout(None):
            await clock.sleep(80_000)
        return "done"

    assert await clock.run(work()) == "done"


async def test_an_error_in_a_timed_block_comes_out_as_it_is(clock: HandClock) -> None:
    with pytest.raises(KeyError):
        async with clock.timeout(1):
            raise KeyError("mine")
    assert clock.waiting == 0


async def test_running_until_idle_goes_from_sleeper_to_sleeper(clock: HandClock) -> None:
    begun, notes = clock.monotonic(), list[tuple[str, float]]()
    start(note_after(clock, 100, notes, "a"))
    start(note_after(clock, 7000, notes, "b"))
    await clock.run_until_idle()
    assert notes == [("a", begun + 100), ("b", begun + 7000)]
    assert clock.monotonic() == begun + 7000


async def test_running_until_a_condition_stops_at_its_moment(clock: HandClock) -> None:
    begun, notes = clock.monotonic(), list[tuple[str, float]]()
    start(note_after(clock, 100, notes, "a"))
    start(note_after(clock, 200, notes, "b"))
    await clock.run_until(lambda: bool(notes))
    assert clock.monotonic() == begun + 100
    with pytest.raises(TimeoutError, match="1 still wait"):
        await clock.run_until(lambda: False, limit=50)


async def test_work_that_nothing_moves_is_told_apart_from_work_that_is_slow() -> None:
    clock = HandClock(real_limit=0.05)
    with pytest.raises(TimeoutError, match="no clock moves"):
        await clock.run(asyncio.Event().wait())
    with pytest.raises(TimeoutError, match="more virtual time"):
        await clock.run(clock.sleep(100), limit=10)


async def test_run_hands_on_the_error_of_the_work(clock: HandClock) -> None:
    async def work() -> None:
        await clock.sleep(1)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await clock.run(work())


async def test_a_request_that_stays_in_flight_is_reported() -> None:
    clock = HandClock(in_flight=lambda: 1, real_limit=0.05)
    with pytest.raises(RuntimeError, match="1 requests are in flight"):
        await clock.advance(1)


async def test_two_may_settle_at_once(clock: HandClock) -> None:
    await asyncio.wait_for(asyncio.gather(clock.settle(), clock.settle()), 60)


class SlowServer:
    """Answers a line after some real turns of the loop and a real wait; counts who is being served."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.served = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await asyncio.sleep(0.02)  # real time, as a disk or a thread would take
        writer.write(b"answer\n")
        writer.close()
        self.served.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            await self.served.wait()

    async def ask(self, port: int) -> bytes:
        self.in_flight += 1
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"question\n")
            with closing(writer):
                return await reader.readline()
        finally:
            self.in_flight -= 1


@pytest.mark.parametrize("counted", [True, False])
async def test_time_stands_still_while_a_request_is_in_flight(counted: bool) -> None:
    server = SlowServer()
    clock = HandClock(in_flight=lambda: server.in_flight if counted else 0)
    result: list[object] = []

    async def ask(port: int) -> None:
        await clock.sleep(1)
        try:
            async with clock.timeout(5):
                result.append(await server.ask(port))
        except TimeoutError:
            result.append(TimeoutError)

    async with server.listening() as port:
        task = start(ask(port))
        await clock.advance(60)
        await task
    assert result == [b"answer\n" if counted else TimeoutError]


async def test_patience_waits_for_what_works_in_a_thread() -> None:
    clock, ended = HandClock(patience=0.2), list[float]()
    begun = clock.monotonic()

    async def work() -> None:
        await clock.sleep(1)
        await asyncio.get_running_loop().run_in_executor(None, sum, range(100_000))
        ended.append(clock.monotonic())

    start(work())
    start(clock.sleep(2))
    await clock.advance(10)
    assert ended == [begun + 1]
