"""The HTTP server, inside the loop that is running already."""

import asyncio
import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.engine.supervisor import Supervisor
from settings import Http

log = structlog.get_logger(__name__)

TASK = "web.server"
CUT_SECONDS = 1.0  # what a request that is cut off gets for its last word
LINGER_SECONDS, LINGER_BYTES = 5.0, 2**26  # that a caller who was answered early may go on sending


class CannotListen(OSError):
    """The address cannot be had; the message is one line for the operator."""


class WebServer:
    """Serves one application.

    Signals are left to whoever runs the loop. Its own waits are in real time, as the sockets' are.
    """

    def __init__(self, app: ASGIApp, settings: Http, supervisor: Supervisor) -> None:
        self._app = app
        self._settings = settings
        self._supervisor = supervisor
        self._port = settings.port
        self._server: uvicorn.Server | None = None

    @property
    def port(self) -> int:
        """The port; once started the real one, when any free one was asked for."""
        return self._port

    @property
    def address(self) -> str:
        """The base URL on this machine."""
        host = self._settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._server.server_state.connections) if self._server else 0

    async def start(self) -> None:
        """Return when the socket listens. Raises CannotListen."""
        config = self._config()
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        listeners: list[socket.socket] = []
        try:
            listeners += await _bound(self._settings.host, self._settings.port)
            await server.startup(sockets=listeners)
        except OSError as error:
            _close(listeners)
            raise CannotListen(self._reason(error)) from error
        self._port = listeners[0].getsockname()[1]
        self._server = server
        # It keeps the Date header right. `serve` would do all of this, and take the signals too.
        self._supervisor.spawn(TASK, server.main_loop)

    async def stop(self, grace: float) -> None:
        """Take no more, give what runs `grace` seconds to end, cut off the rest. Twice is once."""
        server, self._server = self._server, None
        if server is None:
            return
        await self._supervisor.stop_task(TASK)
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        running = server.server_state.tasks
        if running:
            await asyncio.wait(set(running), timeout=grace)
        if running:
            await _cut_off(set(running))

    def _config(self) -> uvicorn.Config:
        protocol = partial(_Connection, head_seconds=self._settings.request_timeout)
        return uvicorn.Config(
            self._app,
            http=cast(type[asyncio.Protocol], protocol),
            ws="none",
            loop="none",
            lifespan="off",
            # uvicorn refuses the one that reaches the number; the setting means the one after it.
            limit_concurrency=self._settings.connections + 1,
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
        )

    def _reason(self, error: OSError) -> str:
        host, port = self._settings.host, self._settings.port
        if error.errno == errno.EADDRINUSE:
            return f"port {port} is in use"
        if error.errno == errno.EACCES:
            return f"port {port} needs more rights than this process has"
        return f"cannot listen on {host}, port {port}: {error.strerror or error}"


class _Lingering:
    """A transport that is closed in the middle of a request: it sends what was answered, and then its end.

    What the caller still sends is thrown away for a while. To a socket that is closed over unread bytes the
    system sends a reset, and a caller that sends all before it reads would never see the answer.
    """

    def __init__(self, transport: asyncio.Transport, is_arriving: Callable[[], bool]) -> None:
        self._transport = transport
        self._is_arriving = is_arriving
        self._left = LINGER_BYTES
        self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Nothing more can be sent."""
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        """The first time in the middle of a request: stop sending. Else close."""
        if self.is_closing() or not self._is_arriving():
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)

    def throw_away(self, data: bytes) -> None:
        """More than a caller sends by mistake is no mistake."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.close()


class _Connection(HttpToolsProtocol):
    """Closes a connection whose request's head does not arrive in time: no application sees that one."""

    def __init__(self, head_seconds: float, **given: Any) -> None:
        super().__init__(**given)
        self._head_seconds = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._arriving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        lingering = _Lingering(transport, lambda: self._arriving)
        super().connection_made(cast(asyncio.Transport, lingering))
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if (transport := cast(_Lingering, self.transport)).lingers:
            transport.throw_away(data)
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        self._arriving = True
        super().on_message_begin()
        self._await_head()

    def on_message_complete(self) -> None:
        self._arriving = False
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        self._end_wait()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Answered early, a client could send the rest of its body for ever and never begin anew.
        if not self.transport.is_closing():
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_seconds, self.transport.close)

    def _end_wait(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None


async def _cut_off(tasks: set[asyncio.Task[None]]) -> None:
    log.warning("web.grace_over", details={"requests": len(tasks)})
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=CUT_SECONDS)


async def _bound(host: str, port: int) -> list[socket.socket]:
    """A socket for every address that the host name has, all on one port."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )
    listeners: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            chosen = listeners[0].getsockname()[1] if listeners else port
            listeners.append(_bind(family, (address[0], chosen, *address[2:])))
    except OSError:
        _close(listeners)
        raise
    return listeners


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _bind(family: int, address: tuple[Any, ...]) -> socket.socket:
    # Named as TCP: asyncio turns Nagle's delay off only then, and every answer would take 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
