"""Reactions of the bot and of people."""

from typing import Any

import pytest
from telegram.constants import ReactionEmoji

from sandbox.telegram.reactions import PERMITTED, known_emoji
from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

THUMB = [{"type": "emoji", "emoji": "👍"}]


def _emoji(emoji: str) -> list[dict[str, str]]:
    return [{"type": "emoji", "emoji": emoji}]


async def _react(bot: Bot, message: Any, reaction: list[dict[str, str]]) -> Any:
    return await bot.ok(
        "setMessageReaction", chat_id=message.chat.id, message_id=message.message_id, reaction=reaction
    )


async def _refused(bot: Bot, message: Any, reaction: Any) -> str:
    return await bot.refused(
        "setMessageReaction", chat_id=message.chat.id, message_id=message.message_id, reaction=reaction
    )


def test_the_permitted_ones_are_those_of_the_telegram_library() -> None:
    assert {known_emoji(emoji.value) for emoji in ReactionEmoji} == set(PERMITTED)
    assert len(PERMITTED) == 73


async def test_a_reaction_replaces_the_earlier_one_and_an_empty_list_removes_it(
    bot: Bot, world: World
) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    assert await _react(bot, message, THUMB) is True
    assert await _react(bot, message, _emoji("👀")) is True
    assert world.bot_reaction(ALICE.id, message.message_id) == "👀"
    assert await _react(bot, message, []) is True
    assert world.bot_reaction(ALICE.id, message.message_id) is None


