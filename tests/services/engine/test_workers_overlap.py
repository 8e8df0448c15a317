"""A finish that is being written keeps no handler waiting."""

import asyncio
import threading

from tests.services.engine.workshop import Gate, Workshop

PATIENCE = 60.0  # seconds of real time until something that should come about counts as failed
HELD = 5.0  # seconds at most that the slow unit takes; PostgreSQL, whose units share the loop, waits them out


async def until_in_flight(shop: Workshop, units: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while shop.database.in_flight < units:
            await asyncio.sleep(0)


async def test_the_next_job_is_claimed_while_a_finish_is_still_being_written(shop: Workshop) -> None:
    gate, disk = Gate(), threading.Event()
    shop.topic(gate.handle, concurrency=1)
    await shop.accept("chat:1")
    await shop.accept("chat:2")
    await shop.settle()
    assert [job.key for job in gate.begun] == ["chat:1"]
    slow = asyncio.create_task(shop.database.write(lambda _: disk.wait(HELD)))
    try:
        await until_in_flight(shop, 1)
        gate.open()
        await until_in_flight(shop, 3)  # the slow unit, the finish, and the claim of what comes next
        assert shop.durable_finishes == 0
    finally:
        disk.set()
        await slow
    await shop.settle()
    assert [job.key for job in gate.begun] == ["chat:1", "chat:2"]
    assert shop.durable_finishes == 2


async def test_one_handler_at_a_time_stays_one_at_a_time(shop: Workshop) -> None:
    gate = Gate()
    shop.topic(gate.handle, concurrency=1)
    for number in range(3):
        await shop.accept(f"chat:{number}")
    await shop.settle()
    assert len(gate.begun) == 1
