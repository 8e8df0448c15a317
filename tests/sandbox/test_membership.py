"""People coming into groups, going, rising and falling, as the bot hears of it."""

from typing import Any

import pytest

from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

WANTED = ["message", "chat_member", "my_chat_member"]


def _changes(updates: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Status before and after of every chat_member update."""
    changes = [update["chat_member"] for update in updates if "chat_member" in update]
    return [(one["old_chat_member"]["status"], one["new_chat_member"]["status"]) for one in changes]


async def test_an_administrating_bot_hears_of_every_change_of_a_person(
    bot: Bot, world: World, groups: Groups
) -> None:
    await bot.updates(allowed_updates=WANTED)
    chat, dana = groups.admin.id, world.add_person().id
    world.join(chat, dana)
    world.promote(chat, dana, by=ALICE.id)
    world.demote(chat, dana)
    world.leave(chat, dana)
    world.join(chat, dana, by=BORIS.id)
    world.kick(chat, dana)
    updates = await bot.updates()
    assert _changes(updates) == [
        ("left", "member"),
        ("member", "administrator"),
        ("administrator", "member"),
        ("member", "left"),
        ("left", "member"),
        ("member", "kicked"),
    ]
    changes = [update["chat_member"] for update in updates if "chat_member" in update]
    assert [one["from"]["id"] for one in changes] == [dana, ALICE.id, ALICE.id, dana, BORIS.id, ALICE.id]
    assert {one["new_chat_member"]["user"]["id"] for one in changes} == {dana}
    assert {one["chat"]["id"] for one in changes} == {chat}
    assert changes[1]["new_chat_member"]["can_delete_messages"] is True
    assert changes[1]["new_chat_member"]["can_promote_members"] is False


async def test_comings_and_goings_are_service_messages_too(bot: Bot, world: World, groups: Groups) -> None:
    chat, dana = groups.member.id, world.add_person().id
    world.join(chat, dana)
    world.join(groups.forum.id, dana, by=ALICE.id)
    world.kick(chat, dana)
    joined, added, removed = [update["message"] for update in await bot.updates()]
    assert (joined["from"]["id"], joined["new_chat_members"][0]["id"]) == (dana, dana)
    assert (added["from"]["id"], added["new_chat_members"][0]["id"]) == (ALICE.id, dana)
    assert (removed["from"]["id"], removed["left_chat_member"]["id"]) == (ALICE.id, dana)


async def test_a_bot_that_did_not_ask_or_is_no_administrator_hears_nothing(
    bot: Bot, world: World, groups: Groups
) -> None:
    world.promote(groups.admin.id, BORIS.id)
    await bot.updates(allowed_updates=WANTED)
    world.promote(groups.member.id, BORIS.id)
    assert await bot.updates() == []
    world.promote_bot(groups.member.id)
    world.demote(groups.member.id, BORIS.id)
    assert _changes(await bot.updates()) == [("administrator", "member")]


async def test_what_happened_is_what_the_bot_can_look_up(bot: Bot, world: World, groups: Groups) -> None:
    chat = groups.admin.id
    world.promote(chat, BORIS.id, rights=["can_promote_members"])
    member = await bot.ok("getChatMember", chat_id=chat, user_id=BORIS.id)
    assert (member["status"], member["can_promote_members"]) == ("administrator", True)
    admins = await bot.ok("getChatAdministrators", chat_id=chat)
    assert [one["user"]["id"] for one in admins] == [ALICE.id, BORIS.id]
    world.kick(chat, BORIS.id)
    assert (await bot.ok("getChatMember", chat_id=chat, user_id=BORIS.id))["status"] == "kicked"
    assert len(await bot.ok("getChatAdministrators", chat_id=chat)) == 1
    with pytest.raises(WorldError):
        world.send_text(chat, BORIS.id, "still here?")


async def test_only_an_administrator_may_look_up_others_in_a_supergroup(
    bot: Bot, world: World, groups: Groups
) -> None:
    chat = groups.member.id
    refusal = await bot.refused("getChatMember", chat_id=chat, user_id=ALICE.id)
    assert refusal == "Bad Request: CHAT_ADMIN_REQUIRED"
    itself = await bot.ok("getChatMember", chat_id=chat, user_id=world.bot.id)
    assert itself["status"] == "member"
    admins = await bot.ok("getChatAdministrators", chat_id=chat)
    assert [one["user"]["id"] for one in admins] == [ALICE.id]
    world.promote_bot(chat)
    assert (await bot.ok("getChatMember", chat_id=chat, user_id=ALICE.id))["status"] == "creator"
    world.demote_bot(groups.basic.id)
    assert (await bot.ok("getChatMember", chat_id=groups.basic.id, user_id=ALICE.id))["status"] == "creator"


def test_what_clients_do_not_allow_is_refused(world: World, groups: Groups) -> None:
    chat, dana = groups.admin.id, world.add_person().id
    with pytest.raises(WorldError, match="cannot come"):
        world.join(chat, BORIS.id)
    with pytest.raises(WorldError, match="no administrator"):
        world.demote(chat, BORIS.id)
    with pytest.raises(WorldError, match="no administrator"):
        world.kick(chat, ALICE.id, by=BORIS.id)
    world.promote(chat, BORIS.id)
    with pytest.raises(WorldError, match="creator"):
        world.kick(chat, ALICE.id, by=BORIS.id)
    with pytest.raises(WorldError, match="creator"):
        world.promote(chat, ALICE.id, by=ALICE.id)
    with pytest.raises(WorldError):
        world.promote(chat, dana)
    world.kick(chat, BORIS.id)
    with pytest.raises(WorldError, match="banned"):
        world.join(chat, BORIS.id)
    world.join(chat, BORIS.id, by=ALICE.id)
    with pytest.raises(WorldError):
        world.leave(ALICE.id, ALICE.id)


def test_the_page_hears_of_the_groups_people(world: World, groups: Groups) -> None:
    world.promote(groups.admin.id, BORIS.id)
    (event,) = [event for _, event in world.feed.after(0) if event["type"] == "chat"]
    assert event["chat"]["id"] == groups.admin.id
    assert event["chat"]["admins"] == [ALICE.id, BORIS.id]
    world.leave(groups.admin.id, BORIS.id)
    left = world.feed.after(0)[-2][1]
    assert (left["type"], left["chat"]["members"]) == ("chat", [ALICE.id])
