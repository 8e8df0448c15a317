"""The REST API's HTTP routes."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.bitrix24.desk import Reply, Visit, answer
from sandbox.bitrix24.params import read_params
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import RestError
from sandbox.telegram.api import Dropped
from sandbox.telegram.bell import Traffic
from sandbox.telegram.waiting import disconnected, first_of

_NO_AUTH = RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)


class RestApi:
    """GET and POST <portal>/rest/<user>/<secret>/<method>, with or without .json."""

    def __init__(self, portals: dict[str, Portal], traffic: Traffic) -> None:
        self._portals = portals
        self._traffic = traffic
        self._closing = asyncio.Event()

    def routes(self) -> list[Route]:
        """To be mounted under /portal: the portal's domain comes first."""
        methods = ["GET", "POST"]
        return [
            Route("/{domain}/rest/{user_id}/{code}/{method}", self.call, methods=methods),
            Route("/{domain}/rest/{method}", self.no_auth, methods=methods),
        ]

    def host_routes(self) -> list[Route]:
        """To stand at the top: for clients that come with a portal's domain as the host."""
        return [Route("/rest/{user_id}/{code}/{method}", self.call, methods=["GET", "POST"])]

    def close(self) -> None:
        """Let go of who is held."""
        self._closing.set()

    async def no_auth(self, request: Request) -> Response:
        """A call without a webhook's secret: that of an application, which is not known here."""
        return JSONResponse(_NO_AUTH.body(), _NO_AUTH.status)

    async def call(self, request: Request) -> Response:
        """One request. The server works it to its end even when the caller goes away, as PHP does."""
        domain = request.path_params.get("domain") or request.url.hostname or ""
        portal = self._portal(domain.lower())
        if portal is None:
            return Response("No such portal.", 404, media_type="text/plain")
        with self._traffic.request():
            visit = await _visit(request, domain.lower())
        return self._response(await answer(portal, self._traffic, visit))

    def _portal(self, domain: str) -> Portal | None:
        return self._portals.get(domain) or self._portals.get(domain.removeprefix("new-"))

    def _response(self, reply: Reply) -> Response:
        if reply.held:
            return _Held(self._closing)
        if not reply.status:
            return Dropped()
        return Response(reply.body, reply.status, reply.headers, reply.media_type)


async def _visit(request: Request, domain: str) -> Visit:
    body = await request.body()
    asked = request.path_params
    return Visit(
        caller=request.client.host if request.client else "",
        domain=domain,
        url=str(request.url),
        user_id=asked["user_id"],
        code=asked["code"],
        method=asked["method"].removesuffix(".json").lower(),
        params=read_params(request.url.query, request.headers.get("content-type", ""), body),
    )


class _Held(Response):
    """Keeps the connection open until the caller gives up or the stand-in closes."""

    def __init__(self, closing: asyncio.Event) -> None:
        super().__init__()
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await first_of(disconnected(receive), self._closed())
        await Dropped()(scope, receive, send)

    async def _closed(self) -> None:
        await self._closing.wait()
