"""How long a hit takes: the plain look-up, and the one that would load on a miss."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from time import monotonic, perf_counter
from typing import Any

import cachebox
from aiocache import SimpleMemoryCache
from aiocache import cached as aiocached
from async_lru import alru_cache

from bench.caches import (
    BUILDERS,
    LOADING,
    OURS,
    TTL,
    TYPICAL,
    Sweep,
    cashews_of,
    keys_of,
    region_of,
    shared_value,
)
from bench.rounds import Contender, Goal, Heading, Scale, Table, compare
from bench.typical import TypicalCache

SWEEP = 2_000  # look-ups between two looks at the time
THOUSANDS = 1_000.0
CACHEBOX = "cachebox @cached, LRUCache"

_PLAIN = (
    "{entries} warm entries in a cache of that size, keys drawn at random, one shared value, from a "
    "coroutine; asynchronous peers are awaited. Ours keeps LRU order, a TTL for each entry and "
    "counters; the compiled caches of cachebox cannot be reached in Python, and keep none of the counters."
)
_LOADING = (
    "The same hits through each peer's own facility that loads on a miss, shares the load between callers "
    "and is awaited. Ours is called as the hub calls it, with a new closure each time. cachebox is told not "
    "to copy what it returns."
)


async def plain_hits(scale: Scale, random: Random) -> Table:
    """A hit that has nothing to load."""
    keys = keys_of(scale.entries)
    asked = random.choices(keys, k=SWEEP)
    contenders = []
    for name, build in BUILDERS.items():
        if name not in LOADING:
            subject = build(scale.entries)
            await subject.fill(keys)
            contenders.append(_contender(name, subject.sweep, asked, scale))
    goal = Goal("sync hit ≥ 3× OrderedDict + Lock", OURS, TYPICAL, least=3.0)
    about = _PLAIN.format(entries=f"{scale.entries:,}")
    heading = Heading("Cache: a hit", "thousand hits a second", about, TYPICAL, (goal,))
    return await compare(heading, contenders, scale.rounds, random)


async def loading_hits(scale: Scale, random: Random) -> Table:
    """A hit of what would have loaded."""
    keys = keys_of(scale.entries)
    asked = random.choices(keys, k=SWEEP)
    contenders = []
    for name, sweep in _loading_sweeps(scale.entries).items():
        await sweep(keys)
        contenders.append(_contender(name, sweep, asked, scale))
    goal = Goal("get-or-load hit ≥ 1.3× cachebox @cached", OURS, CACHEBOX, least=1.3)
    heading = Heading("Cache: a hit of get-or-load", "thousand hits a second", _LOADING, CACHEBOX, (goal,))
    return await compare(heading, contenders, scale.rounds, random)


def _contender(name: str, sweep: Sweep, asked: Sequence[str], scale: Scale) -> Contender:
    async def measure() -> float:
        return await _rate(sweep, asked, scale.seconds) / THOUSANDS

    return Contender(name, measure)


async def _rate(sweep: Sweep, keys: Sequence[str], seconds: float) -> float:
    """Look-ups a second, over at least that many seconds."""
    done, passed, started = 0, 0.0, perf_counter()
    while passed < seconds:
        await sweep(keys)
        done += len(keys)
        passed = perf_counter() - started
    return done / passed


def _loading_sweeps(capacity: int) -> dict[str, Sweep]:
    typical = TypicalCache(capacity, TTL, monotonic)
    lru: Any = cachebox.cached(cachebox.LRUCache(capacity), postprocess=None)(shared_value)
    ttl: Any = cachebox.cached(cachebox.TTLCache(capacity, TTL), postprocess=None)(shared_value)
    lru_task: Any = alru_cache(maxsize=capacity, ttl=TTL)(shared_value)
    cashew: Any = cashews_of(capacity)(ttl=TTL, key="{_key}")(shared_value)
    aio: Any = aiocached(ttl=TTL, cache=SimpleMemoryCache, key_builder=lambda _f, key: key)(shared_value)
    return {
        OURS: _our_sweep(capacity),
        f"{TYPICAL}, load by hand": _called(lambda key: typical.get_or_load(key, shared_value)),
        CACHEBOX: _called(lru),
        "cachebox @cached, TTLCache": _called(ttl),
        "async_lru @alru_cache": _called(lru_task),
        "cashews @cache": _called(cashew),
        "aiocache @cached": _called(aio),
    }


def _our_sweep(capacity: int) -> Sweep:
    region = region_of(capacity)

    async def sweep(keys: Sequence[str]) -> None:
        for key in keys:
            await region.get_or_load(key, lambda: shared_value(key))  # noqa: B023 - awaited in this turn

    return sweep


def _called(load: Callable[[str], Awaitable[Any]]) -> Sweep:
    async def sweep(keys: Sequence[str]) -> None:
        for key in keys:
            await load(key)

    return sweep
