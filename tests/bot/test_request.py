"""Calls of the Bot API are measured by method, whatever becomes of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client import CollectorRegistry
from telegram.error import NetworkError, RetryAfter

from bot.request import Request, ServerFailed, method_of
from services.engine.call_times import CallTimes
from services.engine.observability import Counters
from tests.clock import HandClock

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
BASE = f"https://api.telegram.org/bot{TOKEN}"


@pytest.mark.parametrize(
    ("url", "method"),
    [
        (f"{BASE}/sendMessage", "sendMessage"),
        (f"{BASE}/getUpdates", "getUpdates"),
        (f"https://api.telegram.org/file/bot{TOKEN}/stickers/file_1.webp", "download"),
        (BASE, "other"),
        (f"{BASE}/", "other"),
        (f"{BASE}/sendMessage?x={TOKEN}", "other"),
        (f"{BASE}/отправить", "other"),
    ],
)
def test_the_method_is_the_addresses_last_word_and_never_a_part_of_the_token(url: str, method: str) -> None:
    assert method_of(url) == method


class Telegram:
    """The far end: answers with what is set, after as long as is set."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.clock = HandClock()
        self.answer: httpx.Response | Exception = httpx.Response(200, content=b'{"ok":true,"result":true}')

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one call."""
        await self.clock.sleep(0.5)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Request]:
        """The library's side, over a wire that is made of this object."""
        async with Request(httpx_kwargs={"transport": httpx.MockTransport(self.handle)}) as client:
            client.times = CallTimes(Counters(self.registry), self.clock)
            yield client

    def measured(self, what: str) -> float | None:
        """A figure of calls of sendMessage."""
        labels = {"system": "telegram", "method": "sendMessage"}
        return self.registry.get_sample_value(f"api_request_duration_seconds_{what}", labels)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, content=b'{"ok":true,"result":true}'), None),
        (httpx.Response(502, content=b"<html>"), ServerFailed),
        (httpx.Response(429, content=b'{"ok":false}'), RetryAfter),
        (httpx.ConnectError("refused"), NetworkError),
    ],
)
async def test_every_call_is_measured_once(
    answer: httpx.Response | Exception, error: type[Exception] | None
) -> None:
    telegram = Telegram()
    telegram.answer = answer
    async with telegram.client() as client:
        call = client.post(f"{BASE}/sendMessage")
        if error:
            with pytest.raises(error):
                await telegram.clock.run(call)
        else:
            assert await telegram.clock.run(call) is True

    assert telegram.measured("count") == 1
    assert telegram.measured("sum") == 0.5


async def test_without_a_measure_calls_go_out_all_the_same() -> None:
    telegram = Telegram()
    transport = httpx.MockTransport(telegram.handle)
    async with Request(httpx_kwargs={"transport": transport}) as client:
        assert await telegram.clock.run(client.post(f"{BASE}/sendMessage")) is True
