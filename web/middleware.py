"""What surrounds every request, as plain ASGI: Envelope outside, then TimeLimit, then SizeLimit."""

import asyncio
import sys
from collections.abc import Collection, Iterable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.engine.clock import Clock
from services.engine.observability import bound, new_correlation_id
from web.problems import problem, problem_of

log = structlog.get_logger(__name__)

READ_AHEAD = 65536  # bytes the server reads of a body before anybody asks for them
LONGEST_PATH = 200  # characters of a path that are logged


class Envelope:
    """Gives a request its id, its headers and its line in the log, and has the last word on errors.

    HEAD is served as GET without the body, so no route needs to know it. The address logged is the
    connection's own: X-Forwarded-For is whatever the caller writes.
    """

    def __init__(self, app: ASGIApp, *, clock: Clock, quiet: Collection[str]) -> None:
        """Requests to the paths in `quiet`, polled or frequent, are logged at DEBUG while they succeed."""
        self._app = app
        self._clock = clock
        self._quiet = frozenset(quiet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id = new_correlation_id()
        with bound(correlation_id):
            begun = self._clock.monotonic()
            answer = _Answer(send, correlation_id, without_body=scope["method"] == "HEAD")
            try:
                await self._answered(scope, receive, answer)
            finally:
                self._log(scope, answer.status, self._clock.monotonic() - begun)

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        served = {**scope, "method": "GET"} if answer.without_body else scope
        try:
            await self._app(served, receive, answer.send)
        except ClientDisconnect:
            log.debug("web.caller_left")
        except asyncio.CancelledError:  # the server stops and its grace is over
            if answer.status is not None:
                raise
            # With this the request is at its end; raised again, the server would log it as an error of ours.
            stopping = problem(503, "Stopping; try again.", headers={"Retry-After": "5"})
            await stopping(scope, receive, answer.send)
        except Exception as error:
            if answer.status is not None:
                raise  # half an answer is out: the server cuts the connection, so nobody takes it for all
            await problem_of(error)(scope, receive, answer.send)

    def _log(self, scope: Scope, status: int | None, seconds: float) -> None:
        path: str = scope["path"]
        is_quiet = path in self._quiet and status is not None and status < 400
        details = {
            "method": scope["method"],
            "path": path[:LONGEST_PATH],  # and never the query: secrets travel there
            "status": status,
            "ms": round(seconds * 1000, 1),
            "client": (scope.get("client") or ("",))[0],
        }
        (log.debug if is_quiet else log.info)("web.request", details=details)


class _Answer:
    """One answer on its way out; `status` is None until it begins."""

    def __init__(self, send: Send, correlation_id: str, *, without_body: bool) -> None:
        self.status: int | None = None
        self.without_body = without_body
        self._send = send
        self._correlation_id = correlation_id

    async def send(self, message: Message) -> None:
        """Pass a message on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._completed(message.get("headers", ()))}
        elif self.without_body:
            message = {**message, "body": b""}
        await self._send(message)

    def _completed(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        completed = [
            *headers,
            (b"x-correlation-id", self._correlation_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        if not any(name == b"cache-control" for name, _ in completed):
            completed.append((b"cache-control", b"no-store"))
        return completed


class TimeLimit:
    """Ends a request that takes longer than `seconds` with 503.

    On the paths in `arrival_only` the limit ends once the body is here: what is being stored then must
    not be answered "no" while it becomes durable, and the database has limits of its own.
    """

    def __init__(self, app: ASGIApp, *, clock: Clock, seconds: float, arrival_only: Collection[str]) -> None:
        self._app = app
        self._clock = clock
        self._seconds = seconds
        self._arrival_only = frozenset(arrival_only)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in self._arrival_only:
            await self._app(scope, self._in_time(receive), send)
        else:
            await self._limited(scope, receive, send)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._clock.timeout(self._seconds):
                await self._own_timeouts_apart(scope, receive, send)
        except TimeoutError as error:
            raise self._late() from error

    async def _own_timeouts_apart(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except TimeoutError as error:  # of somebody further in: a fault of theirs, not the request's limit
            raise RuntimeError("a wait inside the request ran out of time") from error

    def _in_time(self, receive: Receive) -> Receive:
        end = self._clock.monotonic() + self._seconds

        async def receive_in_time() -> Message:
            try:
                async with self._clock.timeout(max(end - self._clock.monotonic(), 0)):
                    return await receive()
            except TimeoutError as error:
                raise self._late() from error

        return receive_in_time

    def _late(self) -> HTTPException:
        # Whatever of the body is still to come is not waited for.
        headers = {"Retry-After": "1", "Connection": "close"}
        return HTTPException(503, f"This took longer than {self._seconds:g} s.", headers)


class SizeLimit:
    """Refuses a body of more than `most` bytes with 413: a declared one unread, any other when it passes.

    After an answer that did not wait for the end of a large body the connection closes, so that nobody
    can make the server read on.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = _declared_length(scope) if scope["type"] == "http" else 0
        if length == 0:
            await self._app(scope, receive, send)
            return
        if length is not None and length > self._most:
            raise HTTPException(413, self._detail, {"Connection": "close"})
        body = _Body(receive, send, self._most, self._detail)
        is_large = length is None or length > READ_AHEAD
        await self._app(scope, body.receive, body.send if is_large else send)

    @property
    def _detail(self) -> str:
        return f"The body is larger than {self._most} bytes."


class _Body:
    """One body on its way in, counted."""

    def __init__(self, receive: Receive, send: Send, most: int, detail: str) -> None:
        self._receive = receive
        self._send = send
        self._most = most
        self._detail = detail
        self._read = 0
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
            if self._read > self._most:
                raise HTTPException(413, self._detail)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._ended:
            message = {**message, "headers": _closing(message.get("headers", ()))}
        await self._send(message)


def _closing(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [*(header for header in headers if header[0] != b"connection"), (b"connection", b"close")]


def _declared_length(scope: Scope) -> int | None:
    """Content-Length; 0 when there is no body, None when only its end will tell."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            # int() refuses numbers of very many digits; those are over any limit.
            length = (int(value) if len(value) < 19 else sys.maxsize) if value.isdigit() else None
    return length
