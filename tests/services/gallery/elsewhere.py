"""Another gallery at the far end of the wire: a list of its own, and every way to answer wrongly."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from services.gallery.wire import build_client
from settings import load_settings
from tests.storage.rows import NOON

ADDRESS = "http://gallery.test/base"
KEY = "the-key-of-the-other-gallery-0123456789"

Answering = Callable[[httpx.Request], Awaitable[httpx.Response]]


def item(name: str, **more: Any) -> dict[str, Any]:
    """A set as the routes tell it."""
    told = {"name": name, "title": f"Title of {name}", "kind": "regular", "count": 3, "added_by": 5}
    return told | {"added_at": "2026-01-15T12:00:00Z"} | more


@dataclass
class Elsewhere:
    """Speaks the gallery routes over `sets`, unless `instead` answers."""

    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    instead: Answering | None = None
    loses_answers: bool = False  # of writes, which it carries out
    now: Callable[[], datetime] = lambda: NOON

    def lists(self, *items: dict[str, Any]) -> None:
        """Put sets on its list."""
        self.sets |= {each["name"].lower(): each for each in items}

    def says(self, status: int, content: bytes | str = b"", **headers: str) -> None:
        """From now on answer this."""

        async def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, content=content, headers=headers)

        self.instead = answer

    def breaks(self, error: Exception, times: int = 1_000) -> None:
        """Break so many of the next calls."""
        left = iter(range(times))

        async def answer(request: httpx.Request) -> httpx.Response:
            if next(left, None) is None:
                return self._own(request)
            raise error

        self.instead = answer

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """What the transport calls."""
        self.requests.append(request)
        await request.aread()
        response = await self.instead(request) if self.instead else self._own(request)
        if self.loses_answers and request.method != "GET":
            raise httpx.ReadError("cut")
        return response

    def client(self) -> httpx.AsyncClient:
        """What the hub builds for GALLERY_API_URL, with this gallery instead of a network."""
        values = {"GALLERY_API_URL": ADDRESS, "GALLERY_API_KEY": KEY}
        built = build_client(load_settings(values, None).gallery, httpx.MockTransport(self.answer))
        assert built
        return built

    def _own(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["x-api-key"] == KEY
        path = request.url.path.removeprefix("/base/gallery/sets")
        if not path:
            return self._list(request.url.params)
        name = path.removeprefix("/")
        if request.method == "DELETE":
            return httpx.Response(204 if self.sets.pop(name.lower(), None) else 404)
        new = name.lower() not in self.sets
        body = json.loads(request.content)
        kept = ("added_by", "added_at")
        before = {} if new else {each: self.sets[name.lower()][each] for each in kept}
        body = {"added_at": self.now().isoformat()} | body
        self.lists(item(name, **body | before))
        return httpx.Response(201 if new else 200, json=self.sets[name.lower()])

    def _list(self, params: httpx.QueryParams) -> httpx.Response:
        if "names" not in params:
            return httpx.Response(200, json={"items": list(self.sets.values()), "total": len(self.sets)})
        names = params["names"].split(",")
        found = {name: self.sets[name.lower()] for name in names if name.lower() in self.sets}
        return httpx.Response(200, json={"found": found, "missing": [n for n in names if n not in found]})
