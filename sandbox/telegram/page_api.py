"""The chat page and its JSON: what it shows, what people do, faults and the ledger."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.telegram.drawings import draw
from sandbox.telegram.ledger import Call
from sandbox.telegram.methods import CANONICAL, GET_UPDATES
from sandbox.telegram.page_shapes import (
    fault_options,
    page_bot,
    page_call,
    page_chat,
    page_message,
    page_messages,
    page_person,
    page_reactions,
    page_set,
    page_sticker,
)
from sandbox.telegram.reactions import PERMITTED
from sandbox.telegram.wire import Json, WorldError
from sandbox.telegram.world import World

_PAGE = Path(__file__).parent / "page"
_HEARTBEAT_SECONDS = 15.0
Endpoint = Callable[[Request], Awaitable[Response]]


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
            ("POST", "/page/messages", self.send),
            ("POST", "/page/edits", self.edit),
            ("POST", "/page/deletions", self.delete),
            ("POST", "/page/presses", self.press),
            ("POST", "/page/reactions", self.react),
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

    async def send(self, request: Request) -> Response:
        """A person's text or sticker."""
        body = await _body(request)
        options: Json = {"reply_to": body.get("reply_to"), "thread_id": body.get("thread_id")}
        chat_id, sender = int(body["chat_id"]), int(body["from"])
        if "sticker" in body:
            message = self._world.send_sticker(chat_id, sender, str(body["sticker"]), **options)
        else:
            message = self._world.send_text(chat_id, sender, _text(body), **options)
        return JSONResponse(page_message(message), 201)

    async def edit(self, request: Request) -> Response:
        """A person's edit of an own text."""
        body = await _body(request)
        chat_id, message_id = int(body["chat_id"]), int(body["message_id"])
        if self._world.message(chat_id, message_id).sender.id != int(body["from"]):
            raise WorldError("not your message")
        return JSONResponse(page_message(self._world.edit(chat_id, message_id, _text(body))))

    async def delete(self, request: Request) -> Response:
        """A person deletes a message."""
        body = await _body(request)
        self._world.delete(int(body["chat_id"]), int(body["message_id"]))
        return Response(status_code=204)

    async def press(self, request: Request) -> Response:
        """A person presses a callback button."""
        body = await _body(request)
        where = int(body["chat_id"]), int(body["message_id"]), int(body["from"])
        return JSONResponse({"callback_query_id": self._world.press(*where, str(body["data"]))})

    async def react(self, request: Request) -> Response:
        """A person's reactions replace the earlier ones."""
        body = await _body(request)
        chat_id, message_id = int(body["chat_id"]), int(body["message_id"])
        self._world.react(chat_id, message_id, int(body["from"]), [str(one) for one in body["emoji"]])
        return JSONResponse({"reactions": page_reactions(self._world.message(chat_id, message_id))})

    async def add_fault(self, request: Request) -> Response:
        """Plan a failure."""
        body = await _body(request)
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


async def _body(request: Request) -> Json:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise WorldError("the body is no JSON") from error
    if not isinstance(body, dict):
        raise WorldError("the body is no object")
    return body


def _text(body: Json) -> str:
    text = str(body["text"]).strip()
    if not text or len(text) > 4096:
        raise WorldError("a text has 1 to 4096 characters")
    return text


def _number(asked: str | None) -> int | None:
    return int(asked) if asked and asked.isdecimal() else None


def _reason(error: Exception) -> str:
    return f"missing: {error.args[0]}" if isinstance(error, KeyError) else str(error)
