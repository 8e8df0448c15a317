"""python-telegram-bot's HTTP side, with the status of a failed answer kept."""

from typing import Any

from telegram.error import NetworkError, RetryAfter
from telegram.request import HTTPXRequest

FLOOD_WAIT = 5  # seconds, for a 429 that forgets to name its own


class ServerFailed(NetworkError):
    """Telegram answered with a 5xx status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Telegram answered {status}")
        self.status = status


class Request(HTTPXRequest):
    """Raises ServerFailed for a 5xx answer, which the library folds into a plain NetworkError."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **kwargs)
        if status >= 500:
            raise ServerFailed(status)
        if status == 429 and b'"retry_after"' not in payload:
            raise RetryAfter(FLOOD_WAIT)
        return status, payload
