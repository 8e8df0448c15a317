"""One HTTP request to a portal: what was sent, what came back, and whether anything can have happened.

Nothing of httpx leaves this module, neither responses nor errors: they hold the address, a credential.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import msgspec
import structlog

from services.bitrix24.address import Address, Target
from services.bitrix24.encoding import json_body
from services.bitrix24.retrying import asked_wait
from services.engine.clock import Clock
from services.engine.tls import trusted
from services.version import VERSION

CONNECT_TIME = 10.0  # seconds
BATCH_TIME = 70.0  # seconds; the portal cuts a request after 60
LARGEST = 64 * 1024 * 1024  # bytes of an answer
CONNECTIONS = 20
KEPT_IDLE = 4.0  # seconds; on a connection the portal closed meanwhile a write's outcome would be unknown
MOVES = 3  # redirects followed for one request

# With these nothing was sent. After any other the portal may have read the whole request.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
NOT_READ = frozenset({413, 414, 429, 431})  # a proxy refused the request as such: the portal never saw it

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object of the portal's, with `result` or `error` in it. `retry_after` in seconds."""

    status: int
    body: dict[str, Any]
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing the portal's code can have said. `executed`: whether the call may have been carried out."""

    reason: str
    executed: bool
    retry_after: float | None = None
    status: int | None = None


class Hosts(Protocol):
    """Where the portal lives now; a portal that is renamed says so once and is remembered."""

    async def current(self) -> str:
        """The newest host known. Never raises."""
        ...

    async def move(self, host: str) -> None:
        """Remember a new one. Never raises."""
        ...


class _TooLarge(Exception):
    pass


def build_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client for a portal, not connected yet. Without a `transport` it uses the network."""
    return httpx.AsyncClient(
        transport=transport,
        verify=trusted(),
        headers={"Accept": "application/json", "User-Agent": f"switchboard/{VERSION}"},
        limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEPT_IDLE),
        follow_redirects=False,  # a POST followed as GET loses its parameters
    )


class Wire:
    """POSTs to the methods of one portal."""

    def __init__(
        self, client: httpx.AsyncClient, address: Address, hosts: Hosts, clock: Clock, timeout: float
    ) -> None:
        """`timeout`: seconds for a plain call's answer."""
        self._client = client
        self._address = address
        self._hosts = hosts
        self._clock = clock
        self._timeout = timeout

    async def post(self, method: str, params: Mapping[str, Any]) -> Answer | NoAnswer:
        """Send once, and after the portal if it has moved. Raises only cancellation and our own mistakes."""
        seconds = max(self._timeout, BATCH_TIME) if method == "batch" else self._timeout
        for _ in range(1 + MOVES):
            try:
                async with self._clock.timeout(seconds):
                    answer = await self._once(method, params, seconds)
            except TimeoutError:
                return NoAnswer(f"no answer in {seconds:.0f} s", executed=True)
            if not isinstance(answer, str):
                return answer
            await self._hosts.move(answer)
        return NoAnswer("the portal redirects in circles", executed=False)

    async def _once(self, method: str, params: Mapping[str, Any], seconds: float) -> Answer | NoAnswer | str:
        """The answer, or the host the portal has moved to."""
        target = self._address.target(method, await self._hosts.current())
        try:
            response, body = await self._send(target, params, seconds)
        except _NEVER_SENT as error:
            return NoAnswer(f"cannot be reached: {type(error).__name__}", executed=False)
        except _TooLarge:
            return NoAnswer(f"an answer of more than {LARGEST} bytes", executed=True)
        except httpx.HTTPError as error:
            return NoAnswer(f"the answer was lost: {type(error).__name__}", executed=True)
        if response.is_redirect:
            return self._moved(method, response)
        return _read(response, body, asked_wait(response.headers, self._clock.now()))

    async def _send(
        self, target: Target, params: Mapping[str, Any], seconds: float
    ) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        async with self._client.stream(
            "POST",
            target.url,
            content=json_body({**params, **target.params}),
            headers={"Content-Type": "application/json", **target.headers},
            timeout=_timeout(seconds),
        ) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise _TooLarge
        return response, bytes(body)

    def _moved(self, method: str, response: httpx.Response) -> str | NoAnswer:
        host = self._address.moved_to(method, response.headers.get("Location", ""))
        if host is None:
            return NoAnswer("redirects to something else", executed=False, status=response.status_code)
        log.warning("portal.moved", details={"domain": self._address.domain, "host": host})
        return host


def _timeout(seconds: float) -> httpx.Timeout:
    """What fails before anything is sent has to fail well before the whole does: then that is known."""
    return httpx.Timeout(seconds, connect=min(CONNECT_TIME, seconds / 3), pool=seconds / 3)


def _read(response: httpx.Response, content: bytes, retry_after: float | None) -> Answer | NoAnswer:
    """Look at the content before taking it for JSON: proxies answer pages of their own, at any status."""
    status = response.status_code
    if content.lstrip()[:1] == b"{":
        try:
            body = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return NoAnswer(f"malformed JSON ({status})", True, retry_after, status)
        if "error" in body or "result" in body:
            return Answer(status, body, retry_after)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or "nothing"
    reason = f"answers {status} with {kind[:40]}, not a portal's JSON"
    return NoAnswer(reason, status not in NOT_READ, retry_after, status)
