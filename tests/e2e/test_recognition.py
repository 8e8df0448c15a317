"""What people write about a set: links, names, /check, and what is none of it."""

import pytest

from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Town

LINKS = [
    f"https://t.me/addstickers/{UNLISTED}",
    f"http://telegram.me/addstickers/{UNLISTED}",
    f"t.me/addemoji/{UNLISTED}",
    f"T.ME/AddStickers/{UNLISTED}",
    f"tg://addstickers?set={UNLISTED}",
    f"tg://addemoji?set={UNLISTED}",
    f"https://t.me/addstickers/{UNLISTED}?startapp=1",
    f"Посмотрите, какие: https://t.me/addstickers/{UNLISTED}!",
]


def photo(caption: str, *entities: dict[str, object]) -> dict[str, object]:
    """The content of a message with a picture."""
    picture = {"file_id": "AgAC", "file_unique_id": "AQAD", "width": 90, "height": 60}
    return {"photo": [picture], "caption": caption, "caption_entities": list(entities)}


@pytest.mark.parametrize("words_with_link", LINKS)
async def test_a_link_in_private_is_as_good_as_a_sticker(town: Town, words_with_link: str) -> None:
    message = await town.says(ADMIN, words_with_link)
    [proposal] = town.sent(ADMIN)
    assert head(proposal) == words("proposal")
    assert "Moon Dogs" in proposal.text
    assert proposal.reply_to is message


@pytest.mark.parametrize("words_with_link", LINKS[:3])
async def test_check_takes_a_link(town: Town, words_with_link: str) -> None:
    await town.says(ADMIN, f"/check {words_with_link}")
    assert "Moon Dogs" in town.last(ADMIN).text


async def test_a_link_hidden_behind_words_is_found(town: Town) -> None:
    link = {"type": "text_link", "offset": 0, "length": 4, "url": f"https://t.me/addstickers/{UNLISTED}"}
    town.world.send_raw(ADMIN, ADMIN, {"text": "here they are", "entities": [link]})
    await town.settle()
    assert "Moon Dogs" in town.last(ADMIN).text


async def test_added_by_a_link_the_thumb_goes_on_the_message_with_the_link(town: Town) -> None:
    message = await town.says(ADMIN, LINKS[0])
    await town.presses(ADMIN, town.last(ADMIN))
    assert head(town.last(ADMIN)) == words("added")
    assert town.reaction(message) == "👍"


async def test_check_takes_a_name_in_any_case(town: Town) -> None:
    await town.says(ADMIN, f"/check {UNLISTED.lower()}")
    await town.presses(ADMIN, town.last(ADMIN))
    assert await town.rows("SELECT name FROM sticker_sets") == [(UNLISTED,)]
    await town.says(ADMIN, f"/check {UNLISTED.upper()}")
    assert head(town.last(ADMIN)) == words("listed")


async def test_check_in_reply_to_a_sticker_checks_that_sticker(town: Town) -> None:
    sticker = await town.sends(ADMIN, UNLISTED)
    await town.says(ADMIN, "/check", reply_to=sticker.message_id)
    assert "Moon Dogs" in town.last(ADMIN).text
    assert town.last(ADMIN).reply_to is sticker


async def test_check_reaches_a_sticker_that_privacy_mode_kept_from_the_bot(town: Town) -> None:
    chat = town.world.add_group("Readers", [ADMIN, BORIS], bot="member")
    sticker = await town.sends(ADMIN, UNLISTED, chat.id)
    assert not town.sent(chat.id)
    await town.says(ADMIN, f"/check@{town.world.bot.username}", chat.id, reply_to=sticker.message_id)
    assert "Moon Dogs" in town.last(chat.id).text


async def test_check_in_reply_to_a_link_checks_that_link(town: Town) -> None:
    message = await town.says(BORIS, LINKS[0], GROUP)
    assert not town.sent(GROUP)
    await town.says(ADMIN, f"/check@{town.world.bot.username}", GROUP, reply_to=message.message_id)
    assert "Moon Dogs" in town.last(GROUP).text


@pytest.mark.parametrize("chat", [ADMIN, GROUP])
async def test_check_of_nothing_tells_its_usage_in_private_only(town: Town, chat: int) -> None:
    await town.says(ADMIN, f"/check@{town.world.bot.username}", chat)
    assert [message.text for message in town.sent(chat)] == ([words("check-usage")] if chat > 0 else [])


