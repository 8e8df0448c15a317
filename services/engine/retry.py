"""When a failed attempt is followed by another: a value with limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` within `window` seconds of the first failure.

    The wait before the n-th repeat is drawn evenly from 0 … min(cap, delay·factorⁿ⁻¹) ("full jitter",
    aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter) unless the other side named one.
    """

    attempts: int
    window: float
    delay: float = 1.0
    factor: float = 2.0
    cap: float = 3600.0

    def next_due(
        self,
        failures: int,
        first_failed_at: datetime,
        now: datetime,
        random: Random,
        retry_after: float | None = None,
    ) -> datetime | None:
        """When to try again after `failures` failed attempts (this one counted); None: no more."""
        if failures >= self.attempts:
            return None
        wait = retry_after if retry_after is not None else self._drawn(failures, random)
        due = now + timedelta(seconds=wait)
        return due if due <= first_failed_at + timedelta(seconds=self.window) else None

    def after_waiting(
        self, first_failed_at: datetime | None, now: datetime, seconds: float
    ) -> datetime | None:
        """When to go on after a wait that was no attempt; None: the window of earlier failures ends before.

        Where nothing has failed yet no window is open, and the wait opens none.
        """
        due = now + timedelta(seconds=seconds)
        is_in_time = first_failed_at is None or due <= first_failed_at + timedelta(seconds=self.window)
        return due if is_in_time else None

    def _drawn(self, failures: int, random: Random) -> float:
        return random.uniform(0, min(self.cap, self.delay * self.factor ** (failures - 1)))


TELEGRAM = RetryPolicy(attempts=3, window=60.0)
# Outside systems may be away for days. All waits together, drawn at their longest, take less than two.
OUTSIDE = RetryPolicy(attempts=10, window=72 * 3600.0, delay=20.0, factor=4.0, cap=12 * 3600.0)
