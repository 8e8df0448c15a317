"""The chat page and its JSON: what it shows, faults, limits and the ledger."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.telegram.drawings import draw
from sandbox.telegram.ledger import Call
from sandbox.telegram.limits import Pace
from sandbox.telegram.methods import CANONICAL, GET_UPDATES
from sandbox.telegram.page_deeds import Endpoint, PageDeeds, read_body
from sandbox.telegram.page_shapes import (
    fault_options,
    page_bot,
    page_call,
    page_chat,
    page_limits,
    page_messages,
    page_person,
    page_set,
    page_sticker,
)
from sandbox.telegram.reactions import PERMITTED
from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World

_PAGE = Path(__file__).parent / "page"
_HEARTBEAT_SECONDS = 15.0


class PageApi:
    """Routes under the stand-in's mount; no authentication, for it listens on loopback only."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.ledger.added.append(world.feed.bell.ring)

    def routes(self) -> list[BaseRoute]:
        """To be mounted beside the Bot API."""
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/page/state", self.state),
            ("GET", "/page/events", self.events),
            *PageDeeds(self._world).table(),
            ("GET", "/page/commands", self.commands),
            ("PUT", "/page/limits", self.limit),
            ("POST", "/page/faults", self.add_fault),
            ("DELETE", "/page/faults", self.remove_faults),
            ("DELETE", "/page/faults/{id:int}", self.remove_faults),
            ("GET", "/page/ledger", self.ledger),
            ("POST", "/page/reset", self.reset),
            ("GET", "/page/stickers/{name}.svg", self.sticker),
            ("GET", "/page/photos/{name}", self.photo),
        ]
        routes: list[BaseRoute] = [
            Route(path, self._guarded(endpoint), methods=[method]) for method, path, endpoint in table
        ]
        static = StaticFiles(directory=_PAGE, check_dir=False)
        return [Route("/", self.index), *routes, Mount("/page/static", static)]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Count the request, and turn what the page got wrong into a 400 that says so."""

        async def guarded(request: Request) -> Response:
            with self._world.traffic.request():
                try:
                    return await endpoint(request)
                except (ValueError, KeyError, TypeError) as error:
                    return JSONResponse({"error": _reason(error)}, 400)

        return guarded

    async def index(self, request: Request) -> Response:
        """The page itself."""
        return FileResponse(_PAGE / "index.html")

    async def state(self, request: Request) -> Response:
        """Everything the page needs to begin with."""
        world = self._world
        return JSONResponse(
            {
                "bot": page_bot(world.bot),
                "people": [page_person(person) for person in world.people.values()],
                "chats": [page_chat(chat) for chat in world.chats.values() if chat.migrated_to is None],
                "sets": [page_set(one) for one in world.library.sets.values()],
                "loose_stickers": [page_sticker(sticker) for sticker in world.library.loose],
                "messages": page_messages(world),
                "reactions_permitted": list(PERMITTED),
                "faults": world.faults.shown(),
                "limits": page_limits(world.limiter.pace),
                "methods": sorted(CANONICAL.values()),
                "mode": world.updates.mode,
                "last_event": world.feed.last,
            }
        )

    async def events(self, request: Request) -> Response:
        """Server-sent events from `after` (or Last-Event-ID, which wins) on.

        That the bot has made calls is told without a number: it is not kept, the ledger has it.
        """
        asked = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        after = int(asked) if asked.isdigit() else self._world.feed.last
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self.stream(after), media_type="text/event-stream", headers=headers)

    async def stream(self, after: int) -> AsyncGenerator[str, None]:
        """The events after that number as they go over the wire, until the stand-in closes."""
        told = self._world.ledger.last
        yield "retry: 1000\n\n"
        while not self._world.feed.closed:
            for number, event in self._world.feed.after(after):
                yield f"id: {number}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
                after = number
            if told != self._world.ledger.last:
                told = self._world.ledger.last
                yield f'data: {{"type": "calls", "last": {told}}}\n\n'
            if not await self._heard(after, told):
                yield ": still here\n\n"

    async def _heard(self, after: int, told: int) -> bool:
        """Wait for news; False after a quiet spell."""
        if self._world.feed.last > after or self._world.ledger.last != told or self._world.feed.closed:
            return True
        try:
            async with self._world.clock.timeout(_HEARTBEAT_SECONDS):
                await self._world.feed.bell.wait()
        except TimeoutError:
            return False
        return True

    async def commands(self, request: Request) -> Response:
        """The command menu of one person in one chat."""
        asked = request.query_params
        found = self._world.commands_for(int(asked["chat_id"]), int(asked["user_id"]))
        return JSONResponse({"commands": found})

    async def limit(self, request: Request) -> Response:
        """Enforce Telegram's rates, or stop doing so."""
        wanted = (await read_body(request))["on"]
        if not isinstance(wanted, bool):
            raise WorldError("on is true or false")
        self._world.limit(Pace() if wanted else None)
        return JSONResponse({"limits": page_limits(self._world.limiter.pace)})

    async def add_fault(self, request: Request) -> Response:
        """Plan a failure."""
        body = await read_body(request)
        method = str(body.get("method", "*"))
        if method != "*" and method.lower() not in CANONICAL:
            raise WorldError(f"no such method: {method}")
        method = CANONICAL.get(method.lower(), method)
        fault = self._world.faults.add(body["kind"], method, **fault_options(body))
        return JSONResponse(fault.api(self._world.clock.monotonic()), 201)

    async def remove_faults(self, request: Request) -> Response:
        """Take back one failure, or all."""
        if "id" in request.path_params:
            self._world.faults.remove(request.path_params["id"])
        else:
            self._world.faults.clear()
        return Response(status_code=204)

    async def ledger(self, request: Request) -> Response:
        """The calls after number `after`, optionally of one method, or only the `newest` so many.

        `polls=failed` leaves out the getUpdates that went well: there is always another one.
        """
        asked = request.query_params
        after, most = _number(asked.get("after")) or 0, _number(asked.get("newest"))
        method, quiet = asked.get("method"), asked.get("polls") == "failed"

        def wanted(call: Call) -> bool:
            routine = quiet and call.method == GET_UPDATES and call.status == 200
            return call.n > after and not routine and (not method or call.method == method)

        calls = self._world.ledger.newest(most, wanted)
        return JSONResponse({"calls": [page_call(call) for call in calls]})

    async def reset(self, request: Request) -> Response:
        """Back to the seed."""
        self._world.reset()
        return Response(status_code=204)

    async def sticker(self, request: Request) -> Response:
        """A sticker's drawing."""
        sticker = self._world.library.by_unique_id.get(request.path_params["name"])
        if sticker is None:
            raise HTTPException(404)
        return Response(draw(sticker), media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})

    async def photo(self, request: Request) -> Response:
        """A photo the bot sent."""
        content = self._world.photos.get(request.path_params["name"])
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="image/jpeg")


def _number(asked: str | None) -> int | None:
    return int(asked) if asked and asked.isdecimal() else None


def _reason(error: Exception) -> str:
    return f"missing: {error.args[0]}" if isinstance(error, KeyError) else str(error)