@pytest.mark.parametrize("asked", ["нет такого", "Котики", "1st", "a" * 65, "t.me/joinchat/xyz"])
async def test_check_of_what_is_no_name_points_to_help(town: Town, asked: str) -> None:
    await town.says(ADMIN, f"/check {asked}")
    assert town.last(ADMIN).text == words("error-not-recognised")


async def test_check_of_an_unknown_name_says_so_in_one_line(town: Town) -> None:
    await town.says(ADMIN, "/check Nobody_Has_This")
    assert town.last(ADMIN).text == words("error-no-such-set")


async def test_a_bare_name_that_ends_as_bots_name_sets_is_checked(town: Town) -> None:
    await town.says(ADMIN, LISTED)
    assert head(town.last(ADMIN)) == words("proposal")


async def test_a_bare_word_is_checked_only_when_such_a_set_is_listed(town: Town) -> None:
    await town.says(ADMIN, UNLISTED)
    assert town.last(ADMIN).text == words("unrecognised")
    await town.lists(UNLISTED)
    await town.says(ADMIN, UNLISTED.lower())
    assert head(town.last(ADMIN)) == words("listed")


async def test_of_a_list_of_bare_names_in_private_those_that_are_listed_are_shown(town: Town) -> None:
    town.world.add_set("SunCats", "Sun Cats")
    for name in (UNLISTED, "SunCats"):
        await town.lists(name)
    asked = len(town.world.ledger.of("getStickerSet"))
    await town.says(ADMIN, f"{UNLISTED}, suncats; hello")
    assert town.last(ADMIN).text.split("\n") == [words("batch-listed", count=2), "• Moon Dogs", "• Sun Cats"]
    await town.says(ADMIN, f"thanks {UNLISTED}")
    assert head(town.last(ADMIN)) == words("listed")
    assert len(town.world.ledger.of("getStickerSet")) == asked  # no word is looked for at Telegram
    await town.says(ADMIN, f"{LISTED} {UNLISTED} bye")
    assert town.last(ADMIN).text.split("\n")[1::2] == ["• Moon Dogs", "• <b>Cats & Co</b>"]


async def test_bare_words_beside_a_link_are_just_words(town: Town) -> None:
    await town.lists(UNLISTED)
    await town.says(ADMIN, f"{UNLISTED} t.me/addstickers/{LISTED}")
    assert "<b>Cats & Co</b>" in town.last(ADMIN).text
    assert "Moon Dogs" not in town.last(ADMIN).text


async def test_listed_names_among_words_in_a_group_are_just_words(town: Town) -> None:
    await town.lists(UNLISTED)
    message = await town.says(BORIS, f"@{town.world.bot.username} thanks {UNLISTED}", GROUP)
    assert not town.sent(GROUP)
    assert town.reaction(message) is None


@pytest.mark.parametrize("chat", [ADMIN, GROUP])
async def test_a_link_in_a_caption_is_as_good_as_one_in_a_text(town: Town, chat: int) -> None:
    bot = f"@{town.world.bot.username}"
    caption = f"{bot} {LINKS[0]}"
    mention = {"type": "mention", "offset": 0, "length": len(bot)}
    town.world.send_raw(chat, ADMIN, photo(caption, mention))
    await town.settle()
    [proposal] = town.sent(chat)
    assert "Moon Dogs" in proposal.text


async def test_a_link_hidden_in_a_caption_is_found(town: Town) -> None:
    link = {"type": "text_link", "offset": 0, "length": 4, "url": f"https://t.me/addstickers/{UNLISTED}"}
    town.world.send_raw(ADMIN, ADMIN, photo("here they are", link))
    await town.settle()
    assert "Moon Dogs" in town.last(ADMIN).text


@pytest.mark.parametrize(("chat", "caption"), [(ADMIN, "hello"), (ADMIN, "our cats"), (GROUP, LINKS[0])])
async def test_other_captions_are_passed_over(town: Town, chat: int, caption: str) -> None:
    town.world.send_raw(chat, ADMIN, photo(caption))
    await town.settle()
    assert not town.sent(chat)


@pytest.mark.parametrize(
    "said",
    ["hello", "привет", "What about MoonDogs and others?", "MoonDogs CatDogs", "👋", "t.me/somebody", "<b>"],
)
async def test_ordinary_words_in_private_are_pointed_to_help_in_one_line(town: Town, said: str) -> None:
    await town.says(BORIS, said)
    [answer] = town.sent(BORIS)
    assert answer.text == words("unrecognised", "ru")
    assert "/help" in answer.text
    assert "\n" not in answer.text
    assert not town.world.ledger.of("getStickerSet")


