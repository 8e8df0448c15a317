"""python-telegram-bot's HTTP side, with the status of a failed answer kept and its time measured."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from telegram.error import NetworkError, RetryAfter
from telegram.request import HTTPXRequest

from services.engine.call_times import CallTimes

FLOOD_WAIT = 5  # seconds, for a 429 that forgets to name its own


class ServerFailed(NetworkError):
    """Telegram answered with a 5xx status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Telegram answered {status}")
        self.status = status


class Request(HTTPXRequest):
    """Raises ServerFailed for a 5xx answer, which the library folds into a plain NetworkError.

    `times`, when set, is told of every call.
    """

    times: CallTimes | None = None

    async def do_request(self, url: str, method: str, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        with self._measured(url):
            status, payload = await super().do_request(url, method, *args, **kwargs)
        if status >= 500:
            raise ServerFailed(status)
        if status == 429 and b'"retry_after"' not in payload:
            raise RetryAfter(FLOOD_WAIT)
        return status, payload

    def _measured(self, url: str) -> AbstractContextManager[None]:
        return self.times.measured("telegram", method_of(url)) if self.times else nullcontext()


def method_of(url: str) -> str:
    """Which method of the Bot API an address calls (…/bot<token>/sendMessage); never a part of the token."""
    if "/file/bot" in url:
        return "download"
    name = url.rsplit("/", 1)[-1]
    return name if name.isascii() and name.isalpha() else "other"
