"""All stand-ins in one application, and a server that lives inside the caller's event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.bitrix24.seed import seed_portals
from sandbox.bitrix24.standin import Bitrix24
from sandbox.clock import Clock
from sandbox.telegram.api import DROP_EXTENSION
from sandbox.telegram.seed import seed_demo
from sandbox.telegram.standin import TelegramStandIn, build_telegram
from sandbox.telegram.world import World

# Seconds an idle connection stays open. Longer than clients keep theirs, or both would let go at one moment.
KEEP_ALIVE = 75

_INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sandbox</title>
<style>:root{color-scheme:light dark}
body{font:1.1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}
a{display:block;padding:1rem 1.2rem;border:1px solid #8886;
border-radius:1rem;color:inherit;text-decoration:none}
a:hover,a:focus-visible{border-color:currentColor}small{opacity:.75}</style>
<h1>Sandbox</h1><p>Stand-ins for the outside world. Nothing here leaves this machine.</p>
<main><a href="/telegram/">Telegram<br><small>Chats with the bot, as any of four people</small></a><br>
<a href="/portal/">Bitrix24<br><small>Portals with deals, contacts and poll forms</small></a></main>
</html>
"""


def build_sandbox(clock: Clock, *, world: World | None = None, bitrix24: Bitrix24 | None = None) -> Starlette:
    """The application. Without a world the demo's is made and seeded, and the demo's portals with it.

    `app.state.telegram` is the TelegramStandIn, `app.state.bitrix24` the Bitrix24. With a lifespan (any real
    server) webhooks and events are pushed by themselves; without one (an in-process transport) await
    `app.state.telegram.delivery.run(client)` and `app.state.bitrix24.deliver(client)`.
    """
    if bitrix24 is None:
        bitrix24 = Bitrix24(clock)
        if world is None:
            seed_portals(bitrix24)
    if world is None:
        world = World(clock)
        world.seed = seed_demo
        seed_demo(world)
    telegram = build_telegram(world)
    mounts = [Mount("/telegram", routes=telegram.routes), Mount("/portal", routes=bitrix24.routes)]
    app = Starlette(routes=[Route("/", _index), *mounts, *bitrix24.host_routes], lifespan=_lifespan)
    app.state.telegram, app.state.bitrix24 = telegram, bitrix24
    return app


async def _index(request: Request) -> Response:
    return HTMLResponse(_INDEX)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    telegram: TelegramStandIn = app.state.telegram
    bitrix24: Bitrix24 = app.state.bitrix24
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits) as client, asyncio.TaskGroup() as group:
        pusher = group.create_task(telegram.delivery.run(client), name="telegram webhook pusher")
        teller = group.create_task(bitrix24.deliver(client), name="portal events")
        yield
        pusher.cancel()
        teller.cancel()


_CLOSING_SECONDS = 3.0


class _Protocol(HttpToolsProtocol):
    """Lets an application close the connection without an answer."""

    def on_message_begin(self) -> None:
        """See the parent; adds the extension."""
        super().on_message_begin()
        self.scope["extensions"] = {DROP_EXTENSION: {"close": self._drop}}

    def _drop(self) -> None:
        self.transport.abort()


class _Server(uvicorn.Server):
    """Leaves signals alone and closes without waiting in steps."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process that runs us."""
        yield

    async def close(self) -> None:
        """Stop listening, let running requests end, run the lifespan's end."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_CLOSING_SECONDS)
        for task in list(self.server_state.tasks):
            task.cancel()
        await self.lifespan.shutdown()


@asynccontextmanager
async def serving(app: Starlette, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve in the running loop for as long as the block lasts; gives the base URL with the real port."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        loop="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
    config.load()
    server = _Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = _listener(host, port)
    await server.startup(sockets=[listener])
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        _close(app)
        await server.close()


def _listener(host: str, port: int) -> socket.socket:
    """Named as TCP, for asyncio turns Nagle's delay off only then; without that every answer takes 40 ms."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, proto=socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _close(app: Starlette) -> None:
    telegram: Any = getattr(app.state, "telegram", None)
    if isinstance(telegram, TelegramStandIn):
        telegram.world.close()
    bitrix24: Any = getattr(app.state, "bitrix24", None)
    if isinstance(bitrix24, Bitrix24):
        bitrix24.close()


async def serve_sandbox(
    app: Starlette, host: str = "127.0.0.1", port: int = 8021, *, started: Callable[[str], None] | None = None
) -> None:
    """Serve until cancelled; `started` is told the base URL. Cancelling closes cleanly."""
    async with serving(app, host, port) as address:
        if started is not None:
            started(address)
        await asyncio.Event().wait()
