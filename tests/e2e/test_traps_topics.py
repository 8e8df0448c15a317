"""Topics: the thread of an answer is that of its question, and only where there are topics."""

from sandbox.telegram.ledger import Call
from tests.e2e.wording import head, words
from tests.town import BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Town, TownClock

OTHER = "SunCats"


def sendings(town: Town, chat: int) -> list[Call]:
    """Every try to write into a chat."""
    return [call for call in town.world.ledger.of("sendMessage") if call.params["chat_id"] == chat]


async def test_in_the_general_topic_no_thread_is_named(town: Town) -> None:
    sticker = await town.sends(BORIS, UNLISTED, FORUM)
    [proposal] = town.sent(FORUM)
    assert (proposal.thread, proposal.reply_to) == (None, sticker)
    [call] = sendings(town, FORUM)
    assert "message_thread_id" not in call.params


async def test_in_a_topic_everything_stays_in_that_topic(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    sticker = await town.sends(BORIS, UNLISTED, FORUM, thread_id=topic.id)
    [proposal] = town.sent(FORUM)
    assert (proposal.thread, proposal.reply_to) == (topic.id, sticker)
    await town.presses(CHEN, proposal)
    assert (town.last(FORUM).thread, town.last(FORUM).reply_to) == (topic.id, sticker)
    assert head(town.last(FORUM)) == words("added")


async def test_plain_words_in_a_topic_are_not_taken_for_a_reply_to_the_bot(town: Town) -> None:
    world = town.world
    topic = world.add_topic(FORUM, "By the bot")
    world.chat(FORUM).messages[topic.id].sender = world.bot
    await town.says(BORIS, f"https://t.me/addstickers/{UNLISTED}", FORUM, thread_id=topic.id)
    assert not town.sent(FORUM)[1:]  # the first is the topic itself


async def test_the_thread_of_replies_in_a_group_without_topics_is_never_echoed(town: Town) -> None:
    first = await town.says(CHEN, "look at this", GROUP)
    sticker = await town.sends(BORIS, UNLISTED, GROUP, reply_to=first.message_id)
    assert sticker.api()["message_thread_id"] == first.message_id  # so Telegram told the bot of a thread
    [proposal] = town.sent(GROUP)
    assert proposal.reply_to is sticker
    await town.presses(CHEN, proposal)
    assert len(town.sent(GROUP)) == 2
    assert all("message_thread_id" not in call.params for call in sendings(town, GROUP))


async def test_the_answer_for_a_deleted_topic_goes_to_general(town: Town) -> None:
    world = town.world
    topic = world.add_topic(FORUM, "Short-lived")
    world.send_sticker(FORUM, BORIS, world.library.sets[UNLISTED.lower()].stickers[0], thread_id=topic.id)
    world.delete_topic(FORUM, topic.id)
    await town.settle()
    [proposal] = town.sent(FORUM)
    assert (proposal.thread, proposal.reply_to) == (None, None)
    assert [call.applied for call in sendings(town, FORUM)] == [False, True]
    answer = await town.presses(CHEN, proposal)
    assert answer is not None
    assert answer.text == words("added")
    assert await town.faults() == {}


async def test_a_topic_deleted_after_the_proposal_still_lets_the_outcome_be_told(town: Town) -> None:
    world = town.world
    topic = world.add_topic(FORUM, "Short-lived")
    await town.sends(BORIS, UNLISTED, FORUM, thread_id=topic.id)
    proposal = town.last(FORUM)
    world.press(FORUM, proposal.message_id, CHEN, proposal.buttons[0][0]["callback_data"])
    world.delete_topic(FORUM, topic.id)
    await town.settle()
    [outcome] = town.sent(FORUM)
    assert outcome.thread is None
    assert head(outcome) == words("added")
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 1


async def test_what_a_closed_topic_refuses_is_counted_and_not_tried_for_ever(
    town: Town, clock: TownClock
) -> None:
    world = town.world
    world.add_set(OTHER)
    topic = world.add_topic(FORUM, "Quiet")
    world.send_sticker(FORUM, BORIS, world.library.sets[UNLISTED.lower()].stickers[0], thread_id=topic.id)
    world.close_topic(FORUM, topic.id)
    await town.settle()
    [call] = sendings(town, FORUM)
    assert call.answer["description"] == "Bad Request: TOPIC_CLOSED"
    assert await town.faults() == {"telegram.text_failed": 1}
    await clock.advance(60)
    assert len(sendings(town, FORUM)) == 1
    await town.sends(CHEN, OTHER, FORUM)
    assert head(town.last(FORUM)) == words("proposal")


async def test_a_closed_topic_still_gets_its_reaction(town: Town) -> None:
    await town.lists(LISTED)
    world = town.world
    topic = world.add_topic(FORUM, "Quiet")
    sticker = world.send_sticker(
        FORUM, BORIS, world.library.sets[LISTED.lower()].stickers[0], thread_id=topic.id
    )
    world.close_topic(FORUM, topic.id)
    await town.settle()
    assert town.reaction(sticker) == "👌"
