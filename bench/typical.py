"""The cache that a bot usually grows by itself, to measure ours beside."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any


class TypicalCache:
    """An OrderedDict behind an asyncio.Lock, a dict for each entry, and counters."""

    def __init__(self, capacity: int, ttl: float, timer: Callable[[], float]) -> None:
        """`timer` gives seconds; `ttl` is in them."""
        self._capacity = capacity
        self._ttl = ttl
        self._timer = timer
        self._entries: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = asyncio.Lock()
        self.hits = 0
        self.misses = 0

    async def get(self, key: str) -> Any:
        """The value, or None."""
        async with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self.misses += 1
                return None
            if entry["expires_at"] <= self._timer():
                del self._entries[key]
                self.misses += 1
                return None
            self._entries.move_to_end(key)
            self.hits += 1
            return entry["value"]

    async def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        async with self._lock:
            self._entries[key] = {"value": value, "expires_at": self._timer() + self._ttl}
            self._entries.move_to_end(key)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)

    async def get_or_load(self, key: str, load: Callable[[str], Awaitable[Any]]) -> Any:
        """The value, loaded when it is not there; two who ask at once load twice."""
        value = await self.get(key)
        if value is None:
            value = await load(key)
            await self.set(key, value)
        return value

    async def cleanup_expired(self) -> int:
        """Remove what is past its time, in one go."""
        async with self._lock:
            now = self._timer()
            expired = [key for key, entry in self._entries.items() if entry["expires_at"] <= now]
            for key in expired:
                del self._entries[key]
            return len(expired)
