"""Waking everybody who waits, and counting who is at work."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Every waiter wakes at the next ring. A ring with nobody waiting is lost, so look before you wait."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def wait(self) -> None:
        """Until the next ring."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            await event.wait()
        finally:
            self._waiting.discard(event)

    def ring(self) -> None:
        """Wake all."""
        for event in self._waiting:
            event.set()


class Traffic:
    """How many requests are being worked on, for clocks that may move only when nobody is.

    Requests that wait on the clock themselves (long polls, event streams, held connections) do not count;
    neither do updates on their way to a webhook, which `pushing` counts.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.pushing = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """A request for as long as the block lasts."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    @contextmanager
    def parked(self) -> Iterator[None]:
        """The request only waits."""
        self.in_flight -= 1
        try:
            yield
        finally:
            self.in_flight += 1

    @contextmanager
    def push(self) -> Iterator[None]:
        """An update is on its way to the webhook."""
        self.pushing += 1
        try:
            yield
        finally:
            self.pushing -= 1