async def test_the_same_reaction_again_is_a_success(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    assert await _react(bot, message, THUMB) is True
    assert await _react(bot, message, THUMB) is True


@pytest.mark.parametrize("emoji", ["✅", "❤️", "⭐", "🚀", "x", ""])
async def test_emoji_out_of_the_list_are_invalid(bot: Bot, world: World, emoji: str) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    assert await _refused(bot, message, _emoji(emoji)) == "Bad Request: REACTION_INVALID"


@pytest.mark.parametrize("emoji", ["❤", "❤\u200d🔥", "❤\ufe0f\u200d🔥", "🤷\u200d♂", "🤷\u200d♂\ufe0f"])
async def test_joined_emoji_are_taken_in_both_spellings(bot: Bot, world: World, emoji: str) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    assert await _react(bot, message, _emoji(emoji)) is True
    assert world.bot_reaction(ALICE.id, message.message_id) == emoji.replace("\ufe0f", "")


async def test_a_bot_has_one_reaction_per_message(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    assert await _refused(bot, message, THUMB + _emoji("👎")) == "Bad Request: REACTIONS_TOO_MANY"


async def test_a_custom_emoji_id_must_be_a_number(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    description = await _refused(bot, message, [{"type": "custom_emoji", "custom_emoji_id": "✅"}])
    expected = 'Can\'t parse ReactionType: Field "custom_emoji_id" must be a valid Number'
    assert description == f"Bad Request: {expected}"


async def test_custom_emoji_need_to_be_on_the_message_already(bot: Bot, world: World) -> None:
    sticker = world.add_set("Moods_by_x", sticker_type="custom_emoji").stickers[0]
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    custom = [{"type": "custom_emoji", "custom_emoji_id": sticker.custom_emoji_id}]
    assert await _refused(bot, message, custom) == "Bad Request: REACTION_INVALID"
    world.react(ALICE.id, message.message_id, ALICE.id, [str(sticker.custom_emoji_id)])
    assert await bot.ok(
        "setMessageReaction", chat_id=ALICE.id, message_id=message.message_id, reaction=custom
    )


async def test_paid_and_unknown_kinds_are_refused(bot: Bot, world: World) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    for reaction in ([{"type": "paid"}], [{"type": "smell"}], ["👍"]):
        await _refused(bot, message, reaction)


async def test_a_chat_can_limit_reactions_or_turn_them_off(bot: Bot, world: World, groups: Groups) -> None:
    groups.admin.available_reactions = ["👍", "❤"]
    message = world.send_text(groups.admin.id, ALICE.id, "hello")
    assert await _react(bot, message, THUMB) is True
    assert await _refused(bot, message, _emoji("🔥")) == "Bad Request: REACTION_INVALID"
    groups.admin.available_reactions = []
    assert await _refused(bot, message, _emoji("❤")) == "Bad Request: REACTION_INVALID"


async def test_a_message_takes_only_so_many_different_reactions(
    bot: Bot, world: World, groups: Groups
) -> None:
    groups.admin.max_reaction_count = 2
    message = world.send_text(groups.admin.id, ALICE.id, "hello")
    world.react(groups.admin.id, message.message_id, ALICE.id, ["🔥", "🎉"])
    assert await _refused(bot, message, THUMB) == "Bad Request: REACTIONS_TOO_MANY"
    assert await _react(bot, message, _emoji("🔥")) is True


async def test_deleted_and_unseen_messages_cannot_be_reacted_to(
    bot: Bot, world: World, groups: Groups
) -> None:
    deleted = world.send_text(ALICE.id, ALICE.id, "hello")
    world.delete(ALICE.id, deleted.message_id)
    unseen = world.send_text(groups.member.id, ALICE.id, "not for bots")
    for message in (deleted, unseen):
        assert await _refused(bot, message, THUMB) == "Bad Request: message to react not found"


async def test_service_messages_take_no_reaction(bot: Bot, world: World, groups: Groups) -> None:
    topic = world.add_topic(groups.forum.id, "Packs")
    message = world.message(groups.forum.id, topic.id)
    assert await _refused(bot, message, THUMB) == "Bad Request: MESSAGE_ID_INVALID"


async def test_people_s_reactions_reach_the_bot_where_it_is_administrator_or_in_private(
    bot: Bot, world: World, groups: Groups
) -> None:
    await bot.updates(allowed_updates=["message_reaction"])
    for chat in (groups.admin.id, groups.member.id, ALICE.id):
        message = world.send_text(chat, ALICE.id, "/hello")
        world.react(chat, message.message_id, ALICE.id, ["👍"])
    told = [update["message_reaction"]["chat"]["id"] for update in await bot.updates()]
    assert told == [groups.admin.id, ALICE.id]


async def test_a_change_tells_old_and_new_and_no_change_tells_nothing(
    bot: Bot, world: World, groups: Groups
) -> None:
    await bot.updates(allowed_updates=["message_reaction"])
    message = world.send_text(groups.admin.id, ALICE.id, "hello")
    for emoji in (["👍"], ["👍"], ["👍", "🔥"], []):
        world.react(groups.admin.id, message.message_id, BORIS.id, emoji)
    told = [update["message_reaction"] for update in await bot.updates()]
    assert [(change["old_reaction"], change["new_reaction"]) for change in told] == [
        ([], THUMB),
        (THUMB, THUMB + _emoji("🔥")),
        (THUMB + _emoji("🔥"), []),
    ]
    assert {change["user"]["id"] for change in told} == {BORIS.id}


async def test_reactions_of_anonymous_administrators_name_the_chat_alone(
    bot: Bot, world: World, groups: Groups
) -> None:
    await bot.updates(allowed_updates=["message_reaction"])
    message = world.send_text(groups.admin.id, BORIS.id, "hello")
    world.react(groups.admin.id, message.message_id, ALICE.id, ["👍"], anonymous=True)
    (update,) = await bot.updates()
    assert update["message_reaction"]["actor_chat"]["id"] == groups.admin.id
    assert "user" not in update["message_reaction"]


async def test_the_bot_is_not_told_of_its_own_reactions(bot: Bot, world: World) -> None:
    await bot.updates(allowed_updates=["message_reaction"])
    await _react(bot, world.send_text(ALICE.id, ALICE.id, "hello"), THUMB)
    assert await bot.updates() == []


def test_people_cannot_put_what_the_chat_does_not_allow(world: World, groups: Groups) -> None:
    message = world.send_text(groups.admin.id, ALICE.id, "hello")
    groups.admin.available_reactions = ["👍"]
    for emoji in ("🔥", "✅"):
        with pytest.raises(WorldError):
            world.react(groups.admin.id, message.message_id, ALICE.id, [emoji])
