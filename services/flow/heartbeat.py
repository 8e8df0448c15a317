"""Tells another service every minute that the hub works, so that somebody hears of it when it does not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
import structlog

from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from services.engine.health import Health, Told, status_of
from services.engine.tls import trusted
from services.engine.work import Work
from storage.records import Job

log = structlog.get_logger(__name__)

CALL_TIME = 10.0  # seconds that one call may take in all
LATE = timedelta(minutes=1)  # after this the next one is there already
FRESH = timedelta(minutes=3)  # a failure older than this says nothing: another process made the calls since
HINT = "look at HEARTBEAT_URL, and whether the other service is up"


def build_client(url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient | None:
    """Who makes the calls; None without an address. To be closed in the end."""
    if not url:
        return None
    return httpx.AsyncClient(timeout=CALL_TIME, follow_redirects=True, transport=transport, verify=trusted())


class Heartbeat:
    """The handler of the topic `heartbeat`, which also tells the health list how the calls go.

    One call and no repeat: the next minute brings the next. The address is a secret, whoever knows it can
    keep the other service calm; so what a failed call says is never passed on, only what kind of failure.
    """

    def __init__(
        self, client: httpx.AsyncClient, url: str, *, clock: Clock, health: Health, faults: FaultRecorder
    ) -> None:
        self._client = client
        self._url = url
        self._clock = clock
        self._health = health
        self._faults = faults
        self._failed: tuple[datetime, str] | None = (
            None  # when and how the last call did; None: it got through
        )
        health.register("heartbeat", self.check, probe=self.probe, hint=HINT)

    async def beat(self, job: Job, work: Work) -> str:
        """Call, when the essential checks find nothing wrong; what came of it."""
        if self._clock.now() - job.accepted_at > LATE:
            return "late"
        if status_of(await self._health.look(essential_only=True)) == "unhealthy":
            return "unhealthy"
        failure = await self._call()
        self._remember(failure)
        if failure:
            await self._faults.record("heartbeat.failed", failure)
        return failure or "told"

    async def check(self) -> str | None:
        """For the health list: how the last call failed, or None."""
        if self._failed is None or self._clock.now() - self._failed[0] > FRESH:
            return None
        return f"the other service was not told: {self._failed[1]}"

    async def probe(self) -> Sequence[Told]:
        """For the doctor: a call now, which the other service takes for a heartbeat."""
        if failure := await self._call():
            return [Told("failed", f"the call to HEARTBEAT_URL fails: {failure}")]
        return [Told("ok", "another service is told every minute that the hub works")]

    def _remember(self, failure: str | None) -> None:
        if failure and self._failed is None:
            log.warning("heartbeat.failed", details={"reason": failure})
        elif self._failed and not failure:
            log.info("heartbeat.back")
        self._failed = (self._clock.now(), failure) if failure else None

    async def _call(self) -> str | None:
        """What failed, or None."""
        try:
            async with self._clock.timeout(CALL_TIME), self._client.stream("GET", self._url) as answer:
                return None if answer.is_success else f"HTTP {answer.status_code}"
        except TimeoutError:
            return f"no answer in {CALL_TIME:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
