"""👀 on a message that the bot has seen asks about it, as its sender would have."""

import json

import pytest

from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

DAY = 86400.0
LINK = f"look: https://t.me/addstickers/{UNLISTED}"


async def test_eyes_on_an_unaddressed_link_propose_as_a_reply_in_its_topic(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    message = await town.says(BORIS, LINK, FORUM, thread_id=topic.id)
    assert town.sent(FORUM) == []
    await town.reacts(CHEN, message, "👀")
    [offer] = town.sent(FORUM)
    assert head(offer) == words("proposal")
    assert (offer.reply_to, offer.thread) == (message, topic.id)
    await town.presses(CHEN, offer)
    assert await town.rows("SELECT name, added_by FROM sticker_sets") == [(UNLISTED, CHEN)]
    assert town.reaction(message) == "👍"


async def test_eyes_on_a_listed_sticker_in_a_group_are_answered_by_a_reaction_alone(town: Town) -> None:
    sticker = await town.sends(BORIS, LISTED, GROUP)
    await town.lists(LISTED)
    said = len(town.sent(GROUP))
    assert town.reaction(sticker) is None
    await town.reacts(CHEN, sticker, "👀")
    assert town.reaction(sticker) == "👌"
    assert len(town.sent(GROUP)) == said


async def test_eyes_in_private_are_answered_in_words(town: Town) -> None:
    sticker = await town.sends(BORIS, UNLISTED)
    await town.lists(UNLISTED)
    await town.reacts(BORIS, sticker, "👀")
    assert head(town.last(BORIS)) == words("listed", "ru")
    assert town.last(BORIS).reply_to is sticker


async def test_what_went_wrong_is_said_in_private_and_not_in_a_group(town: Town) -> None:
    private, group = await town.says(CHEN, LINK), await town.says(CHEN, LINK, GROUP)
    town.world.faults.add("500", "getStickerSet", seconds=60)
    await town.reacts(CHEN, group, "👀")
    await town.reacts(CHEN, private, "👀")
    assert town.sent(GROUP) == []
    assert town.last(CHEN).text == words("error-gallery-unavailable")


async def test_eyes_on_custom_emoji_find_their_set(town: Town) -> None:
    made = town.world.add_set("Faces_by_bot", "Faces", sticker_type="custom_emoji", count=2)
    identifier = made.stickers[0].custom_emoji_id
    assert identifier
    message = town.world.send_custom_emoji(GROUP, CHEN, [identifier], text="so")
    await town.settle()
    assert not town.world.ledger.of("getCustomEmojiStickers")
    await town.reacts(BORIS, message, "👀")
    assert "Faces" in town.last(GROUP).text


async def test_eyes_on_several_links_are_answered_together(town: Town) -> None:
    links = f"https://t.me/addstickers/{LISTED} https://t.me/addstickers/{UNLISTED}"
    message = await town.says(BORIS, links, GROUP)
    await town.reacts(CHEN, message, "👀")
    [offer] = town.sent(GROUP)
    assert len(offer.buttons) == 2


@pytest.mark.parametrize("words_said", ["nothing to see", "/start"])
async def test_eyes_on_anything_else_mean_nothing(town: Town, words_said: str) -> None:
    message = await town.says(BORIS, words_said, GROUP)
    said = len(town.sent(GROUP))
    await town.reacts(CHEN, message, "👀")
    assert len(town.sent(GROUP)) == said


async def test_an_edit_is_not_seen(town: Town) -> None:
    message = await town.says(BORIS, "hello", GROUP)
    town.world.edit(GROUP, message.message_id, LINK)
    await town.settle()
    await town.reacts(CHEN, message, "👀")
    assert town.sent(GROUP) == []


async def test_sightings_are_forgotten_after_a_week(town: Town, clock: TownClock) -> None:
    message = await town.says(BORIS, LINK, GROUP)
    [(kind, keys)] = await town.rows("SELECT kind, keys FROM sightings")
    assert (kind, json.loads(str(keys))) == ("stickerset", [UNLISTED])
    await clock.leap(7 * DAY)
    await town.reacts(CHEN, message, "👀")
    assert town.sent(GROUP) == []
    await clock.advance(60)
    await town.settle()
    assert await town.scalar("SELECT count(*) FROM sightings") == 0


async def test_anonymous_eyes_ask_nothing(outside: Outside) -> None:
    async with outside.hub() as town:
        town.world.make_admin(GROUP, ADMIN)
        message = await town.says(BORIS, LINK, GROUP)
        await town.reacts(ADMIN, message, "👀", anonymous=True)
        assert town.sent(GROUP) == []


async def test_eyes_on_what_came_too_late_to_be_answered_ask_about_it(
    outside: Outside, clock: TownClock
) -> None:
    sticker = outside.world.library.sets[UNLISTED.lower()].stickers[0]
    late = outside.world.send_sticker(GROUP, BORIS, sticker)
    passed_over = outside.world.send_text(CHEN, CHEN, LINK)
    outside.world.send_text(CHEN, CHEN, "/version")
    await clock.leap(601)
    async with outside.hub() as town:
        await town.settle()
        assert town.sent(GROUP) == []
        assert [head(each).split()[0] for each in town.sent(CHEN)] == [
            words("skipped", count=1).split()[0],
            "Switchboard",
        ]
        await town.reacts(CHEN, late, "👀")
        [offer] = town.sent(GROUP)
        assert (head(offer), offer.reply_to) == (words("proposal"), late)
        await town.reacts(CHEN, passed_over, "👀")
        assert (head(town.last(CHEN)), town.last(CHEN).reply_to) == (words("proposal"), passed_over)


async def test_eyes_on_a_link_behind_a_command_ask_about_it(town: Town) -> None:
    message = await town.says(BORIS, f"/look {LINK}", GROUP)
    assert town.sent(GROUP) == []
    await town.reacts(CHEN, message, "👀")
    assert head(town.last(GROUP)) == words("proposal")
