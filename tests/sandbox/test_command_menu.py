"""Command lists per scope and language, and which of them a person sees."""

from typing import Any

import httpx
import pytest

from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups


async def _set(bot: Bot, name: str, scope: dict[str, Any] | None = None, language: str | None = None) -> None:
    """A list of one command, by whose name it can be told from others."""
    commands = [{"command": name, "description": "x"}]
    await bot.ok("setMyCommands", commands=commands, scope=scope, language_code=language)


def _seen(world: World, chat_id: int, user_id: int) -> list[str]:
    return [one["command"] for one in world.commands_for(chat_id, user_id)]


async def test_in_a_private_chat_the_narrowest_list_wins_and_the_language_inside_it(
    bot: Bot, world: World
) -> None:
    world.send_text(BORIS.id, BORIS.id, "/start")
    assert _seen(world, BORIS.id, BORIS.id) == []
    chat = {"type": "chat", "chat_id": BORIS.id}
    for name, scope, language in [
        ("default", None, None),
        ("default_ru", None, "ru"),
        ("private", {"type": "all_private_chats"}, None),
        ("private_ru", {"type": "all_private_chats"}, "ru"),
        ("own", chat, None),
        ("own_ru", chat, "ru"),
    ]:
        await _set(bot, name, scope, language)
        assert _seen(world, BORIS.id, BORIS.id) == [name]
    assert _seen(world, ALICE.id, ALICE.id) == ["private"]


async def test_in_a_group_administrators_have_lists_that_others_do_not_see(
    bot: Bot, world: World, groups: Groups
) -> None:
    chat = groups.admin.id
    steps: list[tuple[str, dict[str, Any] | None, str, str]] = [
        ("default", None, "default", "default"),
        ("groups", {"type": "all_group_chats"}, "groups", "groups"),
        ("admins", {"type": "all_chat_administrators"}, "admins", "groups"),
        ("here", {"type": "chat", "chat_id": chat}, "here", "here"),
        ("chiefs", {"type": "chat_administrators", "chat_id": chat}, "chiefs", "here"),
        ("alice", {"type": "chat_member", "chat_id": chat, "user_id": ALICE.id}, "alice", "here"),
    ]
    for name, scope, alice, boris in steps:
        await _set(bot, name, scope)
        assert (_seen(world, chat, ALICE.id), _seen(world, chat, BORIS.id)) == ([alice], [boris])
    assert _seen(world, groups.forum.id, ALICE.id) == ["admins"]
    world.promote(chat, BORIS.id)
    assert _seen(world, chat, BORIS.id) == ["chiefs"]


async def test_a_deleted_list_gives_way_to_the_next(bot: Bot, world: World) -> None:
    await _set(bot, "default")
    await _set(bot, "private", {"type": "all_private_chats"})
    await bot.ok("deleteMyCommands", scope={"type": "all_private_chats"})
    assert _seen(world, ALICE.id, ALICE.id) == ["default"]


async def test_nobody_sees_a_menu_where_the_bot_or_they_are_not(
    bot: Bot, world: World, groups: Groups
) -> None:
    await _set(bot, "default")
    world.kick_bot(groups.admin.id)
    assert _seen(world, groups.admin.id, ALICE.id) == []
    world.leave(groups.forum.id, BORIS.id)
    assert _seen(world, groups.forum.id, BORIS.id) == []


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ({"type": "chat", "chat_id": -5}, "chat not found"),
        ({"type": "chat_member", "chat_id": ALICE.id}, "can't parse BotCommandScope: can't find field"),
        ({"type": "chat_member", "chat_id": ALICE.id, "user_id": 0}, "invalid user_id specified"),
        ({"type": "chat_member", "chat_id": ALICE.id, "user_id": 999}, "user not found"),
    ],
)
async def test_scopes_that_do_not_exist_are_refused(bot: Bot, scope: dict[str, Any], reason: str) -> None:
    description = await bot.refused("getMyCommands", scope=scope)
    assert description.startswith("Bad Request: ")
    assert reason in description


async def test_a_group_that_threw_the_bot_out_has_no_scope(bot: Bot, world: World, groups: Groups) -> None:
    world.kick_bot(groups.admin.id)
    scope = {"type": "chat", "chat_id": groups.admin.id}
    assert (await bot.refused("getMyCommands", scope=scope)).startswith("Forbidden: bot was kicked")


async def test_the_page_gets_the_menu_and_hears_that_it_changed(
    page: httpx.AsyncClient, bot: Bot, world: World
) -> None:
    await _set(bot, "stats")
    asked = await page.get("/commands", params={"chat_id": ALICE.id, "user_id": ALICE.id})
    assert asked.json() == {"commands": [{"command": "stats", "description": "x"}]}
    assert [event["type"] for _, event in world.feed.after(0)] == ["commands"]
    assert (await page.get("/commands", params={"chat_id": 1, "user_id": ALICE.id})).status_code == 400
