"""Tells another service every minute that the hub works, so that somebody hears of it when it does not."""

from datetime import timedelta

import httpx

from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from services.engine.health import Health, status_of
from services.engine.work import Work
from storage.records import Job

CALL_TIME = 10.0  # seconds that one call may take in all
LATE = timedelta(minutes=1)  # after this the next one is there already


def build_client(url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient | None:
    """Who makes the calls; None without an address. To be closed in the end."""
    if not url:
        return None
    return httpx.AsyncClient(timeout=CALL_TIME, follow_redirects=True, transport=transport)


class Heartbeat:
    """The handler of the topic `heartbeat`.

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

    async def beat(self, job: Job, work: Work) -> str:
        """Call, when the essential checks find nothing wrong; what came of it."""
        if self._clock.now() - job.accepted_at > LATE:
            return "late"
        if status_of(await self._health.look(essential_only=True)) == "unhealthy":
            return "unhealthy"
        failure = await self._call()
        if failure:
            await self._faults.record("heartbeat.failed", failure)
        return failure or "told"

    async def _call(self) -> str | None:
        """What failed, or None."""
        try:
            async with self._clock.timeout(CALL_TIME), self._client.stream("GET", self._url) as answer:
                return None if answer.is_success else f"HTTP {answer.status_code}"
        except TimeoutError:
            return f"no answer in {CALL_TIME:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
