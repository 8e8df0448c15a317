"""Waiting for whichever comes first."""

import asyncio
from collections.abc import Awaitable

from starlette.types import Receive


async def first_of(*waits: Awaitable[None]) -> None:
    """Return when one of them has ended; the others are cancelled."""
    ended = asyncio.Event()

    async def watch(wait: Awaitable[None]) -> None:
        await wait
        ended.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch(wait)) for wait in waits]
        await ended.wait()
        for task in tasks:
            task.cancel()


async def disconnected(receive: Receive) -> None:
    """Return when the caller has closed the connection; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
