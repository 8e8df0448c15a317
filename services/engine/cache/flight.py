"""One load under way, shared by everybody who asks for its key meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")

# None means "the source says there is no such thing"; a source that cannot answer raises.
Loader = Callable[[], Awaitable[V | None]]


class Lookup(NamedTuple, Generic[V]):
    """What a look-up brought. `value` None: known not to exist. `stale`: past its TTL, the source failed."""

    value: V | None
    stale: bool


class Flight(Generic[V]):
    """Lands once, with an answer or an error that all present waiters share.

    Each waiter has a future of its own, so cancelling one touches neither the load nor the others.
    """

    __slots__ = ("_outcome", "_traceback", "_waiters", "keep")

    def __init__(self) -> None:
        self.keep = True  # False: the key was set or invalidated after the load began, so its value is older
        self._outcome: Lookup[V] | Exception | None = None
        self._traceback: TracebackType | None = None
        self._waiters: list[asyncio.Future[Lookup[V] | Exception]] = []

    @property
    def landed(self) -> bool:
        """Whether the outcome is known."""
        return self._outcome is not None

    def land(self, outcome: Lookup[V] | Exception) -> None:
        """Give the outcome to all who wait."""
        self._outcome = outcome
        if isinstance(outcome, Exception):
            self._traceback = outcome.__traceback__
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(outcome)

    async def wait(self) -> Lookup[V]:
        """The shared answer; raises the shared error."""
        outcome = self._outcome
        if outcome is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            outcome = await waiter
        if isinstance(outcome, Exception):
            # Back to the loader's own traceback: each raise would lengthen the one they all share.
            raise outcome.with_traceback(self._traceback)
        return outcome
