"""Topics and replies."""

from typing import Any

import pytest

from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, Bot, Groups

THREAD_NOT_FOUND = "Bad Request: message thread not found"
REPLY_NOT_FOUND = "Bad Request: message to be replied not found"


def _reply(message_id: int, **more: Any) -> dict[str, Any]:
    return {"message_id": message_id, **more}


async def test_a_topic_s_messages_carry_its_thread_and_its_first_message(
    bot: Bot, world: World, groups: Groups
) -> None:
    topic = world.add_topic(groups.forum.id, "Packs")
    sticker = world.add_set("Cats_by_x").stickers[0]
    world.send_sticker(groups.forum.id, ALICE.id, sticker, thread_id=topic.id)
    created, sent = [update["message"] for update in await bot.updates()]
    assert created["forum_topic_created"]["name"] == "Packs"
    assert created["message_id"] == topic.id
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic.id, True)
    assert sent["reply_to_message"]["message_id"] == topic.id


async def test_general_has_no_thread(bot: Bot, world: World, groups: Groups) -> None:
    world.send_text(groups.forum.id, ALICE.id, "hello", thread_id=1)
    (update,) = await bot.updates()
    assert "message_thread_id" not in update["message"]
    assert "is_topic_message" not in update["message"]


async def test_the_bot_writes_into_a_topic_and_a_reply_goes_to_its_topic(
    bot: Bot, world: World, groups: Groups
) -> None:
    topic = world.add_topic(groups.forum.id, "Packs")
    question = world.send_text(groups.forum.id, ALICE.id, "hello", thread_id=topic.id)
    sent = await bot.ok("sendMessage", chat_id=groups.forum.id, text="x", message_thread_id=topic.id)
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic.id, True)
    reply = _reply(question.message_id)
    sent = await bot.ok("sendMessage", chat_id=groups.forum.id, text="x", reply_parameters=reply)
    assert sent["message_thread_id"] == topic.id
    assert sent["reply_to_message"]["text"] == "hello"


async def test_thread_1_unknown_threads_and_chats_without_topics_have_no_thread(
    bot: Bot, world: World, groups: Groups
) -> None:
    for chat, thread in ((groups.forum.id, 1), (groups.forum.id, 77), (groups.admin.id, 5), (ALICE.id, 5)):
        description = await bot.refused("sendMessage", chat_id=chat, text="x", message_thread_id=thread)
        assert description == THREAD_NOT_FOUND


async def test_closed_and_deleted_topics(bot: Bot, world: World, groups: Groups) -> None:
    topic = world.add_topic(groups.forum.id, "Packs")
    world.close_topic(groups.forum.id, topic.id)
    call = {"chat_id": groups.forum.id, "text": "x", "message_thread_id": topic.id}
    assert await bot.refused("sendMessage", **call) == "Bad Request: TOPIC_CLOSED"
    with pytest.raises(WorldError):
        world.send_text(groups.forum.id, ALICE.id, "x", thread_id=topic.id)
    world.promote_bot(groups.forum.id, rights=["can_manage_topics"])
    await bot.ok("sendMessage", **call)
    world.delete_topic(groups.forum.id, topic.id)
    assert await bot.refused("sendMessage", **call) == THREAD_NOT_FOUND


async def test_a_reply_to_another_topic_s_message_finds_nothing(
    bot: Bot, world: World, groups: Groups
) -> None:
    first, second = (world.add_topic(groups.forum.id, name) for name in ("One", "Two"))
    message = world.send_text(groups.forum.id, ALICE.id, "hello", thread_id=first.id)
    call = {"chat_id": groups.forum.id, "text": "x", "message_thread_id": second.id}
    reply = _reply(message.message_id)
    assert await bot.refused("sendMessage", **call, reply_parameters=reply) == REPLY_NOT_FOUND
    lenient = reply | {"allow_sending_without_reply": True}
    sent = await bot.ok("sendMessage", **call, reply_parameters=lenient)
    assert sent["reply_to_message"]["message_id"] == second.id


async def test_a_reply_to_a_deleted_message_is_refused_unless_it_may_go_without(
    bot: Bot, world: World
) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    world.delete(ALICE.id, message.message_id)
    reply = _reply(message.message_id)
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_parameters=reply)
    assert description == REPLY_NOT_FOUND
    lenient = reply | {"allow_sending_without_reply": True}
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_parameters=lenient)
    assert "reply_to_message" not in sent


async def test_a_message_privacy_mode_hid_cannot_be_replied_to(
    bot: Bot, world: World, groups: Groups
) -> None:
    hidden = world.send_text(groups.member.id, ALICE.id, "not for bots")
    call = {"chat_id": groups.member.id, "text": "x", "reply_parameters": _reply(hidden.message_id)}
    assert await bot.refused("sendMessage", **call) == REPLY_NOT_FOUND


async def test_the_older_reply_parameters_still_work(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_to_message_id=message.message_id)
    assert sent["reply_to_message"]["text"] == "hello"
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_to_message_id=999)
    assert description == REPLY_NOT_FOUND


async def test_reply_parameters_need_a_message_id(bot: Bot) -> None:
    for reply in ({"quote": "x"}, ["x"], {"message_id": "many"}):
        await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_parameters=reply)


async def test_replies_in_a_supergroup_without_topics_carry_the_root_as_thread(
    bot: Bot, world: World, groups: Groups
) -> None:
    root = world.send_text(groups.admin.id, ALICE.id, "root")
    first = world.send_text(groups.admin.id, ALICE.id, "first", reply_to=root.message_id)
    world.send_text(groups.admin.id, ALICE.id, "second", reply_to=first.message_id)
    messages = [update["message"] for update in await bot.updates()]
    assert [message.get("message_thread_id") for message in messages] == [
        None,
        root.message_id,
        root.message_id,
    ]
    assert not any("is_topic_message" in message for message in messages)


async def test_replies_are_shown_one_level_deep(bot: Bot, world: World) -> None:
    first = world.send_text(ALICE.id, ALICE.id, "first")
    second = world.send_text(ALICE.id, ALICE.id, "second", reply_to=first.message_id)
    world.send_text(ALICE.id, ALICE.id, "third", reply_to=second.message_id)
    third = (await bot.updates())[-1]["message"]
    assert third["reply_to_message"]["text"] == "second"
    assert "reply_to_message" not in third["reply_to_message"]
