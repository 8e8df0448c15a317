"""Whether calls go one by one: because the settings say so, or because the portal took no batch lately."""

import structlog

from services.engine.clock import Clock

REST = 600.0  # seconds that a portal which refused a batch is asked one by one

log = structlog.get_logger(__name__)


class Singly:
    """Remembers that a portal takes no batches."""

    def __init__(self, clock: Clock, *, always: bool) -> None:
        self._clock = clock
        self._always = always
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether each call needs a request of its own now."""
        return self._always or self._clock.monotonic() < self._until

    def begin(self, reason: str) -> None:
        """The portal refused a batch as such: nothing of it was run."""
        if not self.is_on:
            log.warning("portal.batch_refused", details={"reason": reason, "seconds": REST})
        self._until = self._clock.monotonic() + REST
