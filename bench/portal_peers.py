"""Other clients of a portal's REST API, used as their own documentation has it.

b24pysdk speaks https only; here its addresses begin with http, so nobody's figures contain TLS.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from importlib import import_module
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from b24pysdk.credentials import BitrixWebhook
from fast_bitrix24 import BitrixAsync

from sandbox.bitrix24.portal import WEBHOOK_CODE, WEBHOOK_USER

FAST, SDK = "fast-bitrix24", "b24pysdk"

Params = dict[str, Any]


async def fast_calls(
    webhook: str, method: str, params: list[Params], *, at_once: int | None = None
) -> list[Any]:
    """What fast-bitrix24 gives for so many calls of a method; `at_once` requests, if that is said."""
    client = _fast(webhook)
    async with _nothing_left():
        with client.slow(at_once) if at_once else nullcontext():
            return list(await client.call(method, params))


async def fast_rows(webhook: str, method: str, params: Params) -> list[Any]:
    """All rows of a list, by fast-bitrix24."""
    async with _nothing_left():
        return list(await _fast(webhook).get_all(method, params))


@asynccontextmanager
async def _nothing_left() -> AsyncIterator[None]:
    """End the requests that a client which failed leaves behind: the next one shall not run beside them."""
    before = asyncio.all_tasks()
    asyncio.get_running_loop().set_exception_handler(_unless_left)
    try:
        yield
    finally:
        left = asyncio.all_tasks() - before
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _fast(webhook: str) -> BitrixAsync:
    logging.getLogger("fast_bitrix24").setLevel(logging.WARNING)  # it logs each request with all it holds
    return BitrixAsync(webhook, verbose=False)


def _unless_left(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the requests of a failed client came to is no news."""
    task = context.get("future")
    if not (isinstance(task, asyncio.Task) and "ServerRequestHandler" in repr(task.get_coro())):
        loop.default_exception_handler(context)


async def sdk_calls(webhook: str, method: str, params: list[Params]) -> list[Any]:
    """What b24pysdk gives for so many calls of a method. It waits in threads."""
    with _without_tls():
        asked = [(method, each) for each in params]
        answer = await asyncio.to_thread(_token(webhook).call_batches, asked)
    return list(answer["result"]["result"].values())


async def sdk_rows(webhook: str, method: str, params: Params) -> list[Any]:
    """All rows of a list, by b24pysdk."""

    def read() -> list[Any]:
        return list(_token(webhook).call_list_fast(method, params)["result"])

    with _without_tls():
        return await asyncio.to_thread(read)


def _token(webhook: str) -> BitrixWebhook:
    return BitrixWebhook(domain=urlsplit(webhook).netloc, webhook_token=f"{WEBHOOK_USER}/{WEBHOOK_CODE}")


@contextmanager
def _without_tls() -> Iterator[None]:
    caller = import_module("b24pysdk.api.callers.call_method")._MethodCaller
    with patch.object(caller, "_base_url", property(lambda its: f"http://{its._domain}/rest")):
        yield
