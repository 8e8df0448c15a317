"""Messages that waited longer than ten minutes while the hub was down."""

import pytest

from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, TownClock


async def test_the_newest_of_a_private_chat_is_answered_and_says_how_many_were_skipped(
    outside: Outside, clock: TownClock
) -> None:
    for number in range(3):
        outside.world.send_text(BORIS, BORIS, f"old message {number}")
    outside.world.send_sticker(BORIS, BORIS, outside.world.library.sets["moondogs"].stickers[0])
    await clock.leap(601)
    async with outside.hub() as town:
        await town.settle()
        told, proposal = town.sent(BORIS)
        assert told.text == words("skipped", "ru", count=3)
        assert head(proposal) == words("proposal", "ru")
        await town.says(BORIS, "a new one")
        assert [message.text for message in town.sent(BORIS)][2:] == [words("unrecognised", "ru")]


async def test_one_late_message_is_answered_without_more_words(outside: Outside, clock: TownClock) -> None:
    outside.world.send_text(CHEN, CHEN, "/version")
    await clock.leap(3600)
    async with outside.hub() as town:
        await town.settle()
        [answer] = town.sent(CHEN)
        assert answer.text.startswith("Switchboard")


async def test_a_fresh_message_after_late_ones_is_the_one_that_is_answered(
    outside: Outside, clock: TownClock
) -> None:
    outside.world.send_text(CHEN, CHEN, "/start")
    await clock.leap(3600)
    outside.world.send_text(CHEN, CHEN, "/version")
    async with outside.hub() as town:
        await town.settle()
        told, answer = town.sent(CHEN)
        assert told.text == words("skipped", count=1)
        assert answer.text.startswith("Switchboard")


async def test_ten_minutes_are_not_late(outside: Outside, clock: TownClock) -> None:
    outside.world.send_text(CHEN, CHEN, "/version")
    outside.world.send_text(CHEN, CHEN, "/version")
    await clock.leap(600)
    async with outside.hub() as town:
        await town.settle()
        assert [message.text.split()[0] for message in town.sent(CHEN)] == ["Switchboard"] * 2


async def test_late_messages_of_a_group_are_recorded_in_silence(outside: Outside, clock: TownClock) -> None:
    sticker = outside.world.library.sets["moondogs"].stickers[0]
    late = outside.world.send_sticker(GROUP, BORIS, sticker)
    await clock.leap(601)
    async with outside.hub() as town:
        await town.settle()
        assert not town.sent(GROUP)
        assert town.reaction(late) is None
        assert await town.rows("SELECT state FROM jobs WHERE topic = 'telegram'") == [("done",)]
        assert await town.faults() == {}


async def test_each_private_chat_counts_for_itself(outside: Outside, clock: TownClock) -> None:
    for who, count in ((ADMIN, 2), (CHEN, 6)):
        for _ in range(count):
            outside.world.send_text(who, who, "/version")
    await clock.leap(700)
    async with outside.hub() as town:
        await town.settle()
        assert town.sent(ADMIN)[0].text == words("skipped", count=1)
        assert town.sent(CHEN)[0].text == words("skipped", count=5)
        assert (len(town.sent(ADMIN)), len(town.sent(CHEN))) == (2, 2)


@pytest.mark.parametrize("minutes", [15, 60])
async def test_messages_stored_before_the_hub_stopped_are_late_too(
    outside: Outside, clock: TownClock, minutes: int
) -> None:
    outside.world.faults.add("500", "getMe")  # stored, but not worked: nobody knows Telegram yet
    async with outside.hub() as town:
        for _ in range(3):
            outside.world.send_text(CHEN, CHEN, "/version")
        await town.rest()
        assert await town.rows("SELECT state FROM jobs WHERE topic = 'telegram'") == [("waiting",)] * 3
    outside.world.faults.clear()
    await clock.leap(minutes * 60)
    async with outside.hub() as town:
        await town.settle()
        assert head(town.sent(CHEN)[0]) == words("skipped", count=2)
        assert len(town.sent(CHEN)) == 2


async def test_a_late_press_still_counts_once_the_hub_is_back(outside: Outside, clock: TownClock) -> None:
    async with outside.hub() as town:
        await town.sends(BORIS, UNLISTED, GROUP)
        proposal = town.last(GROUP)
    query = outside.world.press(GROUP, proposal.message_id, CHEN, press_buttons(proposal)[0])
    await clock.leap(100)  # Telegram keeps presses for 150 s
    async with outside.hub() as town:
        await town.settle()
        answer = town.world.queries.answer_of(query)
        assert answer is not None
        assert answer.text == words("added")


async def test_late_edits_and_memberships_are_no_messages_to_skip(outside: Outside, clock: TownClock) -> None:
    async with outside.hub() as town:
        message = await town.says(CHEN, "hello")
    outside.world.edit(CHEN, message.message_id, LISTED)
    outside.world.send_text(CHEN, CHEN, "/version")
    await clock.leap(3600)
    async with outside.hub() as town:
        await town.settle()
        assert [head(answer) for answer in town.sent(CHEN)][1:] == [town.last(CHEN).text]
