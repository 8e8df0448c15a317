"""Talking to a stand-in without a socket: the whole conversation runs on the given clock."""

import httpx
from starlette.types import ASGIApp

from sandbox.clock import Clock
from sandbox.telegram.api import ConnectionDropped


class LoopbackTransport(httpx.AsyncBaseTransport):
    """An httpx transport into an application. Unlike httpx's own it honours the read timeout, by the clock,
    and turns the stand-in's dropped connections into httpx.RemoteProtocolError. It reads streams to the end.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._inner = httpx.ASGITransport(app)
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx. Raises httpx.ReadTimeout and httpx.RemoteProtocolError as a network would."""
        seconds = (request.extensions.get("timeout") or {}).get("read")
        try:
            if seconds is None:
                return await self._inner.handle_async_request(request)
            async with self._clock.timeout(seconds):
                return await self._inner.handle_async_request(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except ConnectionDropped as error:
            text = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(text, request=request) from error
