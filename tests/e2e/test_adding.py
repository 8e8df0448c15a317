"""The "add" button and the 👍 on a proposal: two doors to the same addition."""

import json

from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Town


async def test_pressing_add_in_private_does_all_that_the_contract_says(town: Town) -> None:
    sticker = await town.sends(ADMIN, LISTED)
    [proposal] = town.sent(ADMIN)
    answer = await town.presses(ADMIN, proposal)
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("added"), False)
    [shown, told] = town.sent(ADMIN)
    assert shown is proposal
    assert not proposal.buttons
    assert "Alice" in proposal.text
    assert head(told) == words("added")
    assert link_buttons(told) == [f"https://t.me/addstickers/{LISTED}"]
    assert told.reply_to is sticker
    assert town.reaction(sticker) == "👍"


async def test_pressing_add_in_a_topic_answers_in_that_topic(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    sticker = await town.sends(BORIS, UNLISTED, FORUM, thread_id=topic.id)
    [proposal] = town.sent(FORUM)
    answer = await town.presses(CHEN, proposal)
    assert answer is not None
    assert answer.text == words("added")
    told = town.last(FORUM)
    assert (head(told), told.thread, told.reply_to) == (words("added"), topic.id, sticker)
    assert link_buttons(told) == [f"https://t.me/addstickers/{UNLISTED}"]
    assert not proposal.buttons
    assert town.reaction(sticker) == "👍"


async def test_the_presser_becomes_the_asker(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.presses(CHEN, town.last(GROUP))
    [row] = await town.rows("SELECT name, title, kind, count, added_by, added_in FROM sticker_sets")
    assert row == (UNLISTED, "Moon Dogs", "regular", 5, CHEN, GROUP)


async def test_an_addition_is_journaled_with_its_job(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.presses(CHEN, town.last(GROUP))
    [row] = await town.rows(
        "SELECT journal.actor, action, kind, journal.key, after, jobs.payload FROM journal"
        " JOIN jobs ON jobs.id = journal.job_id AND jobs.correlation_id = journal.correlation_id"
    )
    assert row[:4] == (f"user:{CHEN}", "add", "stickerset", UNLISTED)
    assert json.loads(str(row[4]))["title"] == "Moon Dogs"
    assert "callback_query" in json.loads(str(row[5]))


async def test_a_thumb_up_on_the_proposal_is_a_press(town: Town) -> None:
    sticker = await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    await town.reacts(CHEN, proposal, "👍")
    assert await town.rows("SELECT name, added_by FROM sticker_sets") == [(UNLISTED, CHEN)]
    assert await town.rows("SELECT actor FROM journal") == [(f"user:{CHEN}",)]
    assert not proposal.buttons
    assert link_buttons(town.last(GROUP)) == [f"https://t.me/addstickers/{UNLISTED}"]
    assert town.last(GROUP).reply_to is sticker
    assert town.reaction(sticker) == "👍"
    assert not town.world.ledger.of("answerCallbackQuery")


async def test_a_thumb_up_in_a_topic_answers_in_that_topic(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    await town.sends(BORIS, UNLISTED, FORUM, thread_id=topic.id)
    await town.reacts(CHEN, town.last(FORUM), "👍")
    assert [message.thread for message in town.sent(FORUM)] == [topic.id, topic.id]


async def test_a_thumb_up_in_a_private_chat_adds_too(town: Town) -> None:
    await town.sends(BORIS, UNLISTED)
    await town.reacts(BORIS, town.last(BORIS), "👍")
    assert head(town.last(BORIS)) == words("added", "ru")


async def test_other_reactions_and_taking_one_back_add_nothing(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    await town.reacts(CHEN, proposal, "👎")
    await town.reacts(CHEN, proposal, "❤")
    await town.reacts(CHEN, proposal)
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0
    assert press_buttons(proposal)


async def test_a_thumb_up_beside_others_counts_once(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    await town.reacts(CHEN, proposal, "🔥")
    await town.reacts(CHEN, proposal, "🔥", "👍")
    await town.reacts(CHEN, proposal, "👍")
    await town.reacts(BORIS, proposal, "👍")
    assert len(town.sent(GROUP)) == 2
    assert await town.scalar("SELECT count(*) FROM journal") == 1


async def test_a_thumb_up_that_was_there_before_is_not_put_again_by_another_reaction(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    thumb, fire = {"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "🔥"}
    place = {"chat": proposal.chat.api(), "message_id": proposal.message_id, "date": proposal.date}
    changed = {"user": town.world.people[CHEN].user(), "old_reaction": [thumb], "new_reaction": [thumb, fire]}
    await town.gets({"message_reaction": place | changed})
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0


async def test_a_thumb_up_on_any_other_message_adds_nothing(town: Town) -> None:
    sticker = await town.sends(BORIS, UNLISTED, GROUP)
    await town.reacts(CHEN, sticker, "👍")
    await town.says(BORIS, "/start", BORIS)
    await town.reacts(BORIS, town.last(BORIS), "👍")
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0


async def test_the_answer_is_in_the_language_of_whoever_pressed(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    answer = await town.presses(BORIS, town.last(GROUP))
    assert answer is not None
    assert answer.text == words("added", "ru")
    assert head(town.last(GROUP)) == words("added", "ru")


async def test_a_set_added_elsewhere_meanwhile_is_said_to_be_there_already(town: Town) -> None:
    await town.sends(BORIS, UNLISTED)
    await town.lists(UNLISTED)
    answer = await town.presses(BORIS, town.last(BORIS))
    assert answer is not None
    assert answer.text == words("listed-already", "ru")
    assert head(town.last(BORIS)) == words("listed-already", "ru")
    assert await town.rows("SELECT added_by FROM sticker_sets") == [(CHEN,)]


async def test_what_was_added_is_found_at_once_by_the_next_who_asks(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.presses(CHEN, town.last(GROUP))
    sticker = await town.sends(BORIS, UNLISTED, GROUP)
    assert town.reaction(sticker) == "👌"
    assert len(town.sent(GROUP)) == 2


async def test_counts_of_anonymous_reactions_add_nothing(town: Town) -> None:
    await town.sends(ADMIN, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    counted = [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 3}]
    place = {"chat": proposal.chat.api(), "message_id": proposal.message_id, "date": proposal.date}
    await town.gets({"message_reaction_count": place | {"reactions": counted}})
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0
    assert await town.faults() == {}
