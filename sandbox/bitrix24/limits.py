"""The cloud's two limits: requests of a caller, and the time a method works for a webhook."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.clock import Clock

_NOTHING = 1e-6  # clocks and fractions are off by less
_WINDOW_MINUTES = 10
_STORED_FROM = 0.1


class Bucket:
    """A leaky bucket for each caller: a request adds one, `rate` a second run out, `burst` is the most.

    Refused requests add nothing. Both numbers may be changed at any time; without `rate` all pass.
    """

    def __init__(self, rate: float | None, burst: float, monotonic: Callable[[], float]) -> None:
        self.rate = rate
        self.burst = burst
        self._monotonic = monotonic
        self._levels: dict[str, tuple[float, float]] = {}

    def level(self, caller: str) -> float:
        """How full it is now."""
        now = self._monotonic()
        level, since = self._levels.get(caller, (0.0, now))
        return max(0.0, level - (now - since) * (self.rate or 0.0))

    def admits(self, caller: str) -> bool:
        """Count a request that has arrived; False when it is refused."""
        if self.rate is None:
            return True
        level = self.level(caller)
        if level + 1 > self.burst + _NOTHING:
            return False
        self._levels[caller] = (level + 1, self._monotonic())
        return True

    def fill(self, caller: str) -> None:
        """As if others behind the same address had used it up."""
        self._levels[caller] = (float(self.burst), self._monotonic())

    def empty(self) -> None:
        """Forget what came."""
        self._levels.clear()


@dataclass(slots=True)
class Operating:
    """Seconds that each method of each webhook worked, by the minute, over the last ten of them.

    Calls of 0.1 s or less are not stored. A method is blocked once its sum has reached `limit`; the check is
    made before a call. Without a limit the answers say nothing of this, as an installation of one's own.
    """

    limit: float | None
    clock: Clock
    _minutes: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)

    def blocks(self, webhook: str, method: str) -> bool:
        """Whether a call is refused now."""
        return self.limit is not None and self.used(webhook, method) >= self.limit - _NOTHING

    def used(self, webhook: str, method: str) -> float:
        """Seconds within the window."""
        return sum(self._kept(webhook, method).values())

    def add(self, webhook: str, method: str, seconds: float) -> None:
        """A call has worked that long and ends now."""
        if seconds > _STORED_FROM:
            minutes = self._minutes.setdefault((webhook, method), {})
            minutes[self._minute()] = minutes.get(self._minute(), 0.0) + seconds

    def shown(self, webhook: str, method: str) -> dict[str, float]:
        """The two keys of an answer's `time`."""
        if self.limit is None:
            return {}
        minutes = self._kept(webhook, method)
        oldest = min(minutes, default=self._minute())
        used = round(sum(minutes.values()), 7)
        return {"operating_reset_at": (oldest + _WINDOW_MINUTES) * 60, "operating": used}

    def table(self) -> list[tuple[str, float]]:
        """Methods and their seconds, the busiest first."""
        sums: dict[str, float] = {}
        for webhook, method in list(self._minutes):
            sums[method] = max(sums.get(method, 0.0), self.used(webhook, method))
        return sorted(((m, s) for m, s in sums.items() if s), key=lambda pair: -pair[1])

    def reset(self) -> None:
        """Forget what worked."""
        self._minutes.clear()

    def _kept(self, webhook: str, method: str) -> dict[int, float]:
        minutes = self._minutes.get((webhook, method), {})
        for minute in [one for one in minutes if one <= self._minute() - _WINDOW_MINUTES]:
            del minutes[minute]
        return minutes

    def _minute(self) -> int:
        return int(self.clock.now().timestamp() // 60)
