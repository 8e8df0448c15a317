"""How long a portal's methods may still work: each has so many seconds within ten minutes.

The portal checks the sum before each call and refuses more once it has reached the limit: 480 s in the
documentation's example, 420 s by its code, adjustable for each portal (https://apidocs.bitrix24.com/limits.html).
We begin with the former; a refusal teaches the true one. Only calls of more than 0.1 s count.
"""

import math
from dataclasses import dataclass, field

import structlog

from services.bitrix24.outcomes import Timing
from services.engine.clock import Clock

log = structlog.get_logger(__name__)

LIMIT = 480.0  # seconds
CEILING = 0.95  # of the limit; the rest is for what is under way and for other users of the webhook
CREDIBLE = 0.5  # of the limit: a refusal below it was caused by somebody else's calls
COUNTED = 0.1  # seconds; shorter calls are not counted
MINUTE, WINDOW = 60, 10  # seconds; minutes
LATER = 1.0  # seconds that clocks may differ


@dataclass(slots=True)
class _Method:
    minutes: dict[int, float] = field(default_factory=dict)  # what we used, by the number of the minute
    others: float = 0.0  # what the portal told beyond that; less than nothing when we count too much
    under_way: float = 0.0  # seconds that commands on their way will take, as far as we know
    blocked_until: float = -math.inf  # unix time, as the next
    reset_at: float | None = None  # when the oldest minute is over, as last told
    is_counted: bool | None = None  # whether the portal counts; an installation of one's own may not

    def used(self, now: float) -> float:
        oldest = now // MINUTE - WINDOW
        self.minutes = {minute: used for minute, used in self.minutes.items() if minute > oldest}
        return sum(self.minutes.values()) + self.others


class Operating:
    """What the methods of one portal have used up."""

    def __init__(self, clock: Clock, limit: float = LIMIT) -> None:
        self._clock = clock
        self._limit = limit
        self._methods: dict[str, _Method] = {}

    @property
    def limit(self) -> float:
        """Seconds that a method may work within ten minutes, as far as we know."""
        return self._limit

    def wait_for(self, method: str) -> float:
        """Seconds until this method may be called; 0 when it may be now."""
        found = self._methods.get(method.lower())
        return max(found.blocked_until - self._now(), 0.0) if found else 0.0

    def room(self, method: str) -> float:
        """Seconds it may still work beside what is under way; 0 or less when there is no room.

        With nothing under way there is always some: a first command finds out.
        """
        found = self._methods.get(method.lower())
        if found is None:
            return self._limit * CEILING
        if found.is_counted is False:
            return math.inf
        left = self._limit * CEILING - found.used(self._now()) - found.under_way
        return left if found.under_way else max(left, COUNTED)

    def begin(self, method: str, seconds: float) -> None:
        """A command is on its way that will take about so long. `end` with the same figure follows."""
        self._method(method).under_way += seconds

    def end(self, method: str, seconds: float) -> None:
        """It is over, and `record` was told if it was executed."""
        found = self._method(method)
        found.under_way -= seconds
        if found.under_way < 1e-6:
            found.under_way = 0.0

    def record(self, method: str, timing: Timing) -> None:
        """A command was executed."""
        found, now = self._method(method), self._now()
        if timing.duration > COUNTED:
            minute = int(now // MINUTE)
            found.minutes[minute] = found.minutes.get(minute, 0.0) + timing.duration
        if timing.operating is None:
            found.is_counted = bool(found.is_counted)
            return
        found.is_counted = True
        found.others += timing.operating - found.used(now)
        found.reset_at = timing.operating_reset_at
        self._limit = max(self._limit, timing.operating - timing.duration)  # so much did not stop it
        if timing.operating >= self._limit * CEILING:
            self._block(method, found, _later(found.reset_at, now))

    def blocked(self, method: str, seconds: float | None) -> None:
        """The portal refused the method; it may be called in so many seconds, when it said so."""
        found, now = self._method(method), self._now()
        found.is_counted = True
        used = found.used(now)
        if self._limit * CREDIBLE < used < self._limit:
            self._limit = used
        self._block(method, found, _later(now + seconds if seconds else found.reset_at, now))

    def _block(self, method: str, found: _Method, until: float) -> None:
        if self._now() >= found.blocked_until:
            wait = round(until - self._now(), 1)
            log.warning("portal.method_paused", details={"method": method, "seconds": wait})
        found.blocked_until = until

    def _method(self, method: str) -> _Method:
        return self._methods.setdefault(method.lower(), _Method())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _later(reset_at: float | None, now: float) -> float:
    """When the oldest minute is over; when that is not known, or was not enough, the next minute."""
    if reset_at and reset_at > now:
        return reset_at + LATER
    return (now // MINUTE + 1) * MINUTE + LATER
