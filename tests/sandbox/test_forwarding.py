"""Forwarded messages: what they keep of the original, and what not."""

from typing import Any

import pytest

from sandbox.telegram.people import Person
from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

LINK = {"text": "Open", "url": "https://a.org/"}
ADD = {"text": "Add", "callback_data": "x"}


async def _forwarded(bot: Bot) -> dict[str, Any]:
    """The newest message that the bot got."""
    message: dict[str, Any] = (await bot.updates(offset=-1))[0]["message"]
    return message


async def test_a_forward_is_an_ordinary_message_that_names_its_origin(
    bot: Bot, world: World, groups: Groups, clock: HandClock
) -> None:
    original = world.send_text(groups.admin.id, BORIS.id, "see /help")
    await clock.advance(60)
    world.forward(groups.admin.id, original.message_id, ALICE.id, ALICE.id)
    message = await _forwarded(bot)
    assert (message["chat"]["id"], message["from"]["id"]) == (ALICE.id, ALICE.id)
    assert (message["text"], message["entities"][0]["type"]) == ("see /help", "bot_command")
    origin = message["forward_origin"]
    assert (origin["type"], origin["sender_user"]["id"]) == ("user", BORIS.id)
    assert origin["date"] == message["forward_date"] == message["date"] - 60
    assert message["forward_from"] == origin["sender_user"]


async def test_hidden_people_are_named_only_and_anonymous_administrators_are_their_group(
    bot: Bot, world: World, groups: Groups
) -> None:
    eve = world.add_person(Person(7, "Eve", "Hidden", started=True, hides_forwards=True))
    hidden = world.send_text(eve.id, eve.id, "hello")
    chat = world.add_group("Both", [ALICE.id, eve.id])
    world.forward(eve.id, hidden.message_id, chat.id, eve.id)
    first = await _forwarded(bot)
    assert first["forward_origin"]["type"] == "hidden_user"
    assert first["forward_origin"]["sender_user_name"] == "Eve Hidden"
    assert "forward_from" not in first
    anonymous = world.send_text(chat.id, ALICE.id, "as the group", anonymous=True)
    world.forward(chat.id, anonymous.message_id, ALICE.id, ALICE.id)
    second = await _forwarded(bot)
    assert second["forward_origin"]["sender_chat"]["id"] == chat.id
    assert second["forward_from_chat"]["id"] == chat.id


async def test_a_forward_of_a_forward_keeps_the_first_origin(
    bot: Bot, world: World, groups: Groups, clock: HandClock
) -> None:
    original = world.send_text(groups.admin.id, BORIS.id, "hello")
    once = world.forward(groups.admin.id, original.message_id, groups.forum.id, ALICE.id)
    await clock.advance(5)
    world.forward(groups.forum.id, once.message_id, groups.admin.id, ALICE.id)
    origin = (await _forwarded(bot))["forward_origin"]
    assert (origin["sender_user"]["id"], origin["date"]) == (BORIS.id, original.date)


@pytest.mark.parametrize(("buttons", "kept"), [([LINK], [[LINK]]), ([LINK, ADD], []), ([ADD], [])])
async def test_a_message_of_the_bot_keeps_its_buttons_only_if_all_are_links(
    bot: Bot, world: World, groups: Groups, buttons: list[dict[str, str]], kept: list[Any]
) -> None:
    keyboard = {"inline_keyboard": [buttons]}
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="card", reply_markup=keyboard)
    forward = world.forward(ALICE.id, sent["message_id"], groups.admin.id, ALICE.id)
    message = await _forwarded(bot)
    assert message["forward_origin"]["sender_user"]["id"] == world.bot.id
    assert message.get("reply_markup", {}).get("inline_keyboard", []) == kept
    assert forward.buttons == kept
    if ADD in buttons:
        with pytest.raises(WorldError):
            world.press(groups.admin.id, forward.message_id, BORIS.id, "x")


async def test_the_bot_cannot_edit_a_forward_of_its_own_message(
    bot: Bot, world: World, groups: Groups
) -> None:
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="card")
    forward = world.forward(ALICE.id, sent["message_id"], groups.admin.id, ALICE.id)
    where = {"chat_id": groups.admin.id, "message_id": forward.message_id}
    assert await bot.refused("editMessageText", **where, text="y") == "Bad Request: message can't be edited"
    with pytest.raises(WorldError):
        world.edit(groups.admin.id, forward.message_id, "mine now")


async def test_stickers_and_messages_into_topics_can_be_forwarded(
    bot: Bot, world: World, groups: Groups
) -> None:
    sticker = world.send_sticker(ALICE.id, ALICE.id, world.add_set("Cats_by_x").stickers[0])
    topic = world.add_topic(groups.forum.id, "Packs")
    world.forward(ALICE.id, sticker.message_id, groups.forum.id, ALICE.id, thread_id=topic.id)
    message = await _forwarded(bot)
    assert message["sticker"]["set_name"] == "Cats_by_x"
    assert (message["message_thread_id"], message["is_topic_message"]) == (topic.id, True)


def test_only_what_one_sees_can_be_forwarded_and_only_to_where_one_is(world: World, groups: Groups) -> None:
    mine = world.send_text(ALICE.id, ALICE.id, "secret")
    with pytest.raises(WorldError):
        world.forward(ALICE.id, mine.message_id, groups.admin.id, BORIS.id)
    elsewhere = world.add_group("Elsewhere", [BORIS.id])
    with pytest.raises(WorldError):
        world.forward(ALICE.id, mine.message_id, elsewhere.id, ALICE.id)
    service = world.add_topic(groups.forum.id, "Packs")
    with pytest.raises(WorldError):
        world.forward(groups.forum.id, service.id, ALICE.id, ALICE.id)
    world.delete(ALICE.id, mine.message_id)
    with pytest.raises(WorldError):
        world.forward(ALICE.id, mine.message_id, groups.admin.id, ALICE.id)
