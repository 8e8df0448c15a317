"""Custom emoji in a text ask about their sets."""

import pytest

from sandbox.telegram.messages import Message
from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, UNLISTED, Outside, Town

MOODS, FACES = "Moods_by_bot", "TinyFaces"


@pytest.fixture
async def town(outside: Outside, town: Town) -> Town:
    """With two sets of custom emoji."""
    outside.world.add_set(MOODS, "Moods", count=4, sticker_type="custom_emoji")
    outside.world.add_set(FACES, "Tiny Faces", count=2, sticker_type="custom_emoji")
    return town


def ids(town: Town, name: str) -> list[str]:
    return [str(each.custom_emoji_id) for each in town.world.library.sets[name.lower()].stickers]


async def writes(
    town: Town, who: int, emoji: list[str], chat: int | None = None, text: str = "", **more: int
) -> Message:
    """Somebody writes a text that ends in custom emoji, and everything comes to rest."""
    message = town.world.send_custom_emoji(chat or who, who, emoji, text=text, **more)
    await town.settle()
    return message


@pytest.mark.parametrize("text", ["", "what about these 👋😼 "])
async def test_emoji_of_one_set_are_as_good_as_a_sticker_of_it(town: Town, text: str) -> None:
    message = await writes(town, ADMIN, ids(town, MOODS), text=text)
    [proposal] = town.sent(ADMIN)
    assert head(proposal) == words("proposal")
    assert "Moods" in proposal.text
    assert proposal.reply_to is message
    await town.presses(ADMIN, proposal)
    assert await town.rows("SELECT name, kind FROM sticker_sets") == [(MOODS, "custom_emoji")]
    assert link_buttons(town.last(ADMIN)) == [f"https://t.me/addemoji/{MOODS}"]
    assert town.reaction(message) == "👍"
    await writes(town, BORIS, ids(town, MOODS)[:1])
    assert head(town.last(BORIS)) == words("listed", "ru")


async def test_each_emoji_is_asked_about_once(town: Town) -> None:
    await writes(town, ADMIN, ids(town, MOODS) * 20)
    [call] = town.world.ledger.of("getCustomEmojiStickers")
    assert call.params["custom_emoji_ids"] == ids(town, MOODS)


async def test_emoji_of_several_sets_are_a_batch(town: Town) -> None:
    await writes(town, ADMIN, [*ids(town, MOODS), *ids(town, FACES)])
    [answer] = town.sent(ADMIN)
    assert answer.text.split("\n") == [words("batch-missing", count=2), "• Moods", "• Tiny Faces"]
    assert len(press_buttons(answer)) == 2


async def test_emoji_beside_links_are_asked_about_too(town: Town) -> None:
    await writes(town, ADMIN, ids(town, MOODS), text=f"t.me/addstickers/{UNLISTED} t.me/addemoji/{MOODS} ")
    [answer] = town.sent(ADMIN)
    assert answer.text.split("\n")[1:] == ["• Moon Dogs", "• Moods"]


async def test_emoji_without_a_set_are_passed_over_beside_others_and_explained_alone(town: Town) -> None:
    lost = ids(town, FACES)
    town.world.delete_set(FACES, keep_name=False)
    await writes(town, ADMIN, [*lost, *ids(town, MOODS)])
    assert "Moods" in town.last(ADMIN).text
    assert head(town.last(ADMIN)) == words("proposal")
    await writes(town, ADMIN, lost)
    assert town.last(ADMIN).text == words("emoji-without-set")
    await writes(town, BORIS, lost, GROUP, text=f"@{town.world.bot.username} ")
    assert not town.sent(GROUP)


async def test_ordinary_emoji_ask_about_nothing(town: Town) -> None:
    await town.says(ADMIN, "👋😼")
    assert town.last(ADMIN).text == words("unrecognised")
    assert not town.world.ledger.of("getCustomEmojiStickers")


async def test_in_a_group_they_are_heard_only_when_addressed_to_the_bot(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    await writes(town, BORIS, ids(town, MOODS), FORUM, thread_id=topic.id)
    assert not town.sent(FORUM)
    assert not town.world.ledger.of("getCustomEmojiStickers")
    message = await writes(
        town, BORIS, ids(town, MOODS), FORUM, f"@{town.world.bot.username} ", thread_id=topic.id
    )
    [proposal] = town.sent(FORUM)
    assert (proposal.thread, proposal.reply_to) == (topic.id, message)
    await town.presses(CHEN, proposal)
    listed = await writes(
        town, BORIS, ids(town, MOODS), FORUM, f"@{town.world.bot.username} ", thread_id=topic.id
    )
    assert town.reaction(listed) == "👌"
    assert len(town.sent(FORUM)) == 2


async def test_check_in_reply_to_custom_emoji_checks_them(town: Town) -> None:
    message = await writes(town, BORIS, ids(town, MOODS), GROUP)
    await town.says(ADMIN, f"/check@{town.world.bot.username}", GROUP, reply_to=message.message_id)
    assert "Moods" in town.last(GROUP).text
    assert town.last(GROUP).reply_to is message


async def test_check_takes_custom_emoji(town: Town) -> None:
    await writes(town, ADMIN, ids(town, MOODS), text="/check ")
    assert "Moods" in town.last(ADMIN).text


async def test_a_sticker_that_is_a_custom_emoji_works_as_any_other(town: Town) -> None:
    await town.sends(ADMIN, MOODS)
    assert head(town.last(ADMIN)) == words("proposal")
    assert not town.world.ledger.of("getCustomEmojiStickers")


@pytest.mark.parametrize("kind", ["500", "429", "lost_answer"])
async def test_when_telegram_cannot_tell_the_clear_error_asks_to_try_again(town: Town, kind: str) -> None:
    town.world.faults.add(kind, "getCustomEmojiStickers", times=1)  # type: ignore[arg-type]
    await writes(town, ADMIN, ids(town, MOODS))
    [answer] = town.sent(ADMIN)
    assert answer.text == words("error-gallery-unavailable")
    await writes(town, ADMIN, ids(town, MOODS))
    assert head(town.last(ADMIN)) == words("proposal")
