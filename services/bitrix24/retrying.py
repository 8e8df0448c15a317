"""When a call is tried again inside the client, and what `Retry-After` asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from random import Random

from services.bitrix24.misses import Miss, Misses
from services.bitrix24.outcomes import METHOD_PAUSED, NotRun
from services.engine.clock import Clock

IN_ALL = 30.0  # seconds of a call with all its repeats; what takes longer waits in the inbox
SPREAD = 0.1  # a wait is up to so much longer, so that those who failed together do not come back together
SHORTEST_PAUSE = 1.0  # seconds
LONGEST = 7 * 86_400.0  # seconds; what asks for more is no answer to take seriously

_MILLISECONDS = ("Retry-After-Ms", "X-Retry-After-Ms", "X-Lognex-Retry-After")


@dataclass(frozen=True, slots=True)
class Retrying:
    """At most `attempts`; the n-th repeat after delay·backoffⁿ⁻¹ seconds, capped, plus up to a tenth."""

    attempts: int
    delay: float
    backoff: float
    max_delay: float

    def wait(self, attempt: int, random: Random, asked: float | None) -> float:
        """Seconds from the `attempt`-th failure to the next try; never less than the portal asked for."""
        own = min(self.delay * self.backoff ** (attempt - 1), self.max_delay)
        return max(own, asked or 0.0) * (1 + random.uniform(0, SPREAD))


class Attempts:
    """One call's tries. Only requests and the waits between them count, not the queue before the limiter."""

    def __init__(self, retrying: Retrying, clock: Clock, random: Random, misses: Misses) -> None:
        self._retrying = retrying
        self._clock = clock
        self._random = random
        self._misses = misses
        self._spent = 0.0
        self._number = 1  # of the try under way

    async def again(self, what: str, failed: NotRun) -> bool:
        """Wait until it may be tried again; False when it may not, or not in time."""
        wait = self._pause(failed) if failed.code == METHOD_PAUSED else self._wait(failed)
        miss = Miss(self._number, self._retrying.attempts, failed.reason, is_last=wait is None)
        self._misses.tell(what, miss, wait or 0.0)
        if wait is None:
            return False
        self._spent += wait
        self._number += failed.code != METHOD_PAUSED
        await self._clock.sleep(wait)
        return True

    def _pause(self, failed: NotRun) -> float | None:
        """Waiting for a paused method is no attempt: nobody asks the portal meanwhile."""
        wait = max(failed.retry_after or 0.0, SHORTEST_PAUSE)
        return wait if wait <= IN_ALL - self._spent else None

    def _wait(self, failed: NotRun) -> float | None:
        self._spent += failed.spent
        if self._number >= self._retrying.attempts:
            return None
        wait = self._retrying.wait(self._number, self._random, failed.retry_after)
        return wait if wait <= IN_ALL - self._spent else None


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that an answer's headers ask to wait: given as seconds, as a date, or as milliseconds."""
    for name in _MILLISECONDS:
        if (milliseconds := _number(headers.get(name, ""))) is not None:
            return min(milliseconds / 1000, LONGEST)
    said = headers.get("Retry-After", "").strip()
    if said.lower().endswith("ms"):
        return None if (count := _number(said[:-2])) is None else min(count / 1000, LONGEST)
    if (seconds := _number(said)) is not None:
        return min(seconds, LONGEST)
    return _until(said, now)


def _number(text: str) -> float | None:
    text = text.strip()
    is_number = text.isascii() and len(text) < 16 and text.replace(".", "", 1).isdigit()
    return float(text) if is_number else None


def _until(said: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    if at.tzinfo is None:
        return None
    return min(max((at - now).total_seconds(), 0.0), LONGEST)
