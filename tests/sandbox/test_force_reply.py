"""ForceReply: who is asked, and what the server refuses."""

from typing import Any

import pytest

from sandbox.telegram.page_shapes import page_message
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

WHY = {"force_reply": True, "input_field_placeholder": "Why not?"}


async def _asks(bot: Bot, world: World, chat: int, text: str, **params: Any) -> Any:
    """What the page learns of a ForceReply."""
    sent = await bot.ok("sendMessage", chat_id=chat, text=text, **params)
    assert "reply_markup" not in sent
    return page_message(world.message(chat, sent["message_id"]))["force_reply"]


async def test_without_selection_everybody_in_the_chat_is_asked(
    bot: Bot, world: World, groups: Groups
) -> None:
    told = {"placeholder": "Why not?"}
    assert await _asks(bot, world, groups.admin.id, "Why?", reply_markup=WHY) == told
    assert await _asks(bot, world, ALICE.id, "Why?", reply_markup=WHY | {"selective": True}) == told
    plain = await _asks(bot, world, ALICE.id, "Why?", reply_markup={"force_reply": True})
    assert plain == {"placeholder": ""}


async def test_a_selection_is_who_is_answered_and_who_is_mentioned(
    bot: Bot, world: World, groups: Groups
) -> None:
    chat, markup = groups.admin.id, WHY | {"selective": True}
    pressed = world.send_text(chat, BORIS.id, "no")
    answer = {"message_id": pressed.message_id}
    replied = await _asks(bot, world, chat, "Why?", reply_markup=markup, reply_parameters=answer)
    assert replied["to"] == [BORIS.id]
    named = await _asks(bot, world, chat, "Why, @Alice_Example?", reply_markup=markup)
    assert named["to"] == [ALICE.id]
    linked = f'Why, <a href="tg://user?id={BORIS.id}">you</a>?'
    assert (await _asks(bot, world, chat, linked, reply_markup=markup, parse_mode="HTML"))["to"] == [BORIS.id]
    hidden = world.send_text(chat, ALICE.id, "no", anonymous=True)
    answer = {"message_id": hidden.message_id}
    behind = await _asks(bot, world, chat, "Why?", reply_markup=markup, reply_parameters=answer)
    assert behind["to"] == [ALICE.id]
    assert (await _asks(bot, world, chat, "Nobody?", reply_markup=markup))["to"] == []


async def test_the_answer_is_a_reply_like_any_other(bot: Bot, world: World) -> None:
    asked = await bot.ok("sendMessage", chat_id=ALICE.id, text="Why?", reply_markup=WHY)
    world.send_text(ALICE.id, ALICE.id, "too big", reply_to=asked["message_id"])
    (update,) = await bot.updates()
    assert update["message"]["reply_to_message"]["message_id"] == asked["message_id"]


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ({"force_reply": "yes"}, 'field "force_reply" must be of type Boolean'),
        ({"force_reply": True, "selective": 1}, 'field "selective" must be of type Boolean'),
        (WHY | {"input_field_placeholder": 5}, 'field "input_field_placeholder" must be of type String'),
        (WHY | {"input_field_placeholder": "x" * 65}, "input field placeholder is too long"),
    ],
)
async def test_a_malformed_force_reply_is_refused_and_sends_nothing(
    bot: Bot, world: World, markup: dict[str, Any], reason: str
) -> None:
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="Why?", reply_markup=markup)
    assert description == f"Bad Request: {reason}"
    assert world.sent(ALICE.id) == []


async def test_a_message_that_asks_cannot_be_edited_and_none_can_be_edited_to_ask(bot: Bot) -> None:
    asked = await bot.ok("sendMessage", chat_id=ALICE.id, text="Why?", reply_markup=WHY)
    where = {"chat_id": ALICE.id, "message_id": asked["message_id"]}
    description = await bot.refused("editMessageText", **where, text="Thanks")
    assert description == "Bad Request: message can't be edited"
    plain = await bot.ok("sendMessage", chat_id=ALICE.id, text="x")
    where = {"chat_id": ALICE.id, "message_id": plain["message_id"]}
    description = await bot.refused("editMessageText", **where, text="y", reply_markup=WHY)
    assert description == "Bad Request: inline keyboard expected"
