"""A bot that hears and says only what a test tells it to, through the stand-in's Bot API."""

import asyncio
from typing import Any, Self

import httpx

HEARD = ["message", "edited_message", "callback_query", "message_reaction"]
POLL_SECONDS = 10
PATIENCE_SECONDS = 30.0


class ScriptedBot:
    """`address` is the stand-in's base URL; use as an async context manager."""

    def __init__(self, address: str, token: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{address}/telegram/bot{token}/", timeout=PATIENCE_SECONDS)
        self._offset = 0

    async def __aenter__(self) -> Self:
        await self._updates(0)  # kinds never asked for would not even be kept for it
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a method; a refusal fails the test with the stand-in's own words."""
        answer = (await self._client.post(method, json=params)).json()
        assert answer["ok"], f"{method}: {answer}"
        return answer["result"]

    async def attempts(self, method: str, **params: Any) -> int | None:
        """The HTTP status of a call that may fail; None when no answer came."""
        try:
            return (await self._client.post(method, json=params)).status_code
        except httpx.TransportError:
            return None

    async def hears(self, kind: str) -> Any:
        """The next update of a kind, e.g. "message"; updates of other kinds before it are let go."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for update in await self._updates(POLL_SECONDS):
                    self._offset = update["update_id"] + 1
                    if kind in update:
                        return update[kind]

    async def _updates(self, seconds: int) -> Any:
        wanted = {"timeout": seconds, "limit": 1, "allowed_updates": HEARD}
        return await self.call("getUpdates", offset=self._offset, **wanted)

    async def says(self, chat_id: int, text: str, *buttons: dict[str, str], **params: Any) -> Any:
        """Send a text, each button in a row of its own; gives the message."""
        keyboard = {"reply_markup": {"inline_keyboard": [[button] for button in buttons]}} if buttons else {}
        return await self.call("sendMessage", chat_id=chat_id, text=text, **keyboard, **params)
