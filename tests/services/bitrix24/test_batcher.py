"""Which calls share a request, how many, and when; the far end is a function that tells outcomes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.bitrix24.batcher import AT_ONCE, Batcher
from services.bitrix24.commands import Command
from services.bitrix24.operating import Operating
from services.bitrix24.outcomes import (
    AWAY,
    METHOD_PAUSED,
    STOPPING,
    Done,
    NotRun,
    Outcome,
    Timing,
    Unknown,
)
from tests.services.bitrix24.limits import Limits, all_of, limits, result_of

ADD, LIST = "crm.contact.add", "crm.deal.list"


@dataclass
class FarEnd:
    """Takes requests, each of which lasts as its commands do, and gives every command its own number."""

    at: Limits
    seconds: dict[str, float] = field(default_factory=dict)
    travel: float = 0.1
    requests: list[list[Command]] = field(default_factory=list)
    halts: list[bool] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    lost: bool = False
    broken: Exception | None = None

    @property
    def sizes(self) -> list[int]:
        return [len(request) for request in self.requests]

    async def __call__(self, commands: Sequence[Command], halt: bool) -> list[Outcome]:
        self.requests.append(list(commands))
        self.halts.append(halt)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        times = [self.seconds.get(command.method, 0.01) for command in commands]
        await self.at.clock.sleep(self.travel + sum(times))
        self.under_way -= 1
        if self.broken:
            raise self.broken
        if self.lost:
            return [Unknown("lost") for _ in commands]
        return [
            Done(command.params.get("n"), timing=Timing(seconds, seconds))
            for command, seconds in zip(commands, times, strict=True)
        ]


@dataclass
class Room:
    at: Limits
    far: FarEnd
    operating: Operating
    batcher: Batcher

    def call(self, method: str, n: int = 0, **how: bool) -> Any:
        return self.batcher.call(Command(method, {"n": n}), **how)

    async def many(self, method: str, count: int, **how: bool) -> list[Outcome]:
        """So many calls at one moment; each gets its own answer."""
        calls = [self.call(method, number, **how) for number in range(count)]
        outcomes = await self.at.clock.run(all_of(calls))
        assert [getattr(outcome, "result", None) for outcome in outcomes] == list(range(count))
        return outcomes


def new_room(at: Limits, size: int = 50, **settings: Any) -> Room:
    operating, far = Operating(at.clock), FarEnd(at)
    batcher = Batcher(far, at.limiter(**settings), operating, at.clock, at.supervisor, size=size)
    return Room(at, far, operating, batcher)


@pytest.fixture
async def at() -> AsyncIterator[Limits]:
    async with limits() as found:
        yield found


@pytest.fixture
def room(at: Limits) -> Room:
    return new_room(at)


async def test_a_call_goes_out_alone_and_at_once_when_nobody_waits(room: Room) -> None:
    begun = room.at.clock.monotonic()
    for number in range(3):
        await room.at.clock.run(room.call(LIST, number))
    assert room.far.sizes == [1, 1, 1]
    assert room.at.clock.monotonic() - begun == pytest.approx(3 * 0.11)


async def test_calls_that_wait_for_the_limiter_share_a_request(at: Limits) -> None:
    room = new_room(at, rate=1.0, burst=1)
    await room.at.clock.run(room.call(LIST))
    begun = at.clock.monotonic()
    await room.many(LIST, 30)
    assert room.far.sizes == [1, 30]
    assert at.clock.monotonic() - begun <= 1 + 0.4


class Turns:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.count = 0
        self._loop = asyncio.get_running_loop()

    def go_on(self, most: int) -> None:
        self.count += 1
        if self.count < most:
            self._loop.call_soon(self.go_on, most)


async def test_what_callers_make_of_their_answers_is_done_in_turns_of_the_loop(at: Limits) -> None:
    room = new_room(at, rate=1.0, burst=1)
    await at.clock.run(room.call(LIST))
    turns = Turns()
    told: list[int] = []

    async def caller(number: int) -> None:
        await room.call(LIST, number)
        if not told:
            turns.go_on(60)
        told.append(turns.count)

    await at.clock.run(all_of([caller(number) for number in range(30)]))
    assert room.far.sizes == [1, 30]
    assert len(set(told)) >= 29, "who comes meanwhile waits for one of them, not for all"


async def test_what_those_who_shared_a_request_ask_next_shares_one_too(room: Room) -> None:
    async def caller(number: int) -> None:
        for _ in range(6):
            await room.call(LIST, number)

    await room.at.clock.run(all_of([caller(number) for number in range(50)]))
    assert room.far.sizes == [50] * 6


async def test_reads_fill_batches_up_to_the_setting(at: Limits) -> None:
    room = new_room(at, size=30)
    await room.many(LIST, 100)
    assert room.far.sizes == [30, 30, 30, 10]


async def test_fast_writes_begin_with_twenty_and_go_on_with_fifty(room: Room) -> None:
    await room.many(ADD, 400)
    assert room.far.sizes == [20, 50, 50, 50, 50, 50, 50, 50, 30]


async def test_slow_writes_go_on_with_as_many_as_take_twenty_seconds(room: Room) -> None:
    room.far.seconds[ADD] = 0.7
    await room.many(ADD, 120)
    assert room.far.sizes == [20, 28, 28, 28, 16]


async def test_writes_slower_than_twenty_seconds_go_one_by_one(room: Room) -> None:
    room.far.seconds[ADD] = 2.5
    await room.many(ADD, 30)
    room.far.seconds[ADD] = 25.0
    await room.many(ADD, 10)
    before = len(room.far.requests)
    await room.many(ADD, 3)
    assert room.far.sizes[before:] == [1, 1, 1]


async def test_nothing_of_a_new_kind_of_write_goes_out_beside_its_first_request(room: Room) -> None:
    room.far.seconds[ADD] = 0.5
    adds = asyncio.create_task(all_of([room.call(ADD, number) for number in range(50)]))
    await room.at.clock.advance(5)
    assert room.far.sizes == [20]
    await room.at.clock.run(room.call(LIST))
    await room.at.clock.run(room.call("crm.deal.add"))
    assert room.far.sizes == [20, 1, 1], "others need not wait for it"
    await room.at.clock.run(all_of([result_of(adds)]))
    assert room.far.sizes == [20, 1, 1, 30]


async def test_a_method_that_slows_down_gets_smaller_batches_at_once_and_larger_ones_slowly(
    room: Room,
) -> None:
    await room.many(ADD, 20)
    room.far.seconds[ADD] = 1.0
    await room.many(ADD, 50)
    room.far.seconds[ADD] = 0.01
    fitting = []
    for _ in range(3):
        fitting.append(room.batcher.fitting([Command(ADD)] * 50))
        await room.many(ADD, 1)
    assert fitting == [20, 39, 50], "one quick request is no proof"


async def test_a_lost_batch_makes_the_next_one_smaller(room: Room) -> None:
    await room.many(ADD, 20)
    room.far.lost, room.far.travel = True, 70.0
    await room.at.clock.run(all_of([room.call(ADD) for _ in range(50)]))
    room.far.lost, room.far.travel = False, 0.1
    await room.many(ADD, 50)
    assert room.far.sizes[:3] == [20, 50, 14]


async def test_reads_and_writes_do_not_share_a_request(room: Room) -> None:
    calls = [room.call((ADD, LIST)[number % 2], number) for number in range(10)]
    outcomes = await room.at.clock.run(all_of(calls))
    assert [outcome.result for outcome in outcomes] == list(range(10))
    assert [{command.method for command in request} for request in room.far.requests] == [{ADD}, {LIST}]


async def test_a_caller_that_leaves_withdraws_what_was_not_sent_and_nothing_else(at: Limits) -> None:
    room = new_room(at, rate=0.1, burst=1)
    sent = asyncio.create_task(room.call(ADD, 1))
    await at.clock.settle()
    waiting = [asyncio.create_task(room.call(LIST, number)) for number in range(3)]
    await at.clock.settle()
    sent.cancel()
    waiting[1].cancel()
    await at.clock.run(all_of([result_of(waiting[0]), result_of(waiting[2])]))
    assert [[command.params["n"] for command in request] for request in room.far.requests] == [[1], [0, 2]]


async def test_when_all_who_waited_are_gone_nothing_is_sent(at: Limits) -> None:
    room = new_room(at, rate=0.1, burst=1)
    await at.clock.run(room.call(LIST))
    gone = asyncio.create_task(room.call(LIST))
    await at.clock.settle()
    gone.cancel()
    await at.clock.advance(10.5)
    assert room.far.sizes == [1]
    assert room.batcher.waiting == 0
    begun = at.clock.monotonic()
    await at.clock.run(room.call(LIST))
    assert at.clock.monotonic() - begun == pytest.approx(0.11), "the permit was not lost with them"


async def test_what_a_person_waits_for_goes_out_first_in_requests_of_its_own(at: Limits) -> None:
    room = new_room(at, size=2, rate=1.0, burst=1)
    await at.clock.run(room.call(LIST))
    background = [room.call("crm.item.list", number) for number in range(20)]
    urgent = [room.call(LIST, number, urgent=True) for number in range(6)]
    await at.clock.run(all_of([*background, *urgent]))
    kinds = ["".join({command.method[4] for command in request}) for request in room.far.requests[1:6]]
    assert kinds.count("d") == 3, "all of them among the first"
    assert all(len(kind) == 1 for kind in kinds)


async def test_only_so_many_requests_are_on_their_way_and_a_person_need_not_wait_for_them(room: Room) -> None:
    room.far.travel = 20.0
    work = asyncio.create_task(all_of([room.call(LIST, number, alone=True) for number in range(30)]))
    await room.at.clock.advance(1)
    assert room.far.under_way == AT_ONCE
    begun = room.at.clock.monotonic()
    await room.at.clock.run(room.call(LIST, urgent=True))
    assert room.at.clock.monotonic() - begun == pytest.approx(20.01)
    await room.at.clock.run(result_of(work))
    assert room.far.most == AT_ONCE + 1


async def test_a_batch_is_one_request_in_its_own_order_with_its_own_halt(room: Room) -> None:
    commands = [Command(method, {"n": n}) for n, method in enumerate([LIST, ADD, ADD, "crm.deal.add"])]
    mine = room.batcher.together(commands, halt=True)
    outcomes, *_ = await room.at.clock.run(all_of([mine, *(room.call(LIST, n) for n in range(5))]))
    assert [outcome.result for outcome in outcomes] == [0, 1, 2, 3]
    assert room.far.requests[0] == commands
    assert room.far.halts == [True, False]
    assert await room.batcher.together([]) == []


async def test_batches_that_have_to_wait_share_requests_as_wholes(at: Limits) -> None:
    room = new_room(at, rate=1.0, burst=1)
    three = [Command(LIST, {"n": n}) for n in range(3)]
    batches = [room.batcher.together(three) for _ in range(18)]
    pair = [Command(ADD, {"n": 1}), Command(LIST, {"n": 2})]
    pairs = [room.batcher.together(pair) for _ in range(3)]
    mixed = room.batcher.together([Command(LIST, {"n": 1}), Command(ADD, {"n": 2})])
    outcomes = await at.clock.run(all_of([*batches, *pairs, mixed]))
    told = [[each.result for each in some if isinstance(each, Done)] for some in outcomes]
    assert told == [[0, 1, 2]] * 18 + [[1, 2]] * 4
    assert room.far.sizes == [48, 6, 6, 2]
    assert room.far.requests[2] == pair * 3
    assert set(room.far.halts) == {False}


async def test_a_call_that_has_to_travel_alone_does(room: Room) -> None:
    await room.many(LIST, 3, alone=True)
    assert room.far.sizes == [1, 1, 1]


async def test_as_many_commands_fit_a_request_as_take_twenty_seconds(room: Room) -> None:
    adds = [Command(ADD)] * 60
    assert room.batcher.fitting(adds) == 20
    assert room.batcher.fitting([Command(LIST)] * 60) == 50
    await room.many(ADD, 20)
    assert room.batcher.fitting(adds) == 50
    assert room.batcher.fitting([Command("x.add")]) == 1
    assert room.batcher.fitting([]) == 0


async def test_a_paused_method_is_not_sent_and_told_when_it_may_be(at: Limits) -> None:
    room = new_room(at, rate=0.1, burst=1)
    await at.clock.run(room.call(ADD))
    queued = asyncio.create_task(room.call(ADD))
    await at.clock.settle()
    room.operating.blocked(ADD, 300.0)
    refused = await at.clock.run(room.call(ADD))
    assert (type(refused), refused.code) == (NotRun, METHOD_PAUSED)
    assert refused.retry_after == pytest.approx(300, abs=2)
    late = await at.clock.run(result_of(queued))
    assert late.code == METHOD_PAUSED
    batch = await room.batcher.together([Command(LIST), Command(ADD)])
    assert {outcome.code for outcome in batch if isinstance(outcome, NotRun)} == {METHOD_PAUSED}
    assert len(batch) == 2
    assert room.far.sizes == [1]
    assert isinstance(await at.clock.run(room.call(LIST)), Done), "other methods work"


async def test_what_is_under_way_leaves_room_below_the_ceiling(room: Room) -> None:
    room.far.seconds[ADD] = 1.0
    await room.many(ADD, 20)
    room.operating.record(ADD, Timing(1.0, 1.0, 420.0, None))
    work = asyncio.create_task(all_of([room.call(ADD, number) for number in range(100)]))
    await room.at.clock.advance(1)
    assert room.far.sizes[1:] == [20, 16], "456 s are 95 % of what is documented"
    work.cancel()


async def test_a_request_that_breaks_is_perhaps_executed(room: Room) -> None:
    room.far.broken = ValueError("our own mistake")
    written, read = await room.at.clock.run(all_of([room.call(ADD), room.call(LIST)]))
    assert isinstance(written, Unknown)
    assert (type(read), read.code) == (NotRun, AWAY)
    assert len(room.at.failures) == 2, "and somebody is told"
    room.far.broken = None
    await room.many(ADD, 3)


async def test_who_waits_when_the_hub_ends_is_told_that_nothing_was_sent(at: Limits) -> None:
    room = new_room(at, rate=0.1, burst=1)
    await at.clock.run(room.call(LIST))
    waiting = asyncio.create_task(room.call(ADD))
    await at.clock.settle()
    await at.supervisor.stop(0)
    told = await waiting
    assert (type(told), told.code) == (NotRun, STOPPING), "nobody tries it again"


async def test_what_is_on_its_way_when_the_hub_ends_is_not_tried_again(room: Room) -> None:
    room.far.travel = 10.0
    calls = [asyncio.create_task(room.call(method)) for method in (ADD, LIST)]
    await room.at.clock.settle()
    await room.at.supervisor.stop(0)
    written, read = await asyncio.gather(*calls)
    assert isinstance(written, Unknown)
    assert (type(read), read.code) == (NotRun, STOPPING)
