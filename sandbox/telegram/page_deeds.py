"""What people do in the chat page: write, forward, edit, delete, press and react."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.telegram.page_shapes import page_message, page_reactions
from sandbox.telegram.wire import Json, WorldError
from sandbox.telegram.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


class PageDeeds:
    """Each raises ValueError, KeyError or TypeError for what the page got wrong."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[tuple[str, str, Endpoint]]:
        """Method, path and endpoint of each deed."""
        return [
            ("POST", "/page/messages", self.send),
            ("POST", "/page/forwards", self.forward),
            ("POST", "/page/edits", self.edit),
            ("POST", "/page/deletions", self.delete),
            ("POST", "/page/presses", self.press),
            ("POST", "/page/reactions", self.react),
        ]

    async def send(self, request: Request) -> Response:
        """A person's text or sticker; an administrator's may be anonymous."""
        body = await read_body(request)
        options: Json = {"reply_to": body.get("reply_to"), "thread_id": body.get("thread_id")}
        options["anonymous"] = body.get("anonymous") is True
        chat_id, sender = int(body["chat_id"]), int(body["from"])
        if "sticker" in body:
            message = self._world.send_sticker(chat_id, sender, str(body["sticker"]), **options)
        else:
            message = self._world.send_text(chat_id, sender, _text(body), **options)
        return JSONResponse(page_message(message), 201)

    async def forward(self, request: Request) -> Response:
        """A person forwards a message into another of their chats."""
        body = await read_body(request)
        source = int(body["chat_id"]), int(body["message_id"])
        message = self._world.forward(*source, int(body["to_chat"]), int(body["from"]))
        return JSONResponse(page_message(message), 201)

    async def edit(self, request: Request) -> Response:
        """A person's edit of an own text."""
        body = await read_body(request)
        chat_id, message_id = int(body["chat_id"]), int(body["message_id"])
        message = self._world.message(chat_id, message_id)
        if message.author.id != int(body["from"]):
            raise WorldError("not your message")
        return JSONResponse(page_message(self._world.edit(chat_id, message_id, _text(body))))

    async def delete(self, request: Request) -> Response:
        """A person deletes a message."""
        body = await read_body(request)
        self._world.delete(int(body["chat_id"]), int(body["message_id"]))
        return Response(status_code=204)

    async def press(self, request: Request) -> Response:
        """A person presses a callback button."""
        body = await read_body(request)
        where = int(body["chat_id"]), int(body["message_id"]), int(body["from"])
        return JSONResponse({"callback_query_id": self._world.press(*where, str(body["data"]))})

    async def react(self, request: Request) -> Response:
        """A person's reactions replace the earlier ones."""
        body = await read_body(request)
        chat_id, message_id = int(body["chat_id"]), int(body["message_id"])
        emoji, anonymous = [str(one) for one in body["emoji"]], body.get("anonymous") is True
        self._world.react(chat_id, message_id, int(body["from"]), emoji, anonymous=anonymous)
        return JSONResponse({"reactions": page_reactions(self._world.message(chat_id, message_id))})


async def read_body(request: Request) -> Json:
    """The JSON object of a request. Raises WorldError."""
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
