"""A sticker in a group: one test a row of the contract's table."""

import pytest

from sandbox.telegram.world import World
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

HOUR, DAY = 3600.0, 86400.0


async def test_a_listed_set_gets_a_reaction_and_no_words(town: Town) -> None:
    await town.lists(LISTED)
    sticker = await town.sends(BORIS, LISTED, GROUP)
    assert town.reaction(sticker) == "👌"
    assert not town.sent(GROUP)
    assert not [call for call in town.world.ledger.of("sendMessage") if call.params["chat_id"] == GROUP]


async def test_an_unlisted_set_is_proposed_as_a_reply_in_the_same_topic(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    sticker = await town.sends(BORIS, UNLISTED, FORUM, thread_id=topic.id)
    [proposal] = town.sent(FORUM)
    assert head(proposal) == words("proposal", "ru")
    assert proposal.reply_to is sticker
    assert (proposal.thread_id, proposal.is_topic) == (topic.id, True)
    assert len(press_buttons(proposal)) == 1
    assert town.reaction(sticker) is None


async def test_a_set_is_proposed_once_in_24_hours_and_chat(town: Town, clock: TownClock) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.sends(CHEN, UNLISTED, GROUP)
    assert len(town.sent(GROUP)) == 1
    await town.sends(CHEN, UNLISTED, FORUM)
    assert len(town.sent(FORUM)) == 1
    await clock.leap(DAY - 1)
    await town.sends(CHEN, UNLISTED, GROUP)
    assert len(town.world.ledger.of("sendMessage")) == 2
    await clock.leap(2)
    await town.sends(CHEN, UNLISTED, GROUP)
    assert len(town.world.ledger.of("sendMessage")) == 3


async def test_two_people_who_send_the_same_set_at_once_see_one_proposal(town: Town) -> None:
    sticker = town.world.library.sets[UNLISTED.lower()].stickers[0]
    for who in (ADMIN, BORIS, CHEN):
        town.world.send_sticker(GROUP, who, sticker)
    await town.settle()
    assert len(town.sent(GROUP)) == 1


async def test_a_set_written_in_another_case_is_the_same_set(town: Town) -> None:
    await town.says(BORIS, f"/check@{town.world.bot.username} {UNLISTED}", GROUP)
    await town.says(BORIS, f"/check@{town.world.bot.username} {UNLISTED.upper()}", GROUP)
    assert len(town.sent(GROUP)) == 1


async def test_a_group_is_shown_five_proposals_an_hour_at_most(town: Town, clock: TownClock) -> None:
    for number in range(7):
        town.world.add_set(f"Parade_{number}")
    for number in range(6):
        await town.sends(BORIS, f"Parade_{number}", GROUP)
    assert len(town.sent(GROUP)) == 5
    await clock.leap(HOUR - 1)
    await town.sends(BORIS, "Parade_6", GROUP)
    assert len(town.sent(GROUP)) == 5
    await clock.leap(2)
    await town.sends(BORIS, "Parade_6", GROUP)
    assert len(town.sent(GROUP)) == 6
    assert await town.faults() == {}


async def test_an_unpressed_proposal_is_deleted_after_24_hours(town: Town, clock: TownClock) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await clock.leap(DAY - 1)
    await town.settle()
    assert len(town.sent(GROUP)) == 1
    await clock.leap(2)
    await town.settle()
    assert not town.sent(GROUP)


async def test_a_pressed_proposal_is_not_deleted(town: Town, clock: TownClock) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    await town.presses(CHEN, proposal)
    await clock.leap(DAY + HOUR)
    await town.settle()
    assert not town.world.ledger.of("deleteMessage")
    assert len(town.sent(GROUP)) == 2


async def test_the_deletion_is_tried_again_when_telegram_fails(town: Town, clock: TownClock) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    town.world.faults.add("502", "deleteMessage", times=2)
    await clock.leap(DAY + 1)
    await clock.run_until(lambda: not town.sent(GROUP), limit=60)
    assert len(town.world.ledger.of("deleteMessage")) == 3


async def test_a_proposal_that_somebody_else_deleted_is_nothing_to_report(
    town: Town, clock: TownClock
) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    town.world.delete(GROUP, proposal.message_id)
    await clock.leap(DAY + 1)
    await town.settle()
    assert await town.faults() == {}


async def test_a_sticker_without_a_set_is_passed_over(town: Town) -> None:
    town.world.send_sticker(GROUP, BORIS, town.world.library.add_loose())
    await town.settle()
    assert silent_in(town.world, GROUP)


async def test_a_deleted_set_is_passed_over(town: Town) -> None:
    town.world.delete_set(UNLISTED)
    sticker = await town.sends(BORIS, UNLISTED, GROUP)
    assert silent_in(town.world, GROUP)
    assert town.reaction(sticker) is None
    assert await town.faults() == {}


@pytest.mark.parametrize("kind", ["500", "refused", "429"])
async def test_while_the_gallery_is_unreachable_it_is_only_counted(town: Town, kind: str) -> None:
    town.world.faults.add(kind, "getStickerSet", retry_after=600)  # type: ignore[arg-type]
    await town.sends(BORIS, UNLISTED, GROUP)
    assert silent_in(town.world, GROUP)
    assert await town.faults() == {"telegram.unavailable": 1}


async def test_a_set_that_could_not_be_looked_up_may_be_proposed_later_the_same_day(town: Town) -> None:
    town.world.faults.add("500", "getStickerSet", times=1)
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.sends(BORIS, UNLISTED, GROUP)
    assert len(town.sent(GROUP)) == 1


async def test_a_group_where_the_bot_is_a_plain_member_without_privacy_gets_the_same(town: Town) -> None:
    chat = town.world.add_group("Readers", [BORIS, CHEN], bot="member", privacy=False)
    await town.sends(BORIS, UNLISTED, chat.id)
    answer = await town.presses(CHEN, town.last(chat.id))
    assert answer is not None
    assert answer.text == words("added")


def silent_in(world: World, chat: int) -> bool:
    """Whether the bot did nothing in a chat that anybody could see."""
    calls = [call for call in world.ledger.calls if call.params.get("chat_id") == chat]
    return not calls and not world.sent(chat)


async def test_an_expired_proposal_in_a_topic_is_deleted_there(town: Town, clock: TownClock) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    await town.sends(BORIS, UNLISTED, FORUM, thread_id=topic.id)
    await clock.leap(86401)
    await town.settle()
    assert not town.sent(FORUM)


async def test_what_a_chat_takes_is_remembered_by_the_next_hub(outside: Outside) -> None:
    outside.world.chats[GROUP].available_reactions = ["👍"]
    async with outside.hub() as town:
        await town.lists(LISTED)
        await town.sends(BORIS, LISTED, GROUP)
    async with outside.hub() as town:
        await town.sends(BORIS, LISTED, GROUP)
        calls = town.world.ledger.of("setMessageReaction")[1:]  # the first was in a private chat
        tried = [(call.params["reaction"][0]["emoji"], call.status) for call in calls]
        assert tried == [("👌", 400), ("👍", 200), ("👍", 200)]
