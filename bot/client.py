"""The Bot API client: python-telegram-bot's, with raw updates beside it."""

import warnings
from typing import Any

from telegram.ext import ExtBot
from telegram.warnings import PTBDeprecationWarning

from bot.request import Request
from services.engine.call_times import CallTimes
from services.engine.tls import trusted

CALL_TIME = 15.0  # seconds for an answer of the Bot API
CONNECT_TIME = 5.0
CONNECTIONS = 64


class Client(ExtBot[None]):
    """One bot at one Bot API server."""

    async def raw_updates(self, *, offset: int, limit: int, timeout: int, allowed: list[str]) -> list[Any]:
        """getUpdates (core.telegram.org/bots/api#getupdates) as it came; `timeout` in seconds.

        The library's own method builds objects, and what it does not know yet would be lost on the way.
        """
        question = {"offset": offset, "limit": limit, "timeout": timeout, "allowed_updates": allowed}
        updates: list[Any] = await self._post("getUpdates", question, read_timeout=timeout + CALL_TIME)
        return updates

    def measure(self, times: CallTimes) -> None:
        """Tell `times` of every call from now on, polls left out: they wait for updates on purpose."""
        if isinstance(self.request, Request):
            self.request.times = times


def build_client(token: str, api_url: str) -> Client:
    """A client; nothing is connected yet. `api_url` without a trailing slash."""
    # The library announces another type for RetryAfter.retry_after; bot/outcomes.py takes both.
    warnings.filterwarnings("ignore", ".*retry_after", PTBDeprecationWarning)
    return Client(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=_request(CONNECTIONS),
        get_updates_request=_request(1),
    )


def _request(connections: int) -> Request:
    return Request(
        connection_pool_size=connections,
        connect_timeout=CONNECT_TIME,
        read_timeout=CALL_TIME,
        write_timeout=CALL_TIME,
        pool_timeout=CALL_TIME,
        httpx_kwargs={"verify": trusted()},
    )
