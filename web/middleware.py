"""Around every request: its correlation id, its limits, its line in the log. Plain ASGI."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.engine.clock import Clock
from services.engine.observability import bound, new_correlation_id
from web.problems import TooLarge, problem

log = structlog.get_logger(__name__)

SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Envelope:
    """The outermost layer: what it does not answer, the application answers."""

    def __init__(self, app: ASGIApp, *, clock: Clock, most_bytes: int, seconds: float) -> None:
        """`most_bytes` of a body, `seconds` for a whole request."""
        self._app = app
        self._clock = clock
        self._most = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with bound(correlation_id := new_correlation_id()):
            answer = _Answer(send, correlation_id)
            started = self._clock.monotonic()
            await self._answer(scope, _Body(receive, self._most), answer)
            seconds = round(self._clock.monotonic() - started, 4)
            facts = {"method": scope["method"], "path": scope["path"], "status": answer.status}
            log.info("web.request", details=facts | {"seconds": seconds})

    async def _answer(self, scope: Scope, body: "_Body", answer: "_Answer") -> None:
        try:
            if _announced(scope) > self._most:
                raise TooLarge(self._most)
            async with self._clock.timeout(self._seconds):
                await self._app(scope, body.receive, answer.send)
        except TooLarge as error:
            response = problem(413, str(error), {"Connection": "close"})
        except TimeoutError:
            response = problem(503, "The request took too long.", {"Retry-After": "1"})
        except Exception:  # noqa: BLE001 - Starlette raises anew what it has answered and logged already
            response = problem(500, "Something went wrong here; it has been noted.")
        else:
            return
        if not answer.status:
            await response(scope, body.receive, answer.send)


class _Body:
    """Counts what is read of a body, so that one without an announced length has a limit too."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = self._left = most

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise TooLarge(self._most)
        return message


class _Answer:
    """Remembers the status and adds the headers every answer has."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self._send = send
        self._correlation_id = correlation_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", []),
                *SECURITY,
                (b"x-correlation-id", self._correlation_id.encode()),
            ]
        await self._send(message)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
