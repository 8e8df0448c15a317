"""A cache region on virtual time and a scripted source behind it."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from services.engine.cache import Cache, Region
from services.engine.supervisor import Supervisor
from tests.clock import HandClock

T = TypeVar("T")

TTL, ABSENT_TTL, STALE = 100.0, 10.0, 1000.0


def build_cache(clock: HandClock, *, enabled: bool = True, seed: int = 7) -> Cache:
    return Cache(clock, Random(seed), Supervisor(clock), enabled=enabled)


def build_region(
    clock: HandClock,
    *,
    capacity: int = 100,
    jitter: float = 0.0,
    enabled: bool = True,
    supervisor: Supervisor | None = None,
    stale: float = STALE,
) -> Region[str, str]:
    """Without jitter, so that a test can name the moment at which an entry ends."""
    return Region(
        "deal",
        clock,
        Random(7),
        supervisor or Supervisor(clock),
        capacity=capacity,
        ttl=TTL,
        absent_ttl=ABSENT_TTL,
        stale=stale,
        cleanup_interval=30.0,
        jitter=jitter,
        enabled=enabled,
    )


def start(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    return asyncio.get_running_loop().create_task(work)


class Source:
    """Answers `value of KEY`, or as scripted; waits at a closed gate; keeps the keys it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, str | None] = {}
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    def reader(self, key: str) -> Callable[[], Coroutine[Any, Any, str | None]]:
        """The loader for one key."""
        return lambda: self.read(key)

    async def read(self, key: str) -> str | None:
        self.asked.append(key)
        answer, error, gate = self.answers.get(key, f"value of {key}"), self.error, self.gate
        await gate.wait()
        if error:
            raise error
        return answer


class Key:
    """A key that can be told to break; all keys share one hash, so that they are compared."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.broken = False

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        if self.broken:
            raise RuntimeError("this key cannot be compared")
        return self is other
