"""A region beside a model so simple that it can be read, under any order of events."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from services.engine.cache import MISS, Lookup
from services.engine.errors import Refused, Unavailable
from tests.clock import HandClock
from tests.services.engine.regions import ABSENT_TTL, STALE, TTL, Source, build_region, start

CAPACITY = 3
KEYS = st.sampled_from("abcde")
VALUES = st.one_of(st.none(), st.sampled_from(["1", "2", "3"]))
WAITS = st.sampled_from([1.0, ABSENT_TTL, TTL / 2, TTL, STALE])
ERRORS = st.sampled_from([Unavailable("portal"), Refused("no")])


@dataclass
class Load:
    """A load under way: who waits, at which gate, and whether what it brings is still wanted."""

    key: str
    gate: asyncio.Event
    outcome: str | Exception | None
    waiters: list["asyncio.Task[Lookup[str]]"] = field(default_factory=list)
    wanted: bool = True


class RegionMachine(RuleBasedStateMachine):
    """The model: an ordered dict of (value, end of TTL), the oldest use first, and the loads one may join."""

    loads = Bundle("loads")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.loop = self.runner.get_loop()
        self.clock = HandClock()
        self.region = build_region(self.clock, capacity=CAPACITY)
        self.source = Source()
        self.kept: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self.open: dict[str, Load] = {}

    # What the model does

    def keep(self, key: str, value: str | None) -> None:
        lifetime = ABSENT_TTL if value is None else TTL
        self.kept.pop(key, None)
        self.kept[key] = (value, self.clock.monotonic() + lifetime)
        while len(self.kept) > CAPACITY:
            self.kept.popitem(last=False)

    def fresh(self, key: str) -> object:
        value, ends = self.kept.get(key, (None, 0.0))
        if key not in self.kept or ends <= self.clock.monotonic():
            return MISS
        self.kept.move_to_end(key)
        return value

    def forget_load(self, key: str) -> None:
        if load := self.open.pop(key, None):
            load.wanted = False

    def expected(self, key: str, outcome: str | Exception | None) -> Lookup[str] | Exception:
        """What those who wait for a load with this outcome get."""
        if not isinstance(outcome, Exception):
            return Lookup(outcome, stale=False)
        value, ends = self.kept.get(key, (None, 0.0))
        now = self.clock.monotonic()
        if isinstance(outcome, Refused) or now >= (ends if value is None else ends + STALE):
            return outcome
        self.kept.move_to_end(key)
        return Lookup(value, stale=now >= ends)

    # What happens

    @rule(key=KEYS, value=VALUES)
    def set(self, key: str, value: str | None) -> None:
        self.region.set(key, value)
        self.forget_load(key)
        self.keep(key, value)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.region.get(key, MISS) == self.fresh(key)

    @rule(key=KEYS)
    def invalidate(self, key: str) -> None:
        self.forget_load(key)
        assert self.region.invalidate(key) == (self.kept.pop(key, None) is not None)

    @rule()
    def clear(self) -> None:
        for key in list(self.open):
            self.forget_load(key)
        assert self.region.clear() == len(self.kept)
        self.kept.clear()

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.runner.run(self.clock.advance(seconds))

    @rule()
    def clean_up(self) -> None:
        now = self.clock.monotonic()
        gone = [k for k, (v, ends) in self.kept.items() if now >= (ends if v is None else ends + STALE)]
        for key in gone:
            del self.kept[key]
        assert self.runner.run(self.region.cleanup_expired()) == len(gone)

    @rule(target=loads, key=KEYS, outcome=st.one_of(VALUES, ERRORS))
    def ask(self, key: str, outcome: str | Exception | None) -> Load | None:
        """A hit answers at once; a miss begins a load with this outcome or joins the one under way."""
        known, load = self.fresh(key), self.open.get(key)
        joins = load is not None
        if load is None:
            load = Load(key, asyncio.Event(), outcome)
        asked = len(self.source.asked)
        waiter = self.runner.run(self.begin(load))
        if known is not MISS:
            assert waiter.result() == (known, False)
            return None
        assert len(self.source.asked) == asked + (not joins)
        load.waiters.append(waiter)
        self.open[key] = load
        return load

    async def begin(self, load: Load) -> "asyncio.Task[Lookup[str]]":
        error = load.outcome if isinstance(load.outcome, Exception) else None
        self.source.error, self.source.gate = error, load.gate
        if error is None:
            self.source.answers[load.key] = load.outcome  # type: ignore[assignment]
        waiter = start(self.region.look_up(load.key, self.source.reader(load.key)))
        await self.clock.settle()
        return waiter

    @rule(load=loads)
    def cancel_a_waiter(self, load: Load | None) -> None:
        if load and load.waiters:
            load.waiters.pop(0).cancel()
            self.runner.run(self.clock.settle())

    @rule(load=consumes(loads))
    def end_load(self, load: Load | None) -> None:
        if load is None or load.gate.is_set():
            return
        load.gate.set()
        self.runner.run(self.clock.settle())
        if self.open.get(load.key) is load:
            del self.open[load.key]
        expected = self.expected(load.key, load.outcome)
        if load.wanted and not isinstance(load.outcome, Exception):
            self.keep(load.key, load.outcome)
        for waiter in load.waiters:
            assert (waiter.exception() or waiter.result()) == expected

    @invariant()
    def sizes_agree(self) -> None:
        stats = self.region.get_stats()
        assert (stats.entries, stats.loading, stats.faults) == (len(self.kept), len(self.open), 0)
        assert stats.entries <= CAPACITY

    def teardown(self) -> None:
        self.runner.close()


RegionMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class TestRegionBehavesLikeItsModel(RegionMachine.TestCase):  # type: ignore[valid-type,misc]
    """Collected by pytest through Hypothesis' own test case."""
