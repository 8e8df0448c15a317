"""Clients that each ask again as soon as they are answered."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from time import perf_counter

Accept = Callable[[int], Awaitable[object]]  # given a number that was never given before


async def answered(accept: Accept, clients: int, seconds: float) -> float:
    """Answers a second that so many clients get together, once each has had its first one."""
    numbers = count()
    await asyncio.gather(*(accept(next(numbers)) for _ in range(clients)))
    started = perf_counter()
    until = started + seconds

    async def client() -> int:
        done = 0
        while perf_counter() < until or not done:
            await accept(next(numbers))
            done += 1
        return done

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client()) for _ in range(clients)]
    return sum(task.result() for task in tasks) / (perf_counter() - started)
