"""How long calls of outside systems take, measured where they leave the house."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.engine.clock import Clock
from services.engine.observability import Counters


class CallTimes:
    """Measures calls."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock

    @contextmanager
    def measured(self, system: str, method: str) -> Iterator[None]:
        """Measure what happens in the block, also when it fails. Both names come from closed lists."""
        begun = self._clock.monotonic()
        try:
            yield
        finally:
            self._counters.api_request(system, method, self._clock.monotonic() - begun)
