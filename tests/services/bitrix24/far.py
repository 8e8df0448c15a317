"""A portal at the far end of the wire, whose answers are written down beforehand."""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from sandbox.bitrix24.php import parse_str
from services.bitrix24 import Portal, build_portal
from services.bitrix24.wire import build_client
from services.engine.call_times import CallTimes
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from settings import load_settings
from tests.clock import HandClock
from tests.storage.files import WatchedDatabase, new_file, opened

SECRET = "s3cr3tc0d3ofwebh00k"
HOST = "partner1.bitrix24.ru"
URL = f"https://{HOST}/rest/1/{SECRET}/"
HTML = "<html><head><title>502 Bad Gateway</title></head><body></body></html>"
EMPTY: dict[str, Any] = {"result": [], "result_error": [], "result_total": [], "result_next": []}


@dataclass(frozen=True)
class Asked:
    """A request as the portal saw it."""

    host: str
    method: str
    params: dict[str, Any]
    at: float
    headers: httpx.Headers
    timeout: dict[str, float]

    @property
    def commands(self) -> dict[str, tuple[str, Any]]:
        """A batch taken apart as PHP would: (method, params) by name."""
        split = {name: command.partition("?") for name, command in self.params["cmd"].items()}
        return {name: (method, parse_str(query)) for name, (method, _, query) in split.items()}


Answering = Callable[[Asked], Awaitable[httpx.Response]]


@dataclass
class FarPortal:
    """Answers what was written down, in order; then to everything a number, each one higher."""

    clock: HandClock
    asked: list[Asked] = field(default_factory=list)
    script: deque[Answering] = field(default_factory=deque)
    latency: float = 0.0
    _number: int = 100

    @property
    def methods(self) -> list[str]:
        """What was called, in order."""
        return [each.method for each in self.asked]

    def says(self, body: Any, status: int = 200, **headers: str) -> None:
        """The next request is answered so: a text as it is, anything else as JSON."""

        async def answer(asked: Asked) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            if isinstance(body, str):
                return httpx.Response(status, text=body, headers={"Content-Type": "text/html"} | named)
            return httpx.Response(status, json=body, headers=named)

        self.script.append(answer)

    def gives(self, result: Any, **more: Any) -> None:
        """The next call succeeds."""
        self.says({"result": result, **more})

    def refuses(self, code: Any, status: int = 400, text: str = "", **headers: str) -> None:
        """The next request is answered with this error."""
        self.says({"error": code, "error_description": text}, status, **headers)

    def gives_batch(self, **sections: Any) -> None:
        """The next batch is answered with these sections; those left out are empty."""
        self.gives({**EMPTY, **sections})

    def breaks(self, error: Exception) -> None:
        """The next request ends so."""

        async def answer(asked: Asked) -> httpx.Response:
            raise error

        self.script.append(answer)

    def hangs(self, seconds: float) -> None:
        """The next request is answered only after that long."""

        async def answer(asked: Asked) -> httpx.Response:
            await self.clock.sleep(seconds)
            return self._own(asked)

        self.script.append(answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """What the transport calls."""
        await request.aread()
        path = request.url.path.removesuffix(".json")
        assert path.startswith(f"/rest/1/{SECRET}/"), path
        body = json.loads(request.content)
        assert isinstance(body, dict)
        seen = Asked(
            request.url.netloc.decode(),
            path.rpartition("/")[2],
            body,
            self.clock.monotonic(),
            request.headers,
            request.extensions["timeout"],
        )
        self.asked.append(seen)
        if self.latency:
            await self.clock.sleep(self.latency)
        return await self.script.popleft()(seen) if self.script else self._own(seen)

    def _own(self, asked: Asked) -> httpx.Response:
        if asked.method != "batch":
            return httpx.Response(200, json={"result": self._next()})
        results = {name: self._next() for name in asked.params["cmd"]}
        return httpx.Response(200, json={"result": {**EMPTY, "result": results}})

    def _next(self) -> int:
        self._number += 1
        return self._number


@dataclass
class Room:
    """A client, and what is around it."""

    portal: Portal
    far: FarPortal
    clock: HandClock
    database: WatchedDatabase
    registry: CollectorRegistry
    supervisor: Supervisor

    async def run(self, work: Any, limit: float = 3600.0) -> Any:
        """Await `work` in virtual time."""
        return await self.clock.run(work, limit)


@asynccontextmanager
async def new_room(
    folder: Path,
    transport: httpx.AsyncBaseTransport | None = None,
    url: str = URL,
    clock: HandClock | None = None,
    busy: Callable[[], int] = lambda: 0,
    **values: str,
) -> AsyncIterator[Room]:
    """A client for the block, of a scripted portal or what the transport leads to; `values` are settings.

    `busy`: how many requests keep the clock from going on, besides the database's.
    """
    path = folder / "hub.db" if (folder / "hub.db").exists() else new_file(folder)
    async with opened(path) as database:
        clock = clock or HandClock()
        clock.in_flight = lambda: database.in_flight + busy()
        far, registry = FarPortal(clock), CollectorRegistry()
        settings = load_settings({"BITRIX24_URL": url, **values}, None).bitrix24
        supervisor = Supervisor(clock)
        async with build_client(transport or httpx.MockTransport(far.answer)) as client:
            times = CallTimes(Counters(registry), clock)
            portal = build_portal(settings, client, database, clock, Random(1), times, supervisor)
            yield Room(portal, far, clock, database, registry, supervisor)
            await supervisor.stop(0)
