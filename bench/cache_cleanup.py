"""How long the event loop stands still while a large cache throws away what has expired."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from time import monotonic, perf_counter
from typing import Any

import cachebox
import cachetools
from cashews.backends.memory import Memory

from bench.caches import OURS, TTL, TYPICAL, VALUE, keys_of, region_of
from bench.rounds import Contender, Goal, Heading, Scale, Table, compare
from bench.typical import TypicalCache
from services.engine.clock import SystemClock

MILLISECONDS = 1_000.0
SHORT_LIFE = 0.5  # seconds, for peers whose clock cannot be moved: longer than filling takes

_ABOUT = (
    "One cleanup pass over {entries} entries, every second of them expired: the longest time in which a task "
    "that only gives up its turn did not get it back. aiocache has a timer for each entry and async_lru "
    "drops on access: neither has such a pass. cashews walks all keys each second by default."
)

Cleanup = Callable[[], Awaitable[object]]
Prepare = Callable[[list[str]], Awaitable[Cleanup]]


@dataclass(slots=True)
class Shifted:
    """A monotonic clock that can be moved on."""

    by: float = 0.0

    def __call__(self) -> float:
        return monotonic() + self.by


class ShiftedClock(SystemClock):
    """The system's clock with a monotonic time that can be moved on."""

    def __init__(self, timer: Shifted) -> None:
        self.monotonic = timer


async def cleanup_stall(scale: Scale, random: Random) -> Table:
    """The longest stall during one pass, half of all entries expired."""
    keys = keys_of(scale.many_entries)
    contenders = [Contender(name, partial(_measured, prepare, keys)) for name, prepare in _PREPARE.items()]
    heading = Heading(
        "Cache: cleanup stall",
        "milliseconds",
        _ABOUT.format(entries=f"{scale.many_entries:,}"),
        TYPICAL,
        (Goal(f"cleanup stall ≤ 5 ms at {scale.many_entries:,} entries", OURS, most=5.0),),
        digits=1,
    )
    return await compare(heading, contenders, scale.few, random)


async def _measured(prepare: Prepare, keys: list[str]) -> float:
    cleanup = await prepare(keys)
    gc.collect()  # what filling left behind is not the cleanup's
    return await _longest_stall(cleanup) * MILLISECONDS


async def _longest_stall(cleanup: Cleanup) -> float:
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        stalls = group.create_task(_stalls(over))
        await asyncio.sleep(0)
        await cleanup()
        over.set()
    return stalls.result()


async def _stalls(over: asyncio.Event) -> float:
    longest, last = 0.0, perf_counter()
    while True:
        ending = over.is_set()
        await asyncio.sleep(0)
        now = perf_counter()
        longest, last = max(longest, now - last), now
        if ending:
            return longest


async def _ours(keys: list[str]) -> Cleanup:
    timer = Shifted()
    region = region_of(len(keys), ShiftedClock(timer))
    for key in keys[::2]:
        region.set(key, VALUE)
    timer.by = TTL
    for key in keys[1::2]:
        region.set(key, VALUE)
    return region.cleanup_expired


async def _typical(keys: list[str]) -> Cleanup:
    timer = Shifted()
    cache = TypicalCache(len(keys), TTL, timer)
    for key in keys[::2]:
        await cache.set(key, VALUE)
    timer.by = TTL
    for key in keys[1::2]:
        await cache.set(key, VALUE)
    return cache.cleanup_expired


async def _cachetools(keys: list[str]) -> Cleanup:
    timer = Shifted()
    lives = dict.fromkeys(keys[::2], TTL)
    cache: Any = cachetools.TLRUCache(
        len(keys), lambda key, _value, now: now + lives.get(key, 2 * TTL), timer=timer
    )
    for key in keys:
        cache[key] = VALUE
    timer.by = TTL
    return partial(_at_once, cache.expire)


async def _cachebox(keys: list[str]) -> Cleanup:
    cache: Any = cachebox.VTTLCache(len(keys))
    for key in keys[1::2]:
        cache.insert(key, VALUE, TTL)
    for key in keys[::2]:
        cache.insert(key, VALUE, SHORT_LIFE)
    await asyncio.sleep(SHORT_LIFE)
    return partial(_at_once, cache.expire)


async def _cashews(keys: list[str]) -> Cleanup:
    backend: Any = Memory(size=len(keys))
    for key in keys[1::2]:
        await backend.set(key, VALUE, expire=TTL)
    for key in keys[::2]:
        await backend.set(key, VALUE, expire=SHORT_LIFE)
    await asyncio.sleep(SHORT_LIFE)
    return partial(_one_pass, backend)


async def _one_pass(backend: Any) -> None:
    await backend.init()  # starts with a pass
    await asyncio.sleep(0)
    await backend.close()


async def _at_once(expire: Callable[[], object]) -> None:
    expire()


_PREPARE: dict[str, Prepare] = {
    OURS: _ours,
    TYPICAL: _typical,
    "cachetools TLRUCache": _cachetools,
    "cachebox VTTLCache": _cachebox,
    "cashews Memory": _cashews,
}
