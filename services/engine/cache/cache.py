"""The record of all regions."""

from collections.abc import Hashable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any

from services.engine.cache.region import Region
from services.engine.cache.stats import CacheStats, add_up
from services.engine.cache.trace import TracedRegion
from services.engine.clock import Clock
from services.engine.supervisor import Supervisor


class Cache:
    """Makes regions and speaks to all of them by name.

    `enabled=False` keeps nothing, yet loads stay single-flight. `trace=True` logs each hit and miss
    at DEBUG. It lives in one event loop.
    """

    def __init__(
        self,
        clock: Clock,
        random: Random,
        supervisor: Supervisor,
        *,
        enabled: bool = True,
        trace: bool = False,
    ) -> None:
        self._clock = clock
        self._random = random
        self._supervisor = supervisor
        self._enabled = enabled
        self._kind: type[Region[Any, Any]] = TracedRegion if trace else Region
        self._regions: dict[str, Region[Any, Any]] = {}
        self._private: set[str] = set()

    @property
    def regions(self) -> Mapping[str, Region[Any, Any]]:
        """The regions by name, in the order they were made; read only."""
        return MappingProxyType(self._regions)

    def region(
        self,
        name: str,
        *,
        capacity: int,
        ttl: float,
        absent_ttl: float,
        stale: float = 0.0,
        cleanup_interval: float = 30.0,
        jitter: float = 0.1,
        private: bool = False,
    ) -> Region[Any, Any]:
        """Make a region; annotate the keys and values you mean. `Region` says what the limits (seconds) are.

        A `private` one serves the hub itself and is in no figures: what people ask for would drown in it.
        ValueError for a name in use.
        """
        if name in self._regions:
            raise ValueError(f"there is a cache region named {name} already")
        region = self._kind(
            name,
            self._clock,
            self._random,
            self._supervisor,
            capacity=capacity,
            ttl=ttl,
            absent_ttl=absent_ttl,
            stale=stale,
            cleanup_interval=cleanup_interval,
            jitter=jitter,
            enabled=self._enabled,
        )
        self._regions[name] = region
        if private:
            self._private.add(name)
        return region

    def invalidate(self, region: str, key: Hashable | None = None) -> int:
        """Drop one key, or the whole region for None; returns how many entries went.

        A name nobody has made here is nothing: another process may run features this one does not.
        """
        if (found := self._regions.get(region)) is None:
            return 0
        return found.clear() if key is None else int(found.invalidate(key))

    def get_stats(self) -> CacheStats:
        """The sum of all regions that are not private, and each by its name."""
        shown = (region for name, region in self._regions.items() if name not in self._private)
        return add_up({region.name: region.get_stats() for region in shown})

    def start_cleanup_tasks(self) -> None:
        """Start the cleanup of every region made so far."""
        for region in self._regions.values():
            region.start_cleanup_task()

    async def stop_cleanup_tasks(self) -> None:
        """Stop them all, the youngest first."""
        for region in reversed(list(self._regions.values())):
            await region.stop_cleanup_task()
