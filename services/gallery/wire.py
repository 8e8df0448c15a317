"""Talking to a gallery elsewhere: one client, short waits, one repeat, and a clear line when it fails."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import httpx
import msgspec
import structlog

from services.engine.breaker import Breaker
from services.engine.call_times import CallTimes
from services.engine.clock import Clock
from services.engine.errors import BreakerOpen, HubError, Refused, Unavailable
from services.engine.tls import trusted
from settings import Gallery as GallerySettings

SYSTEM = "gallery"
CONNECT_TIME = 2.0  # seconds
CALL_TIME = 5.0  # seconds for a whole call, its repeat included
LARGEST = 2 * 1024 * 1024  # bytes of an answer
CONNECTIONS = 20
KEPT_IDLE = 2.0  # seconds; servers close idle connections after five and more
REST, LONGEST_REST = 5.0, 30.0  # seconds that a gallery which fails is left alone: people wait for it

T = TypeVar("T")

Fits = Callable[[T], bool]

log = structlog.get_logger(__name__)


def build_client(
    settings: GallerySettings, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient | None:
    """A client for GALLERY_API_URL, not connected yet; None when this hub holds the gallery itself.

    Without a `transport` it uses the network.
    """
    if not settings.api_url:
        return None
    key = settings.api_key.get_secret_value()
    return httpx.AsyncClient(
        transport=transport,
        verify=trusted(),
        base_url=settings.api_url,
        headers={"Accept-Encoding": "identity"} | ({"X-API-Key": key} if key else {}),
        timeout=httpx.Timeout(CALL_TIME, connect=CONNECT_TIME),
        limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEPT_IDLE),
        follow_redirects=False,  # a key is for the address it was given for
    )


def _anything(answer: object) -> bool:
    return True


class GalleryWire:
    """Calls a gallery's routes. `trouble` says in one line what is wrong with it, None while it answers."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock, times: CallTimes) -> None:
        self._client = client
        self._clock = clock
        self._times = times
        self.breaker = Breaker(
            SYSTEM, clock, rest=REST, cap=LONGEST_REST, user_text="error-gallery-unavailable"
        )
        self.trouble: str | None = None

    async def get(self, path: str, shape: type[T], fits: Fits[T] = _anything, **params: str | int) -> T:
        """Ask. Raises Unavailable for whatever is no answer of this shape, or does not fit the question."""
        _, body = await self._call(shape, fits, "GET", path, params=params)
        return body

    async def put(self, path: str, shape: type[T], fits: Fits[T], body: dict[str, Any]) -> tuple[T, bool]:
        """Write; also says whether that made something new. Raises Unavailable, Refused."""
        status, answer = await self._call(shape, fits, "PUT", path, json=body)
        return answer, status == 201

    async def delete(self, path: str) -> bool:
        """Take away; False when it was not there. Raises Unavailable, Refused."""
        status, _ = await self._call(type(None), _anything, "DELETE", path)
        return status != 404

    async def _call(
        self, shape: type[T], fits: Fits[T], method: str, path: str, **more: Any
    ) -> tuple[int, T]:
        async def ask() -> tuple[int, T]:
            with self._times.measured(SYSTEM, method):
                response, body = await self._timed(method, path, **more)
            answer = _read(method, response, body, shape)
            if not fits(answer):
                raise away("GALLERY_API_URL answers for other sets than it was asked about")
            return response.status_code, answer

        try:
            answer = await self.breaker.call(ask)
        except BreakerOpen:
            raise
        except Refused as error:
            log.warning("gallery.refused", details={"reason": str(error)})
            raise
        except Unavailable as error:
            self._note(str(error).removeprefix(f"{SYSTEM}: "))
            raise
        self._note(None)
        return answer

    async def _timed(self, method: str, path: str, **more: Any) -> tuple[httpx.Response, bytes]:
        try:
            async with self._clock.timeout(CALL_TIME):
                try:
                    return await self._send(method, path, **more)
                except (httpx.ConnectError, httpx.ConnectTimeout):  # surely not sent yet
                    return await self._send(method, path, **more)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise away(f"GALLERY_API_URL gives no answer in {CALL_TIME:.0f} s") from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise away(f"GALLERY_API_URL cannot be reached: {reason}") from error

    async def _send(self, method: str, path: str, **more: Any) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        async with self._client.stream(method, path, **more) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise away(f"GALLERY_API_URL answers more than {LARGEST} bytes")
        return response, bytes(body)

    def _note(self, trouble: str | None) -> None:
        if trouble and trouble != self.trouble:
            log.warning("gallery.unavailable", details={"reason": trouble})
        elif self.trouble and not trouble:
            log.info("gallery.back")
        self.trouble = trouble


def away(message: str, retry_after: float | None = None) -> Unavailable:
    """The error for a gallery that cannot be asked; the message names what is wrong."""
    return Unavailable(SYSTEM, message, retry_after=retry_after, user_text="error-gallery-unavailable")


def _read(method: str, response: httpx.Response, body: bytes, shape: type[T]) -> T:
    """The answer in its shape. Raises Unavailable, and Refused for a write that is wrong or not allowed."""
    status = response.status_code
    if (method == "DELETE" and status == 404) or (shape is type(None) and response.is_success):
        return cast(T, None)
    if not response.is_success:
        raise _failure(method, response)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise away("GALLERY_API_URL answers HTML, not a gallery")
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise away(f"GALLERY_API_URL answers JSON of another shape, not a gallery: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise away("GALLERY_API_URL answers no JSON, so it is not a gallery") from error


def _failure(method: str, response: httpx.Response) -> HubError:
    match response.status_code:
        case 401 | 403 as status:
            reason = f"the gallery refuses GALLERY_API_KEY ({status})"
            return away(reason) if method == "GET" else Refused(reason)  # a key that may only read is allowed
        case 404:
            return away("GALLERY_API_URL answers 404: there is no gallery at this address")
        case 400 | 409 | 413 | 422 as status if method != "GET":
            return Refused(f"the gallery refuses this set ({status})")
        case status if response.is_redirect:
            return away(f"GALLERY_API_URL answers with a redirect ({status}): name its target instead")
        case status:
            return away(f"GALLERY_API_URL answers {status}", _wait(response))


def _wait(response: httpx.Response) -> float | None:
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() and len(said) < 6 else None
