"""What the bot gets to see, and how it fetches it."""

import asyncio
from typing import Any

import pytest

from sandbox.telegram.people import Person
from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

ALL = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]


def _texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_a_poll_waits_for_the_first_update(bot: Bot, world: World, clock: HandClock) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.updates(timeout=30))
        await clock.advance(10)
        assert not poll.done()
        assert world.in_flight == 0
        world.send_text(ALICE.id, ALICE.id, "hello")
    assert _texts(poll.result()) == ["hello"]


async def test_a_poll_ends_empty_after_its_timeout_of_at_most_50_seconds(bot: Bot, clock: HandClock) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.updates(timeout=1000))
        await clock.advance(49)
        assert not poll.done()
        await clock.advance(2)
    assert poll.result() == []


async def test_ids_are_sequential_and_updates_stay_until_an_offset_confirms_them(
    bot: Bot, world: World
) -> None:
    for text in "abc":
        world.send_text(ALICE.id, ALICE.id, text)
    updates = await bot.updates()
    first = updates[0]["update_id"]
    assert [update["update_id"] for update in updates] == [first, first + 1, first + 2]
    assert _texts(await bot.updates()) == ["a", "b", "c"]
    assert _texts(await bot.updates(offset=first + 2)) == ["c"]
    assert _texts(await bot.updates(offset=0)) == ["c"]
    assert await bot.updates(offset=first + 3) == []


async def test_a_negative_offset_counts_from_the_end_and_forgets_the_rest(bot: Bot, world: World) -> None:
    for text in "abc":
        world.send_text(ALICE.id, ALICE.id, text)
    assert _texts(await bot.updates(offset=-2)) == ["b", "c"]
    assert _texts(await bot.updates()) == ["b", "c"]


async def test_limit_is_between_1_and_100(bot: Bot, world: World) -> None:
    for number in range(101):
        world.send_text(ALICE.id, ALICE.id, str(number))
    assert [len(await bot.updates(limit=limit)) for limit in (2, 0, 1000)] == [2, 1, 100]


async def test_a_second_poll_ends_the_first_with_a_conflict(bot: Bot, world: World, clock: HandClock) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(bot.call("getUpdates", timeout=30))
        await clock.settle()
        second = group.create_task(bot.call("getUpdates", timeout=30))
        await clock.settle()
        assert first.done()
        world.send_text(ALICE.id, ALICE.id, "hello")
    expected = "terminated by other getUpdates request; make sure that only one bot instance is running"
    assert first.result().json() == {
        "ok": False,
        "error_code": 409,
        "description": f"Conflict: {expected}",
    }
    assert second.result().json()["ok"] is True


async def test_polling_and_a_webhook_exclude_each_other(bot: Bot, world: World, clock: HandClock) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.refused("getUpdates", timeout=30))
        await clock.settle()
        await bot.ok("setWebhook", url="http://hub.test/hook")
    assert poll.result() == "Conflict: terminated by setWebhook request"
    description = await bot.refused("getUpdates")
    assert description.startswith("Conflict: can't use getUpdates method while webhook is active")
    world.send_text(ALICE.id, ALICE.id, "hello")
    await bot.ok("deleteWebhook")
    assert _texts(await bot.updates()) == ["hello"]


async def test_kinds_not_asked_for_are_never_queued(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    world.react(ALICE.id, message.message_id, ALICE.id, ["👍"])
    await bot.updates(allowed_updates=["message_reaction"])
    world.react(ALICE.id, message.message_id, ALICE.id, ["🔥"])
    world.send_text(ALICE.id, ALICE.id, "unheard")
    kinds = [sorted(update)[0] for update in await bot.updates()]
    assert kinds == ["message", "message_reaction"]


@pytest.mark.parametrize("value", [[], ["nonsense"]])
async def test_an_empty_list_is_the_default_and_leaving_it_out_keeps_what_was(
    bot: Bot, world: World, value: list[str]
) -> None:
    await bot.updates(allowed_updates=["message_reaction"])
    await bot.updates()
    assert (await bot.ok("getWebhookInfo"))["allowed_updates"] == ["message_reaction"]
    await bot.call("getUpdates", allowed_updates="{no list")
    world.ledger.clear()  # no library would send that
    assert (await bot.ok("getWebhookInfo"))["allowed_updates"] == ["message_reaction"]
    await bot.updates(allowed_updates=value)
    assert "allowed_updates" not in await bot.ok("getWebhookInfo")


async def test_updates_expire_presses_after_150_seconds_messages_after_a_day(
    bot: Bot, world: World, clock: HandClock
) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Add", "callback_data": "x"}]]}
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=keyboard)
    world.send_text(ALICE.id, ALICE.id, "hello")
    world.press(ALICE.id, sent["message_id"], ALICE.id, "x")
    assert len(await bot.updates()) == 2
    await clock.advance(151)
    assert _texts(await bot.updates()) == ["hello"]
    await clock.advance(86400)
    assert await bot.updates() == []


