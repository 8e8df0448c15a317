"""uvicorn inside our own loop: it starts no loop, takes no signals and writes no access log."""

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

from settings import Http

BACKLOG = 2048


class WebServer:
    """One listening socket."""

    def __init__(self, app: ASGIApp, settings: Http) -> None:
        self._settings = settings
        self._config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=settings.connections,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(self._config)
        self._port = settings.port

    @property
    def address(self) -> str:
        """Where it listens, with the real port."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises OSError with one clear line when the address cannot be had."""
        listener = _listener(self._settings.host, self._settings.port)
        self._port = listener.getsockname()[1]
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[listener])

    async def stop(self, grace: float) -> None:
        """Take nothing new, give what is under way `grace` seconds, then let go."""
        for server in self._server.servers:
            server.close()
        state = self._server.server_state
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=grace)
        for task in list(state.tasks):
            task.cancel()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio turn Nagle's delay off, which costs 40 ms an answer.
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
