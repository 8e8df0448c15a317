"""Calls that have to wait anyway share a request; a call alone goes out at once.

What waits stands in one of two lanes: what a person waits for, and the rest. The limiter decides whose turn
it is; a request carries calls of one lane, either reads or writes. A batch is no transaction, and which calls
share one is chance: whoever needs an order awaits the first call before the second.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from math import inf

import structlog

from services.bitrix24.answers import lost
from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.limiter import Limiter, Permit
from services.bitrix24.operating import Operating
from services.bitrix24.outcomes import METHOD_PAUSED, STOPPING, Done, Exchange, NotRun, Outcome, Unknown
from services.bitrix24.sizing import LARGEST, Durations, Load
from services.engine.clock import Clock
from services.engine.supervisor import Supervisor

log = structlog.get_logger(__name__)

# Requests of a lane on their way together. At two a second this is enough for answers that take four seconds,
# and a portal that works for twenty seconds on each is not asked to do more at a time.
AT_ONCE = 8
# Seconds between the beginnings of two requests for which nobody waits, while one is on its way, unless they
# are full: what is read for many jobs at one time comes in drops, and each drop would be a request.
GATHER = 0.1


@dataclass(eq=False)
class _Entry:
    commands: Sequence[Command]
    halt: bool
    joins: bool  # may share a request with others
    told: "asyncio.Future[list[Outcome]]"

    def tell(self, outcomes: list[Outcome]) -> None:
        if not self.told.done():  # else its caller is gone
            self.told.set_result(outcomes)


@dataclass(eq=False)
class _Lane:
    urgent: bool
    entries: deque[_Entry] = field(default_factory=deque)
    under_way: int = 0
    telling: int = 0  # requests whose callers are being told: they may well ask for more
    is_served: bool = False
    began_at: float = -inf  # its newest request, on the monotonic clock
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class _Parcel:
    lane: _Lane
    entries: list[_Entry]
    load: Load
    proving: set[str] = field(default_factory=set)  # methods that only this request may call now


class Batcher:
    """Sends the calls of one portal."""

    def __init__(
        self,
        exchange: Exchange,
        limiter: Limiter,
        operating: Operating,
        clock: Clock,
        supervisor: Supervisor,
        *,
        size: int = LARGEST,
    ) -> None:
        """`size`: commands in a batch at most; with 1 each call is a request of its own."""
        self._exchange = exchange
        self._limiter = limiter
        self._operating = operating
        self._clock = clock
        self._supervisor = supervisor
        self._size = size
        self._durations = Durations()
        self._proving: set[str] = set()  # new methods whose first request is on its way
        self._lanes = {urgent: _Lane(urgent) for urgent in (False, True)}

    @property
    def waiting(self) -> int:
        """How many calls and batches wait to be sent."""
        return sum(len(lane.entries) for lane in self._lanes.values())

    async def call(self, command: Command, *, urgent: bool = False, alone: bool = False) -> Outcome:
        """Send one command, with others when it has to wait; `alone` never with others.

        A method that is paused is NotRun at once, with the seconds to wait. A caller that is cancelled
        withdraws a call that has not been sent; one that was sent goes on.
        """
        return (await self._sent([command], halt=False, urgent=urgent, joins=not alone))[0]

    async def together(
        self, commands: Sequence[Command], *, halt: bool = False, urgent: bool = False
    ) -> list[Outcome]:
        """Send these in one request, in this order; see `call` and `fitting`.

        Unless they halt, reads share it when they have to wait, and so do writes with reads after them.
        """
        is_writing = [command.is_write for command in commands]
        joins = not halt and is_writing == sorted(is_writing, reverse=True)
        return await self._sent(list(commands), halt=halt, urgent=urgent, joins=joins)

    def fitting(self, commands: Sequence[Command]) -> int:
        """How many of the first of these should go into one request: at least one, if there are any."""
        return self._durations.fitting(commands, self._size)

    async def _sent(self, commands: list[Command], *, halt: bool, urgent: bool, joins: bool) -> list[Outcome]:
        if not commands:
            return []
        if refusal := self._paused(commands):
            return refusal
        lane = self._lanes[urgent]
        told: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        lane.entries.append(_Entry(commands, halt, joins, told))
        self._serve(lane)
        return await told  # when the caller is cancelled, so is this: whoever puts requests together sees it

    def _paused(self, commands: Sequence[Command]) -> list[Outcome]:
        """When one of the methods is paused: that none was run, and when they may be."""
        wait = max(self._operating.wait_for(command.method) for command in commands)
        if not wait:
            return []
        return [
            NotRun(f"{METHOD_PAUSED} its operating time is used up", wait, METHOD_PAUSED) for _ in commands
        ]

    def _serve(self, lane: _Lane) -> None:
        lane.changed.set()
        if lane.entries and not lane.is_served:
            lane.is_served = True
            name = "bitrix24.urgent" if lane.urgent else "bitrix24.background"
            self._supervisor.spawn_once(name, self._empty(lane))

    async def _empty(self, lane: _Lane) -> None:
        """Send what waits until nothing does."""
        try:
            while self._has_calls(lane):
                lane.changed.clear()
                if lane.under_way == AT_ONCE or self._hears_more(lane) or not self._may_begin(lane):
                    await lane.changed.wait()
                elif seconds := self._gathers(lane):
                    await self._changed_within(lane, seconds)
                else:
                    await self._send_next(lane)
        except PortalUnavailable as error:  # the limiter gives out no more
            log.warning("portal.not_sent", details={"reason": str(error), "calls": len(lane.entries)})
        finally:
            lane.is_served = False
            _give_up(lane)

    def _hears_more(self, lane: _Lane) -> bool:
        """Whether callers that were just told are still to say what they want next: they share a request."""
        return bool(lane.telling) and not lane.urgent

    def _gathers(self, lane: _Lane) -> float:
        """Seconds that the next request waits for company; 0: it goes now."""
        if lane.urgent or not lane.under_way:
            return 0.0
        if sum(len(entry.commands) for entry in lane.entries) >= self._size:
            return 0.0
        return max(lane.began_at + GATHER - self._clock.monotonic(), 0.0)

    async def _changed_within(self, lane: _Lane, seconds: float) -> None:
        with suppress(TimeoutError):
            async with self._clock.timeout(seconds):
                await lane.changed.wait()

    def _has_calls(self, lane: _Lane) -> bool:
        """Whether anybody waits; at the front nobody stands then who is not to be sent."""
        while lane.entries and self._is_settled(lane.entries[0]):
            lane.entries.popleft()
        return bool(lane.entries)

    def _may_begin(self, lane: _Lane) -> bool:
        """Whether a request can be put together now."""
        waiting = (entry for entry in lane.entries if not entry.told.done())
        return any(self._load().may_begin(entry.commands) for entry in waiting)

    async def _send_next(self, lane: _Lane) -> None:
        permit = await self._limiter.admit(urgent=lane.urgent)
        parcel = self._next_parcel(lane)
        if not parcel.entries:
            permit.unused()
            return
        self._begin(parcel)
        self._supervisor.spawn_once("bitrix24.request", self._send(parcel, permit))

    def _next_parcel(self, lane: _Lane) -> _Parcel:
        """Take what goes out next, in the order it came."""
        parcel, passed_over = _Parcel(lane, [], self._load()), []
        while lane.entries and not parcel.load.is_full:
            entry = lane.entries.popleft()
            if self._is_settled(entry):
                continue
            if entry.joins and parcel.load.takes(entry.commands):
                parcel.entries.append(entry)
            elif not entry.joins and parcel.load.may_begin(entry.commands):
                parcel.load.begin(entry.commands)
                parcel.entries.append(entry)
                break
            else:
                passed_over.append(entry)
        lane.entries.extendleft(reversed(passed_over))
        return parcel

    def _is_settled(self, entry: _Entry) -> bool:
        """Whether its caller is gone or is told now that a method is paused."""
        if not entry.told.done() and (refusal := self._paused(entry.commands)):
            entry.tell(refusal)
        return entry.told.done()

    def _load(self) -> Load:
        return Load(self._durations, self._operating, self._size, self._proving)

    async def _send(self, parcel: _Parcel, permit: Permit) -> None:
        commands = parcel.load.commands
        halt = any(entry.halt for entry in parcel.entries)
        outcomes = [lost(command, "the request was given up") for command in commands]
        begun = self._clock.monotonic()
        try:
            outcomes = await self._exchange(commands, halt)
        except asyncio.CancelledError:
            outcomes = [_stopped(command) for command in commands]
            raise
        finally:
            permit.ended()
            self._durations.learn(commands, outcomes, self._clock.monotonic() - begun)
            self._end(parcel)
            self._tell(parcel, outcomes)

    def _begin(self, parcel: _Parcel) -> None:
        parcel.lane.under_way += 1
        parcel.lane.began_at = self._clock.monotonic()
        for method, seconds in parcel.load.by_method.items():
            self._operating.begin(method, seconds)
        parcel.proving = {
            command.method.lower() for command in parcel.load.commands if self._durations.is_new(command)
        }
        self._proving |= parcel.proving

    def _end(self, parcel: _Parcel) -> None:
        parcel.lane.under_way -= 1
        for method, seconds in parcel.load.by_method.items():
            self._operating.end(method, seconds)
        self._proving -= parcel.proving
        for lane in self._lanes.values():
            lane.changed.set()

    def _tell(self, parcel: _Parcel, outcomes: list[Outcome]) -> None:
        """In turns, but for those whom something failed: they are one line in the log (misses.py)."""
        left = iter(outcomes)
        told = [(entry, list(islice(left, len(entry.commands)))) for entry in parcel.entries]
        for entry, its in told:
            if not _is_done(its):
                entry.tell(its)
        parcel.lane.telling += 1
        self._tell_next(parcel.lane, iter([partial(entry.tell, its) for entry, its in told if _is_done(its)]))

    def _tell_next(self, lane: _Lane, tells: Iterator[Callable[[], None]]) -> None:
        """One caller, and the next one in the loop's next turn.

        What fifty of them make of their answers takes its time, and a portal that tells us of something would
        wait for all of it.
        """
        if tell := next(tells, None):
            tell()
            asyncio.get_running_loop().call_soon(self._tell_next, lane, tells)
        else:
            lane.telling -= 1
            lane.changed.set()


def _is_done(outcomes: Sequence[Outcome]) -> bool:
    return all(isinstance(outcome, Done) for outcome in outcomes)


def _give_up(lane: _Lane) -> None:
    for entry in lane.entries:
        entry.tell([NotRun("the hub ends", code=STOPPING) for _ in entry.commands])
    lane.entries.clear()


def _stopped(command: Command) -> Outcome:
    reason = "the hub ended before the answer came"
    return Unknown(reason) if command.is_write else NotRun(reason, code=STOPPING)