async def test_privacy_mode_lets_only_what_concerns_the_bot_through(
    bot: Bot, world: World, groups: Groups
) -> None:
    chat = groups.member.id
    mine = await bot.ok("sendMessage", chat_id=chat, text="mine")
    sticker = world.add_set("Cats_by_x").stickers[0]
    world.send_text(chat, ALICE.id, "talk")
    world.send_sticker(chat, ALICE.id, sticker)
    world.send_text(chat, ALICE.id, "/other@another_bot")
    world.send_text(chat, ALICE.id, f"hi @{world.bot.username}")
    assert await bot.updates() == []
    world.send_text(chat, ALICE.id, "/plain")
    world.send_text(chat, ALICE.id, f"/named@{world.bot.username}")
    world.send_text(chat, ALICE.id, "reply", reply_to=mine["message_id"])
    assert len(await bot.updates()) == 3


async def test_in_privacy_mode_a_bare_command_is_for_the_bot_that_wrote_last(
    bot: Bot, world: World, groups: Groups
) -> None:
    chat = groups.member.id
    other = world.add_person(Person(900, "Other", username="other_bot", is_bot=True)).id
    world.join(chat, other, by=ALICE.id)
    await bot.updates(offset=-1)
    world.send_text(chat, ALICE.id, "/first")
    world.send_text(chat, other, "here I am")
    world.send_text(chat, ALICE.id, "/second")
    world.send_text(chat, ALICE.id, f"/third@{world.bot.username}")
    await bot.ok("sendMessage", chat_id=chat, text="no, here")
    world.send_text(chat, ALICE.id, "/fourth")
    heard = [update["message"].get("text") for update in await bot.updates()]
    assert heard == [None, "/first", f"/third@{world.bot.username}", "/fourth"]


async def test_in_privacy_mode_stickers_and_edits_need_a_reply_and_service_messages_pass(
    bot: Bot, world: World, groups: Groups
) -> None:
    chat = groups.member.id
    await bot.updates(allowed_updates=["message", "edited_message"])
    mine = await bot.ok("sendMessage", chat_id=chat, text="mine")
    sticker = world.add_set("Cats_by_x").stickers[0]
    silent = world.send_text(chat, ALICE.id, "talk", anonymous=True)
    world.edit(chat, silent.message_id, "more talk")
    world.forward(chat, silent.message_id, chat, ALICE.id)
    assert await bot.updates() == []
    world.send_sticker(chat, ALICE.id, sticker, reply_to=mine["message_id"])
    world.leave(chat, BORIS.id)
    seen = [update["message"] for update in await bot.updates()]
    assert ["sticker" in seen[0], "left_chat_member" in seen[1], len(seen)] == [True, True, 2]


async def test_bots_never_see_each_others_messages(bot: Bot, world: World, groups: Groups) -> None:
    other = world.add_person(Person(900, "Other", username="other_bot", is_bot=True)).id
    world.join(groups.admin.id, other, by=ALICE.id)
    world.send_text(groups.admin.id, other, f"/start@{world.bot.username}")
    world.send_text(groups.admin.id, ALICE.id, "hello")
    assert [update["message"].get("text") for update in await bot.updates()] == [None, "hello"]


async def test_administrators_and_bots_without_privacy_see_everything(
    bot: Bot, world: World, groups: Groups
) -> None:
    open_group = world.add_group("Open", [ALICE.id], bot="member", privacy=False)
    for chat in (groups.admin.id, open_group.id):
        world.send_text(chat, ALICE.id, "talk")
    assert _texts(await bot.updates()) == ["talk", "talk"]


