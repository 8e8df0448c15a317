"""Telegram's rates, when they are switched on."""

from typing import Any

import httpx
import pytest

from sandbox.telegram.limits import Pace
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, Bot, Groups

HELLO = {"chat_id": ALICE.id, "text": "hello"}
THUMBS = ({"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "👎"})


async def _wait(bot: Bot, method: str, **params: Any) -> int:
    """The seconds a call is told to wait, the same in body and header; 0 when it passed."""
    response = await bot.call(method, **params)
    if response.status_code == 200:
        return 0
    assert response.status_code == 429
    seconds = int(response.json()["parameters"]["retry_after"])
    assert response.headers["Retry-After"] == str(seconds)
    return seconds


async def _messages(bot: Bot, chat_id: int, count: int) -> list[int]:
    return [await _wait(bot, "sendMessage", chat_id=chat_id, text=str(number)) for number in range(count)]


async def _reactions(bot: Bot, world: World, chat_id: int, count: int) -> list[int]:
    message = world.send_text(chat_id, ALICE.id, "react to me")
    where = {"chat_id": chat_id, "message_id": message.message_id}
    return [
        await _wait(bot, "setMessageReaction", **where, reaction=[THUMBS[number % 2]])
        for number in range(count)
    ]


async def test_a_chat_takes_one_message_a_second_after_a_burst_of_three(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.limit(Pace())
    assert await _messages(bot, ALICE.id, 4) == [0, 0, 0, 1]
    await bot.ok("getChat", chat_id=ALICE.id)
    await clock.advance(1)
    assert await _messages(bot, ALICE.id, 2) == [0, 1]


async def test_who_is_halted_stays_so_until_the_seconds_told_are_over(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.limit(Pace(chat_per_second=0.1, chat_burst=1))
    assert await _messages(bot, ALICE.id, 2) == [0, 10]
    await clock.advance(4)
    assert await _messages(bot, ALICE.id, 1) == [6]
    await clock.advance(5.5)
    assert await _messages(bot, ALICE.id, 1) == [1]
    await clock.advance(0.5)
    assert await _messages(bot, ALICE.id, 2) == [0, 10]


async def test_a_halt_lasts_whole_seconds_though_there_is_room_sooner(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.limit(Pace(chat_per_second=4, chat_burst=1))
    assert await _messages(bot, ALICE.id, 2) == [0, 1]
    await clock.advance(0.5)
    assert await _messages(bot, ALICE.id, 1) == [1]
    await clock.advance(0.5)
    assert await _messages(bot, ALICE.id, 1) == [0]


async def test_a_halted_chat_holds_up_neither_others_nor_reactions(
    bot: Bot, world: World, groups: Groups
) -> None:
    world.limit(Pace(chat_burst=1))
    assert await _messages(bot, groups.admin.id, 2) == [0, 1]
    assert await _messages(bot, ALICE.id, 1) == [0]
    assert await _reactions(bot, world, groups.admin.id, 2) == [0, 0]


async def test_a_group_takes_20_messages_a_minute(
    bot: Bot, world: World, clock: HandClock, groups: Groups
) -> None:
    world.limit(Pace(chat_burst=100))
    assert await _messages(bot, groups.admin.id, 21) == [0] * 20 + [60]
    await clock.advance(20)
    assert await _messages(bot, groups.admin.id, 1) == [40]
    assert await _messages(bot, ALICE.id, 3) == [0, 0, 0]
    await clock.advance(40)
    assert await _messages(bot, groups.admin.id, 1) == [0]


@pytest.mark.parametrize(("weight", "most"), [(1.0, 20), (0.25, 80)])
async def test_a_reaction_weighs_less_in_a_groups_minute(
    bot: Bot, world: World, groups: Groups, weight: float, most: int
) -> None:
    world.limit(Pace(reaction_weight=weight, overall_per_second=1000))
    assert await _reactions(bot, world, groups.admin.id, most + 1) == [0] * most + [60]
    assert await _messages(bot, groups.admin.id, 1) == [60]


async def test_messages_leave_room_for_four_reactions_each(bot: Bot, world: World, groups: Groups) -> None:
    world.limit(Pace(chat_burst=100, overall_per_second=1000))
    assert await _messages(bot, groups.admin.id, 19) == [0] * 19
    assert await _reactions(bot, world, groups.admin.id, 5) == [0, 0, 0, 0, 60]


async def test_30_calls_a_second_pass_overall_and_reactions_count_fully(
    bot: Bot, world: World, clock: HandClock, groups: Groups
) -> None:
    world.limit(Pace())
    people = [world.add_person().id for _ in range(20)]
    assert [await _wait(bot, "sendMessage", chat_id=one, text="x") for one in people] == [0] * 20
    assert await _reactions(bot, world, groups.admin.id, 11) == [0] * 10 + [1]
    assert await _wait(bot, "sendMessage", **HELLO) == 1
    await clock.advance(1)
    assert await _wait(bot, "sendMessage", **HELLO) == 0


async def test_a_world_can_begin_with_limits(clock: HandClock) -> None:
    world = World(clock, pace=Pace(chat_burst=1))
    assert world.limiter.wait("sendmessage", 5) == 0
    assert world.limiter.wait("sendmessage", 5) == 1


async def test_the_page_switches_limits_on_and_off(page: httpx.AsyncClient, bot: Bot, world: World) -> None:
    assert (await page.get("/state")).json()["limits"] is None
    switched = await page.put("/limits", json={"on": True})
    told = {"chat_per_second": 1.0, "chat_burst": 3, "group_per_minute": 20, "overall_per_second": 30}
    assert switched.json() == {"limits": told | {"reaction_weight": 0.25}}
    assert (await page.get("/state")).json() | switched.json() == (await page.get("/state")).json()
    assert await _messages(bot, ALICE.id, 4) == [0, 0, 0, 1]
    assert (await page.put("/limits", json={"on": False})).json() == {"limits": None}
    assert await _messages(bot, ALICE.id, 4) == [0, 0, 0, 0]
    assert (await page.put("/limits", json={"on": "yes"})).status_code == 400
    events = [event for _, event in world.feed.after(0) if event["type"] == "limits"]
    assert [event["limits"] is None for event in events] == [False, True]
