"""Our cache and its peers, each ready for `get` and `set`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

import cachebox
import cachetools
from aiocache import SimpleMemoryCache
from async_lru import alru_cache
from cashews.backends.memory import Memory
from cashews.wrapper import Cache as Cashews

from bench.typical import TypicalCache
from services.engine.cache import Cache, Region
from services.engine.clock import Clock, SystemClock
from services.engine.supervisor import Supervisor

DAY = 86_400.0
TTL = 7 * DAY
VALUE = {"name": "Cats_by_bot", "title": "Cats & Co", "kind": "regular", "count": 30}  # shared by all entries

OURS = "ours"
TYPICAL = "OrderedDict + asyncio.Lock"
CASHEWS_BARE = "cashews Memory, bare"

Sweep = Callable[[Sequence[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subject:
    """A cache behind one face; where `awaited`, both calls give something to await."""

    get: Callable[[str], Any]
    set: Callable[[str, Any], Any]
    awaited: bool = False

    @property
    def sweep(self) -> Sweep:
        """Get every key of a list, with nothing in between."""
        return _awaited_sweep(self.get) if self.awaited else _plain_sweep(self.get)

    async def fill(self, keys: Sequence[str]) -> None:
        """Keep the shared value under every key."""
        for key in keys:
            kept = self.set(key, VALUE)
            if self.awaited:
                await kept


def keys_of(count: int) -> list[str]:
    """Keys as long as those of sticker sets."""
    return [f"stickerset:name_{number:06d}" for number in range(count)]


def region_of(capacity: int, clock: Clock | None = None) -> Region[Any, Any]:
    """A region as the gallery has it."""
    time = clock or SystemClock()
    cache = Cache(time, Random(1), Supervisor(time))
    return cache.region("stickerset", capacity=capacity, ttl=TTL, absent_ttl=3_600.0)


def _ours(capacity: int) -> Subject:
    region = region_of(capacity)
    return Subject(region.get, region.set)


def _typical(capacity: int) -> Subject:
    cache = TypicalCache(capacity, TTL, monotonic)
    return Subject(cache.get, cache.set, awaited=True)


def _cachetools_lru(capacity: int) -> Subject:
    cache: Any = cachetools.LRUCache(capacity)
    return Subject(cache.get, cache.__setitem__)


def _cachetools_ttl(capacity: int) -> Subject:
    cache: Any = cachetools.TTLCache(capacity, TTL)
    return Subject(cache.get, cache.__setitem__)


def _cachetools_tlru(capacity: int) -> Subject:
    cache: Any = cachetools.TLRUCache(capacity, lambda _key, _value, now: now + TTL)
    return Subject(cache.get, cache.__setitem__)


def _cachebox_lru(capacity: int) -> Subject:
    cache: Any = cachebox.LRUCache(capacity)
    return Subject(cache.get, cache.insert)


def _cachebox_ttl(capacity: int) -> Subject:
    cache: Any = cachebox.TTLCache(capacity, TTL)
    return Subject(cache.get, cache.insert)


def _cachebox_vttl(capacity: int) -> Subject:
    cache: Any = cachebox.VTTLCache(capacity)
    return Subject(cache.get, lambda key, value: cache.insert(key, value, TTL))


def _cashews(capacity: int) -> Subject:
    cache = cashews_of(capacity)
    return Subject(cache.get, lambda key, value: cache.set(key, value, expire=TTL), awaited=True)


def cashews_of(capacity: int) -> Any:
    """cashews over its memory, without the walk over all keys that it does each second."""
    cache: Any = Cashews()
    cache.setup("mem://", size=capacity, check_interval=0)
    return cache


def _cashews_bare(capacity: int) -> Subject:
    cache: Any = Memory(size=capacity, check_interval=0)
    return Subject(cache.get, lambda key, value: cache.set(key, value, expire=TTL), awaited=True)


def _aiocache(_capacity: int) -> Subject:
    cache: Any = SimpleMemoryCache()
    return Subject(cache.get, lambda key, value: cache.set(key, value, ttl=TTL), awaited=True)


def _async_lru(capacity: int) -> Subject:
    cached: Any = alru_cache(maxsize=capacity, ttl=TTL)(shared_value)
    return Subject(cached, lambda key, _value: cached(key), awaited=True)


async def shared_value(_key: str) -> Any:
    """A loader that costs nothing."""
    return VALUE


BUILDERS: dict[str, Callable[[int], Subject]] = {
    OURS: _ours,
    TYPICAL: _typical,
    "cachetools LRUCache (no TTL)": _cachetools_lru,
    "cachetools TTLCache": _cachetools_ttl,
    "cachetools TLRUCache": _cachetools_tlru,
    "cachebox LRUCache (no TTL)": _cachebox_lru,
    "cachebox TTLCache": _cachebox_ttl,
    "cachebox VTTLCache": _cachebox_vttl,
    "cashews mem://": _cashews,
    CASHEWS_BARE: _cashews_bare,
    "aiocache SimpleMemoryCache": _aiocache,
    "async_lru": _async_lru,
}
COMPILED = frozenset(name for name in BUILDERS if name.startswith("cachebox"))
UNBOUNDED = frozenset({"aiocache SimpleMemoryCache"})
LOADING = frozenset({"async_lru"})  # has no `get`: asking loads


def _plain_sweep(get: Callable[[str], Any]) -> Sweep:
    async def sweep(keys: Sequence[str]) -> None:
        for key in keys:
            get(key)

    return sweep


def _awaited_sweep(get: Callable[[str], Any]) -> Sweep:
    async def sweep(keys: Sequence[str]) -> None:
        for key in keys:
            await get(key)

    return sweep
