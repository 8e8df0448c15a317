"""The Bot API's HTTP routes."""

import json
import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.telegram.desk import Desk, Outcome
from sandbox.telegram.files import file_content
from sandbox.telegram.params import read_params
from sandbox.telegram.state import State
from sandbox.telegram.waiting import disconnected, first_of
from sandbox.telegram.wire import ApiError, Json

DROP_EXTENSION = "sandbox.drop"
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{30,64}")


class ConnectionDropped(ConnectionError):
    """The stand-in wants the connection closed, but the server in front of it offers no way to do so."""


class BotApi:
    """GET and POST /bot<token>/<method> and /file/bot<token>/<path>."""

    def __init__(self, state: State, desk: Desk) -> None:
        self._state = state
        self._desk = desk

    def routes(self) -> list[Route]:
        """To be mounted where the Bot API shall live."""
        return [
            Route("/bot{token}/{method}", self.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self.download, methods=["GET"]),
        ]

    async def call(self, request: Request) -> Response:
        """One method call."""
        with self._state.traffic.request():
            body = await request.body()
            if refusal := self._refusal(request.path_params["token"]):
                return _json(refusal.code, refusal.body())
            try:
                params = read_params(request.url.query, request.headers.get("content-type", ""), body)
            except ApiError as error:
                return _json(error.code, error.body())

            async def gone() -> None:
                await disconnected(request.receive)

            return self._response(await self._desk.call(request.path_params["method"], params, gone))

    def _refusal(self, token: str) -> ApiError | None:
        if token == self._state.token:
            return None
        return ApiError(401, "Unauthorized") if _TOKEN.fullmatch(token) else ApiError(404, "Not Found")

    def _response(self, outcome: Outcome) -> Response:
        if outcome.fate == "dropped":
            return Dropped()
        if outcome.fate == "held":
            return Held(self._state)
        if outcome.html is not None:
            return HTMLResponse(outcome.html, outcome.status)
        return _json(outcome.status, outcome.body)

    async def download(self, request: Request) -> Response:
        """The bytes behind getFile's file_path."""
        if refusal := self._refusal(request.path_params["token"]):
            return _json(refusal.code, refusal.body())
        found = file_content(self._state, request.path_params["path"])
        if found is None:
            return _json(HTTPStatus.NOT_FOUND, ApiError(404, "Not Found").body())
        return Response(found.content, media_type=found.media_type)


def _json(status: int, body: Json) -> Response:
    headers = {}
    if retry_after := (body.get("parameters") or {}).get("retry_after"):
        headers["Retry-After"] = str(retry_after)
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, headers, "application/json")


class Dropped(Response):
    """Closes the connection without an answer. Raises ConnectionDropped where the server cannot do that."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        drop = scope.get("extensions", {}).get(DROP_EXTENSION)
        if drop is None:
            raise ConnectionDropped
        drop["close"]()
        await disconnected(receive)


class Held(Response):
    """Keeps the connection open until the caller gives up (or the stand-in closes)."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await first_of(disconnected(receive), self._state.until_closing())
        await Dropped()(scope, receive, send)
