"""Editing, deleting and answering presses."""

from typing import Any

import pytest

from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

KEYBOARD = {"inline_keyboard": [[{"text": "Add", "callback_data": "v1:add"}]]}
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly"
    " the same as a current content and reply markup of the message"
)
QUERY_GONE = "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def _send(bot: Bot, **more: Any) -> dict[str, Any]:
    sent = await bot.ok("sendMessage", **({"chat_id": ALICE.id, "text": "one"} | more))
    return {"chat_id": sent["chat"]["id"], "message_id": sent["message_id"]}


async def test_an_edit_changes_the_text_and_drops_the_keyboard_it_does_not_repeat(
    bot: Bot, world: World
) -> None:
    where = await _send(bot, reply_markup=KEYBOARD)
    edited = await bot.ok("editMessageText", **where, text="<b>two</b>", parse_mode="HTML")
    assert (edited["text"], edited["entities"][0]["type"]) == ("two", "bold")
    assert "reply_markup" not in edited
    assert edited["edit_date"] >= edited["date"]
    (message,) = world.sent(ALICE.id)
    assert (message.text, message.markup) == ("two", None)


async def test_an_edit_to_the_same_is_refused(bot: Bot) -> None:
    where = await _send(bot, reply_markup=KEYBOARD)
    same = await bot.refused("editMessageText", **where, text="one", reply_markup=KEYBOARD)
    assert same == NOT_MODIFIED
    assert await bot.refused("editMessageReplyMarkup", **where, reply_markup=KEYBOARD) == NOT_MODIFIED
    await bot.ok("editMessageReplyMarkup", **where)
    assert await bot.refused("editMessageReplyMarkup", **where) == NOT_MODIFIED


async def test_only_own_and_existing_messages_can_be_edited(bot: Bot, world: World) -> None:
    theirs = world.send_text(ALICE.id, ALICE.id, "hello")
    for message_id, reason in (
        (theirs.message_id, "message can't be edited"),
        (99, "message to edit not found"),
    ):
        call = {"chat_id": ALICE.id, "message_id": message_id, "text": "x"}
        assert await bot.refused("editMessageText", **call) == f"Bad Request: {reason}"
    missing = await bot.refused("editMessageText", chat_id=ALICE.id, text="x")
    assert missing == "Bad Request: message identifier is not specified"


async def test_a_message_that_a_person_deleted_cannot_be_edited(bot: Bot, world: World) -> None:
    where = await _send(bot)
    world.delete(**where)
    assert await bot.refused("editMessageText", **where, text="x") == "Bad Request: message to edit not found"


async def test_the_bot_deletes_its_own_messages_once(bot: Bot, world: World) -> None:
    where = await _send(bot)
    assert await bot.ok("deleteMessage", **where) is True
    assert world.sent(ALICE.id) == []
    assert await bot.refused("deleteMessage", **where) == "Bad Request: message to delete not found"


async def test_messages_of_others_can_be_deleted_with_the_right_or_in_private(
    bot: Bot, world: World, groups: Groups
) -> None:
    async def delete(chat_id: int) -> Any:
        message = world.send_text(chat_id, ALICE.id, "/hello")
        return (await bot.call("deleteMessage", chat_id=chat_id, message_id=message.message_id)).json()

    assert (await delete(ALICE.id))["ok"]
    assert (await delete(groups.admin.id))["ok"]
    assert (await delete(groups.member.id))["description"] == "Bad Request: message can't be deleted"


async def test_messages_older_than_48_hours_stay(bot: Bot, clock: HandClock) -> None:
    where = await _send(bot)
    await clock.advance(48 * 3600)
    description = await bot.refused("deleteMessage", **where)
    assert description == "Bad Request: message can't be deleted for everyone"


async def test_a_press_reaches_the_bot_and_its_answer_reaches_the_presser(bot: Bot, world: World) -> None:
    where = await _send(bot, reply_markup=KEYBOARD)
    query_id = world.press(**where, from_id=ALICE.id, data="v1:add")
    (update,) = await bot.updates()
    query = update["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (query_id, "v1:add", ALICE.id)
    assert query["message"]["reply_markup"] == KEYBOARD
    assert isinstance(query["chat_instance"], str)
    assert await bot.ok("answerCallbackQuery", callback_query_id=query_id, text="Added", show_alert=True)
    answer = world.queries.answer_of(query_id)
    assert answer is not None
    assert (answer.text, answer.show_alert, answer.user_id) == ("Added", True, ALICE.id)


async def test_a_press_on_a_very_old_message_carries_only_its_id(bot: Bot, world: World) -> None:
    where = await _send(bot, reply_markup=KEYBOARD)
    world.press(**where, from_id=ALICE.id, text="Add", inaccessible=True)
    message = (await bot.updates())[0]["callback_query"]["message"]
    assert (message["date"], sorted(message)) == (0, ["chat", "date", "message_id"])


async def test_only_buttons_that_are_there_can_be_pressed(bot: Bot, world: World) -> None:
    where = await _send(bot, reply_markup=KEYBOARD)
    with pytest.raises(WorldError):
        world.press(**where, from_id=ALICE.id, data="other")
    world.press_forged(**where, from_id=ALICE.id, data="other")
    assert (await bot.updates())[0]["callback_query"]["data"] == "other"


async def test_unknown_and_old_queries_cannot_be_answered(bot: Bot, world: World, clock: HandClock) -> None:
    assert await bot.refused("answerCallbackQuery", callback_query_id="1") == QUERY_GONE
    where = await _send(bot, reply_markup=KEYBOARD)
    query_id = world.press(**where, from_id=ALICE.id, data="v1:add")
    await clock.advance(15 * 60 - 1)
    await bot.ok("answerCallbackQuery", callback_query_id=query_id)
    await clock.advance(2)
    assert await bot.refused("answerCallbackQuery", callback_query_id=query_id) == QUERY_GONE


async def test_an_answer_has_at_most_200_characters_and_no_foreign_address(bot: Bot, world: World) -> None:
    where = await _send(bot, reply_markup=KEYBOARD)
    query_id = world.press(**where, from_id=ALICE.id, data="v1:add")
    too_long = await bot.refused("answerCallbackQuery", callback_query_id=query_id, text="x" * 201)
    assert too_long == "Bad Request: MESSAGE_TOO_LONG"
    await bot.refused("answerCallbackQuery", callback_query_id=query_id, url="https://example.com")
    address = f"https://t.me/{world.bot.username}?start=x"
    await bot.ok("answerCallbackQuery", callback_query_id=query_id, text="x" * 200, url=address)


async def test_a_person_s_edit_arrives_as_edited_message(bot: Bot, world: World, clock: HandClock) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "/stats")
    await clock.advance(15)
    world.edit(ALICE.id, message.message_id, "/stats week")
    edited = (await bot.updates())[-1]["edited_message"]
    assert edited["edit_date"] == edited["date"] + 15
    assert (edited["text"], edited["entities"]) == (
        "/stats week",
        [{"offset": 0, "length": 6, "type": "bot_command"}],
    )


async def test_deletions_by_people_are_not_told(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    await bot.updates(offset=message.message_id + 10**9)
    world.delete(ALICE.id, message.message_id)
    assert await bot.updates() == []


async def test_anybody_in_the_group_can_press(bot: Bot, world: World, groups: Groups) -> None:
    where = await _send(bot, chat_id=groups.admin.id, reply_markup=KEYBOARD)
    world.press(**where, from_id=BORIS.id, data="v1:add")
    assert (await bot.updates())[0]["callback_query"]["from"]["id"] == BORIS.id
