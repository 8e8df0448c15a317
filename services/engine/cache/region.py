"""One named region of the cache."""

from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from random import Random
from typing import Any, Final, Generic, TypeVar, overload

from services.engine.cache.flight import Flight, Loader, Lookup
from services.engine.cache.stats import Counters, RegionStats, picture
from services.engine.clock import Clock
from services.engine.errors import HubError, Unavailable
from services.engine.supervisor import Supervisor

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")

SLICE = 500  # entries a cleanup looks at before others get their turn


class Miss(Enum):
    """The type of `MISS`."""

    MISS = "miss"


MISS: Final = Miss.MISS  # a default for `get` that no cached value equals


class Region(Generic[K, V]):
    """Values of one kind, bounded by `capacity`, in true LRU order.

    A kept None means "known not to exist" and lives for `absent_ttl`, never longer than `ttl`. Lifetimes
    are drawn between 90 and 100 % (`jitter`) of the configured one, so that it stays an upper bound. A
    value past its TTL stays for `stale` seconds more, only to stand in when the source fails.

    No method but the loads, `cleanup_expired` and `stop_cleanup_task` awaits, so none needs a lock.
    A key that cannot be hashed or compared is a counted fault and a miss.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        random: Random,
        supervisor: Supervisor,
        *,
        capacity: int,
        ttl: float,
        absent_ttl: float,
        stale: float,
        cleanup_interval: float,
        jitter: float = 0.1,
        enabled: bool = True,
    ) -> None:
        _check(capacity=capacity, ttl=ttl, absent_ttl=absent_ttl, stale=stale, jitter=jitter)
        self.name = name
        self.capacity = capacity
        self.counters = Counters()
        self._clock = clock
        self._supervisor = supervisor
        self._random = random.random
        self._ttl, self._absent_ttl = ttl, min(absent_ttl, ttl)
        self._stale, self._jitter = stale, jitter
        self._cleanup_interval = cleanup_interval
        self._enabled = enabled
        self._flights: dict[K, Flight[V]] = {}
        # (end of TTL, value): a tuple of a float and a value is the smallest entry there is.
        self._entries: OrderedDict[K, tuple[float, V | None]] = OrderedDict()
        # Bound once for the hit path; `_entries` is therefore never replaced, only changed.
        self._find = self._entries.get
        self._touch = self._entries.move_to_end
        self._monotonic = clock.monotonic

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: D) -> V | D | None: ...
    def get(self, key: K, default: Any = None) -> Any:
        """The fresh value; None: known not to exist; `default` on a miss (`MISS` tells the two apart)."""
        try:
            entry = self._find(key)
            if entry is not None and entry[0] > self._monotonic():
                self._touch(key)
                self.counters.hits += 1
                return entry[1]
        except Exception:  # noqa: BLE001 - a key may raise anything from __hash__ and __eq__: a miss, never an error
            self.counters.faults += 1
        self.counters.misses += 1
        return default

    def set(self, key: K, value: V | None) -> None:
        """Keep a value, or None for "known not to exist"; it wins over a load that is under way."""
        try:
            self._withdraw(key)
            self._put(key, value)
        except Exception:  # noqa: BLE001 - as in `get`
            self.counters.faults += 1

    def invalidate(self, key: K) -> bool:
        """Drop the entry; a load that began before is not kept. True when there was an entry."""
        try:
            self._withdraw(key)
            dropped = self._entries.pop(key, None) is not None
        except Exception:  # noqa: BLE001 - as in `get`
            self.counters.faults += 1
            return False
        self.counters.invalidations += dropped
        return dropped

    def clear(self) -> int:
        """Drop all entries and keep no load that is under way. Returns how many entries there were."""
        for flight in self._flights.values():
            flight.keep = False
        self._flights.clear()
        dropped = len(self._entries)
        self._entries.clear()
        self.counters.invalidations += dropped
        return dropped

    async def get_or_load(self, key: K, loader: Loader[V]) -> V | None:
        """The value alone; see `look_up`. A fresh hit never gives up its turn."""
        try:  # `get` written out: the call would be a sixth of a hit's price
            entry = self._find(key)
            if entry is not None and entry[0] > self._monotonic():
                self._touch(key)
                self.counters.hits += 1
                return entry[1]
        except Exception:  # noqa: BLE001 - as in `get`
            self.counters.faults += 1
        self.counters.misses += 1
        return (await self._load(key, loader)).value

    async def look_up(self, key: K, loader: Loader[V]) -> Lookup[V]:
        """The value, loaded at most once at a time per key, and whether it is stale.

        The load is a task of its own: it goes on when its waiters are cancelled. Raises what the loader
        raised, unless that was a passing HubError (Unavailable) and a stale value can stand in. A loader
        must not look up its own key: it would wait for itself.
        """
        value = self.get(key, MISS)
        if value is not MISS:
            return Lookup(value, stale=False)
        return await self._load(key, loader)

    async def cleanup_expired(self) -> int:
        """Remove what is past TTL and stale time, a slice at a time. Returns how many went."""
        # All keys at once from the plain dict below: 1-3 ms for 100,000; walking the LRU order takes 40.
        # Unlike an expiry heap it costs no memory between two passes and has nothing to be kept in step.
        keys = [*dict.keys(self._entries)]
        removed = self._remove_gone(keys[:SLICE])
        for start in range(SLICE, len(keys), SLICE):
            await self._clock.sleep(0)
            removed += self._remove_gone(keys[start : start + SLICE])
        return removed

    def start_cleanup_task(self) -> None:
        """Clean up every `cleanup_interval` seconds, supervised; a second start is nothing."""
        if self._enabled and self._task_name not in self._supervisor.names:
            self._supervisor.spawn(self._task_name, self._keep_clean)

    async def stop_cleanup_task(self) -> None:
        """End the cleanup task and wait until it is gone; fine when there is none."""
        await self._supervisor.stop_task(self._task_name)

    def get_stats(self) -> RegionStats:
        """The present picture in plain numbers."""
        return picture(
            self.counters, entries=len(self._entries), capacity=self.capacity, loading=len(self._flights)
        )

    @property
    def _task_name(self) -> str:
        return f"cache.cleanup.{self.name}"

    async def _keep_clean(self) -> None:
        while True:
            await self._clock.sleep(self._cleanup_interval)
            await self.cleanup_expired()

    async def _load(self, key: K, loader: Loader[V]) -> Lookup[V]:
        flight = self._board(key, loader)
        if flight is None:
            return Lookup(await self._load_alone(loader), stale=False)
        answer = await flight.wait()
        self.counters.stale_served += answer.stale
        return answer

    def _board(self, key: K, loader: Loader[V]) -> Flight[V] | None:
        """The load under way or a new one; None when nothing can be shared under this key."""
        try:
            flight = self._flights.get(key)
        except Exception:  # noqa: BLE001 - as in `get`, which saw it first and has counted it
            return None
        if flight is None:
            return self._take_off(key, loader)
        self.counters.joined += 1
        return flight

    async def _load_alone(self, loader: Loader[V]) -> V | None:
        self.counters.loads += 1
        try:
            return await loader()
        except Exception:
            self.counters.load_errors += 1
            raise

    def _take_off(self, key: K, loader: Loader[V]) -> Flight[V]:
        flight = self._flights[key] = Flight()
        self.counters.loads += 1
        task = self._supervisor.spawn_once(f"cache.load.{self.name}", self._fly(key, loader, flight))
        task.add_done_callback(lambda _: self._abandon(key, flight))
        return flight

    async def _fly(self, key: K, loader: Loader[V], flight: Flight[V]) -> None:
        try:
            value = await loader()
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who wait, not to this task
            self._fail(key, flight, error)
        else:
            self._arrive(key, flight, value)

    def _arrive(self, key: K, flight: Flight[V], value: V | None) -> None:
        flight.land(Lookup(value, stale=False))
        try:
            self._end_flight(key, flight)
            if flight.keep:
                self._put(key, value)
        except Exception:  # noqa: BLE001 - as in `get`
            self.counters.faults += 1

    def _fail(self, key: K, flight: Flight[V], error: Exception) -> None:
        self.counters.load_errors += 1
        stand_in = None
        try:
            self._end_flight(key, flight)
            if isinstance(error, HubError) and not error.permanent:
                stand_in = self._stand_in(key)
        except Exception:  # noqa: BLE001 - as in `get`
            self.counters.faults += 1
        flight.land(stand_in or error)

    def _abandon(self, key: K, flight: Flight[V]) -> None:
        # The task may be cancelled, even before its first step: those who wait must not hang.
        if not flight.landed:
            self._fail(key, flight, Unavailable("cache", "the load was stopped before it ended"))

    def _stand_in(self, key: K) -> Lookup[V] | None:
        entry, now = self._find(key), self._monotonic()
        if entry is None or self._is_gone(entry, now):  # an absence is gone with its TTL, never stale
            return None
        self._touch(key)
        return Lookup(entry[1], stale=entry[0] <= now)

    def _end_flight(self, key: K, flight: Flight[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _withdraw(self, key: K) -> None:
        if flight := self._flights.pop(key, None):
            flight.keep = False

    def _put(self, key: K, value: V | None) -> None:
        if not self._enabled:
            return
        lifetime = self._absent_ttl if value is None else self._ttl
        expires = self._monotonic() + lifetime * (1 - self._jitter * self._random())
        self._entries[key] = (expires, value)
        self._touch(key)
        if len(self._entries) > self.capacity:
            self._entries.popitem(last=False)
            self.counters.evictions += 1

    def _remove_gone(self, keys: Sequence[K]) -> int:
        now, before = self._monotonic(), len(self._entries)
        for key in keys:
            entry = self._find(key)
            if entry is not None and self._is_gone(entry, now):
                del self._entries[key]
        removed = before - len(self._entries)
        self.counters.expired += removed
        return removed

    def _is_gone(self, entry: tuple[float, V | None], now: float) -> bool:
        expires, value = entry
        return now >= (expires if value is None else expires + self._stale)


def _check(*, capacity: int, ttl: float, absent_ttl: float, stale: float, jitter: float) -> None:
    if capacity < 1:
        raise ValueError("a region holds at least one entry")
    if min(ttl, absent_ttl, stale) < 0:
        raise ValueError("times of a region are not negative")
    if not 0 <= jitter < 1:
        raise ValueError("jitter is a share of the TTL, from 0 to less than 1")
