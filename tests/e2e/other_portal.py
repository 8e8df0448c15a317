"""Portals that answer otherwise than the stand-in does, and as well as it: the wire is changed on its way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx

from commands import assembly
from sandbox.bitrix24.php import as_map, parse_str, split_command
from services.bitrix24.wire import build_client

# Gives another result for that of a method; the parameters are those it was called with.
Change = Callable[[str, dict[str, Any], Any], Any]


@contextmanager
def answering(change: Change) -> Iterator[None]:
    """Hubs that start meanwhile get other answers of their portal."""
    with patch.object(assembly, "build_portal_client", lambda: build_client(_Changed(change))):
        yield


class _Changed(httpx.AsyncBaseTransport):
    def __init__(self, change: Change) -> None:
        self._change = change
        self._wire = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        response = await self._wire.handle_async_request(request)
        answer = json.loads(await response.aread())
        method = request.url.path.rpartition("/")[2].removesuffix(".json")
        if method == "batch":
            self._change_each(asked["cmd"], answer["result"]["result"])
        elif "result" in answer:
            answer["result"] = self._change(method, asked, answer["result"])
        return httpx.Response(response.status_code, json=answer)

    def _change_each(self, commands: dict[str, str], results: Any) -> None:
        for name, command in commands.items():
            if name in results:
                method, query = split_command(command)
                results[name] = self._change(method, as_map(parse_str(query)), results[name])

    async def aclose(self) -> None:
        await self._wire.aclose()