async def test_a_group_without_the_bot_is_silent(bot: Bot, world: World, groups: Groups) -> None:
    world.kick_bot(groups.admin.id)
    world.send_text(groups.admin.id, ALICE.id, "/hello")
    assert [sorted(update)[0] for update in await bot.updates()] == ["my_chat_member"]


async def test_anonymous_administrators_write_as_the_group(bot: Bot, world: World, groups: Groups) -> None:
    world.send_text(groups.admin.id, ALICE.id, "hello", anonymous=True)
    message = (await bot.updates())[0]["message"]
    assert message["from"]["id"] == 1087968824
    assert message["sender_chat"]["id"] == groups.admin.id
    assert "Alice" not in str(message)
    with pytest.raises(WorldError, match="no administrator"):
        world.send_text(groups.admin.id, BORIS.id, "hello", anonymous=True)


async def test_custom_emoji_arrive_as_text_and_forwarded_stickers_with_their_origin(
    bot: Bot, world: World
) -> None:
    custom = world.add_set("Moods_by_x", sticker_type="custom_emoji").stickers[0]
    world.send_custom_emoji(ALICE.id, ALICE.id, [str(custom.custom_emoji_id)], text="😼 ")
    world.send_sticker(ALICE.id, ALICE.id, world.library.add_loose(), forwarded_from="Someone Hidden")
    text, sticker = [update["message"] for update in await bot.updates()]
    assert text["entities"] == [
        {"offset": 3, "length": 2, "type": "custom_emoji", "custom_emoji_id": custom.custom_emoji_id}
    ]
    assert sticker["forward_origin"]["sender_user_name"] == "Someone Hidden"
    assert "set_name" not in sticker["sticker"]


async def test_other_kinds_of_messages_and_raw_updates_can_be_put_in(
    bot: Bot, world: World, injected: list[int]
) -> None:
    world.send_raw(ALICE.id, ALICE.id, {"dice": {"emoji": "🎲", "value": 3}})
    injected.append(world.inject({"hologram": {"id": 1}}))
    dice, hologram = await bot.updates()
    assert dice["message"]["dice"]["value"] == 3
    assert hologram == {"update_id": dice["update_id"] + 1, "hologram": {"id": 1}}


async def test_a_confirmed_update_can_come_again(bot: Bot, world: World) -> None:
    world.send_text(ALICE.id, ALICE.id, "hello")
    (update,) = await bot.updates()
    await bot.updates(offset=update["update_id"] + 1)
    world.updates.repeat(update["update_id"])
    assert await bot.updates() == [update]


async def test_a_confirmed_update_can_come_again_to_a_poll_that_waits(
    bot: Bot, world: World, clock: HandClock
) -> None:
    world.send_text(ALICE.id, ALICE.id, "hello")
    (update,) = await bot.updates()
    beyond = update["update_id"] + 1
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.updates(offset=beyond, timeout=30))
        await clock.advance(1)
        world.updates.repeat(update["update_id"])
    assert poll.result() == [update]
    assert await bot.updates(offset=beyond) == []


def test_people_cannot_write_where_they_are_not(world: World, groups: Groups) -> None:
    stranger = world.add_person(first_name="Stranger")
    for chat in (groups.admin.id, ALICE.id, -5):
        with pytest.raises(WorldError):
            world.send_text(chat, stranger.id, "hello")
    world.block(ALICE.id)
    with pytest.raises(WorldError):
        world.send_text(ALICE.id, ALICE.id, "hello")


async def test_a_large_world_is_cheap(bot: Bot, world: World) -> None:
    people = [world.add_person() for _ in range(50)]
    chats = [world.add_group(f"Group {n}", [person.id for person in people]) for n in range(10)]
    for number in range(300):
        world.add_set(f"Set_{number}_by_x")
    for person in people:
        world.send_text(person.id, person.id, "hello")
        world.send_text(chats[person.id % 10].id, person.id, "hello")
    assert (await bot.ok("getWebhookInfo"))["pending_update_count"] == 100
    assert len({chat.id for chat in chats} | {person.id for person in people}) == 60
    assert BORIS.id in world.people
