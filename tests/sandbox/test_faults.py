"""Failures on demand."""

import asyncio

import httpx
import pytest

from sandbox.telegram.faults import FaultKind
from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, Bot, Groups

HELLO = {"chat_id": ALICE.id, "text": "hello"}


async def test_a_429_says_how_long_to_wait_in_the_body_and_the_header(bot: Bot, world: World) -> None:
    world.faults.add("429", "sendMessage", times=1, retry_after=7)
    response = await bot.call("sendMessage", **HELLO)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    assert response.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    }
    await bot.ok("sendMessage", **HELLO)


async def test_500_has_a_json_body_and_what_a_proxy_says_is_a_page(bot: Bot, world: World) -> None:
    world.faults.add("500", times=1)
    assert (await bot.refused("getMe")).startswith("Internal Server Error")
    kinds: tuple[FaultKind, ...] = ("502", "503", "504")
    for kind in kinds:
        world.faults.add(kind, "sendMessage", times=1)
        response = await bot.call("sendMessage", **HELLO)
        assert response.status_code == int(kind)
        assert response.headers["content-type"].startswith("text/html")
        assert kind in response.text
    assert world.sent(ALICE.id) == []


async def test_refused_calls_are_not_applied_and_lost_answers_are(bot: Bot, world: World) -> None:
    world.faults.add("refused", "sendMessage", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await bot.call("sendMessage", **HELLO)
    assert world.sent(ALICE.id) == []
    world.faults.add("lost_answer", "sendMessage", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await bot.call("sendMessage", **HELLO)
    assert len(world.sent(ALICE.id)) == 1
    assert [(call.status, call.applied) for call in world.ledger.of("sendMessage")] == [(0, False), (0, True)]


async def test_a_lost_answer_of_a_call_that_fails_is_not_applied(bot: Bot, world: World) -> None:
    world.faults.add("lost_answer", "sendMessage", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await bot.call("sendMessage", chat_id=ALICE.id, text="x" * 5000)
    assert [(call.status, call.applied) for call in world.ledger.calls] == [(0, False)]


async def test_a_timeout_holds_the_connection_until_the_caller_gives_up(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.faults.add("timeout", "sendMessage", times=1)
    bot.client.timeout = httpx.Timeout(30)
    async with asyncio.TaskGroup() as group:

        async def gives_up() -> None:
            with pytest.raises(httpx.ReadTimeout):
                await bot.call("sendMessage", **HELLO)

        call = group.create_task(gives_up())
        await clock.advance(29)
        assert not call.done()
        assert world.in_flight == 0
        await clock.advance(2)
    assert world.sent(ALICE.id) == []


async def test_a_slow_answer_comes_after_the_call_took_effect(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.faults.add("slow", "sendMessage", times=1, delay=3)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(bot.ok("sendMessage", **HELLO))
        await clock.advance(2.9)
        assert len(world.sent(ALICE.id)) == 1
        assert not call.done()
        assert world.in_flight == 0
        await clock.advance(0.2)
    assert [(one.status, one.applied) for one in world.ledger.calls] == [(200, True)]


async def test_a_slow_answer_that_nobody_waits_for_is_lost(bot: Bot, world: World, clock: HandClock) -> None:
    world.faults.add("slow", "sendMessage", times=1, delay=60)
    bot.client.timeout = httpx.Timeout(30)
    async with asyncio.TaskGroup() as group:

        async def gives_up() -> None:
            with pytest.raises(httpx.ReadTimeout):
                await bot.call("sendMessage", **HELLO)

        group.create_task(gives_up())
        await clock.advance(31)
    assert len(world.sent(ALICE.id)) == 1
    assert [(one.status, one.applied) for one in world.ledger.calls] == [(0, True)]


async def test_faults_hit_their_method_and_chat_alone(bot: Bot, world: World, groups: Groups) -> None:
    world.faults.add("500", "sendMessage", chat_id=groups.admin.id)
    await bot.ok("sendMessage", **HELLO)
    await bot.ok("getChat", chat_id=groups.admin.id)
    await bot.refused("sendMessage", chat_id=groups.admin.id, text="x")


async def test_faults_end_after_their_times_their_seconds_or_when_taken_back(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.faults.add("500", "getMe", times=2)
    assert [(await bot.call("getMe")).status_code for _ in range(3)] == [500, 500, 200]
    world.faults.add("500", "getMe", seconds=10)
    assert (await bot.call("getMe")).status_code == 500
    await clock.advance(10)
    assert (await bot.call("getMe")).status_code == 200
    fault = world.faults.add("500", "*")
    assert (await bot.call("getMe")).status_code == 500
    world.faults.remove(fault.id)
    assert (await bot.call("getMe")).status_code == 200


def test_an_unknown_kind_of_fault_is_refused(world: World) -> None:
    with pytest.raises(WorldError):
        world.faults.add("418")  # type: ignore[arg-type]