@pytest.mark.parametrize("said", ["hello", LISTED, LINKS[0], "@somebody_else_bot " + LINKS[0]])
async def test_words_in_a_group_that_are_not_addressed_to_the_bot_are_passed_over(
    town: Town, said: str
) -> None:
    await town.lists(LISTED)
    message = await town.says(BORIS, said, GROUP)
    assert not town.sent(GROUP)
    assert town.reaction(message) is None


@pytest.mark.parametrize("said", ["{bot} {link}", "{link} что скажешь, {bot}?", "{BOT} {link}"])
async def test_a_link_in_a_group_that_mentions_the_bot_is_checked(town: Town, said: str) -> None:
    bot = f"@{town.world.bot.username}"
    await town.says(BORIS, said.format(bot=bot, BOT=bot.upper(), link=LINKS[0]), GROUP)
    assert "Moon Dogs" in town.last(GROUP).text


async def test_a_listed_name_in_a_group_that_mentions_the_bot_gets_the_reaction(town: Town) -> None:
    await town.lists(LISTED)
    message = await town.says(BORIS, f"@{town.world.bot.username} {LISTED}", GROUP)
    assert town.reaction(message) == "👌"
    assert not town.sent(GROUP)


async def test_a_link_in_reply_to_the_bot_in_a_group_is_checked(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    other = f"t.me/addstickers/{LISTED}"
    await town.says(BORIS, other, GROUP, reply_to=proposal.message_id)
    assert "<b>Cats & Co</b>" in town.last(GROUP).text


async def test_a_link_in_reply_to_somebody_else_in_a_group_is_passed_over(town: Town) -> None:
    message = await town.says(ADMIN, "look", GROUP)
    await town.says(BORIS, LINKS[0], GROUP, reply_to=message.message_id)
    assert not town.sent(GROUP)


async def test_ordinary_words_addressed_to_the_bot_in_a_group_stay_unanswered(town: Town) -> None:
    await town.says(BORIS, f"@{town.world.bot.username} привет", GROUP)
    assert not town.sent(GROUP)


async def test_an_unknown_command_in_private_is_pointed_to_help_in_one_line(town: Town) -> None:
    await town.says(ADMIN, "/fly to the moon")
    [answer] = town.sent(ADMIN)
    assert answer.text == words("unknown-command")
    assert "\n" not in answer.text


@pytest.mark.parametrize("command", ["/fly", "/fly@{bot}", "/stats@another_bot"])
async def test_an_unknown_command_in_a_group_is_passed_over(town: Town, command: str) -> None:
    await town.says(ADMIN, command.format(bot=town.world.bot.username), GROUP)
    assert not town.sent(GROUP)


@pytest.mark.parametrize("content", [{"dice": {"emoji": "🎲", "value": 3}}, {"text": " "}])
async def test_other_kinds_of_messages_break_nothing(town: Town, content: dict[str, object]) -> None:
    town.world.send_raw(ADMIN, ADMIN, content)
    town.world.send_raw(GROUP, ADMIN, content)
    await town.says(ADMIN, "/version")
    assert town.last(ADMIN).text.startswith("Switchboard")


@pytest.mark.parametrize("name", ["a", "A" * 64, "Two__underscores", "Trailing_", "x_by_y"])
async def test_names_of_any_allowed_shape_can_be_checked_and_added(town: Town, name: str) -> None:
    town.world.add_set(name, "Any")
    await town.says(ADMIN, f"/check {name}")
    answer = await town.presses(ADMIN, town.last(ADMIN))
    assert answer is not None
    assert answer.text == words("added")
    await town.says(ADMIN, name)
    assert head(town.last(ADMIN)) == words("listed")


async def test_cyrillic_words_and_a_cyrillic_group_are_nothing_special(town: Town) -> None:
    chat = town.world.add_group("Котики и «Ёлки» — <b>болталка</b>", [BORIS, CHEN])
    await town.says(BORIS, f"/check@{town.world.bot.username} MoonDogs", chat.id)
    assert head(town.last(chat.id)) == words("proposal", "ru")
    assert await town.rows("SELECT title FROM chats WHERE chat_id = :id", id=chat.id) == [(chat.title,)]
