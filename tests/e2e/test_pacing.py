"""Telegram's limits as the stand-in enforces them: kept by all messages, felt by as few as possible."""

from collections.abc import AsyncIterator

import pytest

from bot.pacing import DOCUMENTED
from sandbox.telegram.limits import Pace
from tests.e2e.posting import Post, line, post
from tests.e2e.wire import new_wire
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

LONG = 30  # seconds that a 429 of these tests asks for
SOON = 0.1


@pytest.fixture
async def town(outside: Outside, clock: TownClock) -> AsyncIterator[Town]:
    """A hub at Telegram's pace that knows a set, and a stand-in that refuses more."""
    async with outside.hub() as unpaced:
        await unpaced.lists(LISTED, ADMIN)
    await clock.advance(60)
    outside.world.limit(Pace())
    async with outside.hub(pace=DOCUMENTED) as paced:
        await paced.rest()
        yield paced


def refused(town: Town) -> list[str]:
    return [call.method for call in town.world.ledger.calls if call.status == 429]


def several(chat: int, count: int) -> list[Post]:
    return [Post(chat, line(f"{number} of {count}")) for number in range(count)]


def heard(town: Town, chat: int) -> int:
    """How much of what a test wrote has arrived."""
    return sum(message.text.startswith("•") for message in town.sent(chat))


async def test_a_chat_hears_three_things_at_once_then_one_a_second_and_nobody_waits_for_it(
    town: Town, clock: TownClock
) -> None:
    await post(town, several(CHEN, 6) + several(ADMIN, 1))
    await town.rest()
    assert (heard(town, CHEN), heard(town, ADMIN)) == (3, 1)
    for so_far in (4, 5, 6):
        await clock.advance(1 + SOON)
        assert heard(town, CHEN) == so_far
    assert not refused(town)


async def test_a_group_hears_twenty_things_a_minute(town: Town, clock: TownClock) -> None:
    await post(town, several(GROUP, 25) + several(FORUM, 2))
    await clock.advance(58)
    assert (heard(town, GROUP), heard(town, FORUM)) == (20, 2)
    await clock.advance(10)
    assert [message.text for message in town.sent(GROUP)] == [f"• {number} of 25" for number in range(25)]
    assert not refused(town)


async def test_everybody_together_hears_thirty_things_a_second(outside: Outside, clock: TownClock) -> None:
    outside.world.limit(Pace(chat_burst=1000, group_per_minute=1000))
    async with outside.hub(pace=DOCUMENTED) as town:
        await post(town, [one for chat in (ADMIN, BORIS, CHEN, GROUP, FORUM) for one in several(chat, 20)])
        await clock.advance(60)
        times = sorted(call.at for call in town.world.ledger.of("sendMessage", applied=True))
        assert len(times) == 100
        assert all(later - earlier >= 1 for earlier, later in zip(times, times[30:], strict=False))
        assert not refused(town)


async def test_many_stickers_in_a_group_are_all_thumbed_and_make_no_text_late(
    town: Town, clock: TownClock
) -> None:
    stickers = [
        town.world.send_sticker(GROUP, BORIS, town.world.library.sets[LISTED.lower()].stickers[0])
        for _ in range(100)
    ]
    await clock.advance(20)
    quick = [sticker for sticker in stickers if town.reaction(sticker)]
    assert 70 < len(quick) < 80  # a quarter of a text each
    await post(town, several(GROUP, 1))
    await clock.advance(70)
    assert all(town.reaction(sticker) for sticker in stickers)
    in_group = [call.method for call in town.world.ledger.calls if call.params.get("chat_id") == GROUP]
    assert in_group[len(quick)] == "sendMessage"
    assert not refused(town)


async def test_a_press_is_answered_at_once_while_its_chat_rests(town: Town, clock: TownClock) -> None:
    await town.sends(CHEN, UNLISTED)
    proposal = town.last(CHEN)
    await post(town, several(CHEN, 10))
    await town.rest()
    query = town.world.press(CHEN, proposal.message_id, CHEN, proposal.buttons[0][0]["callback_data"])
    await town.rest()
    assert town.world.queries.answer_of(query) is not None
    assert heard(town, CHEN) == 2  # and the proposal
    await clock.advance(15)
    assert not refused(town)


async def test_a_halt_of_a_chat_lasts_to_its_end_whatever_else_is_sent_meanwhile(
    town: Town, clock: TownClock
) -> None:
    town.world.faults.add("429", "sendMessage", chat_id=CHEN, times=1, retry_after=LONG)
    await post(town, several(CHEN, 2))
    for number in range(5):
        await post(town, [Post(ADMIN, line(f"other {number}"))])
        await clock.advance(LONG / 5 - SOON)
    assert heard(town, ADMIN) == 5
    assert heard(town, CHEN) == 0
    await clock.advance(1)
    assert heard(town, CHEN) == 2
    first, second, *_ = [
        call.at for call in town.world.ledger.of("sendMessage") if call.params["chat_id"] == CHEN
    ]
    assert LONG <= second - first < LONG + SOON


async def test_when_two_chats_are_refused_together_everybody_rests_until_the_later_end(
    town: Town, clock: TownClock
) -> None:
    await town.sends(ADMIN, UNLISTED)
    proposal = town.last(ADMIN)
    town.world.faults.add("429", "sendMessage", chat_id=CHEN, times=1, retry_after=LONG)
    town.world.faults.add("429", "sendMessage", chat_id=BORIS, times=1, retry_after=5)
    await post(town, several(CHEN, 1) + several(BORIS, 1))
    await town.rest()
    calls = town.world.ledger.last
    await post(town, several(ADMIN, 1) + several(GROUP, 1))
    query = town.world.press(ADMIN, proposal.message_id, ADMIN, proposal.buttons[0][0]["callback_data"])
    await clock.advance(LONG - 1)
    said = {call.method for call in town.world.ledger.calls if call.n > calls}
    assert said <= {"getUpdates"}
    await clock.advance(2)
    assert [heard(town, chat) for chat in (BORIS, CHEN, GROUP)] == [1, 1, 1]
    assert town.world.queries.answer_of(query) is not None


async def test_a_refused_answer_to_a_press_halts_everything_and_no_end_of_a_call_lifts_that(
    town: Town, clock: TownClock
) -> None:
    await town.sends(CHEN, UNLISTED)
    proposal = town.last(CHEN)
    town.world.faults.add("slow", "setMessageReaction", times=1, delay=10)
    sticker = town.world.send_sticker(GROUP, BORIS, town.world.library.sets[LISTED.lower()].stickers[0])
    await town.rest()
    town.world.faults.add("429", "answerCallbackQuery", times=1, retry_after=LONG)
    town.world.press(CHEN, proposal.message_id, CHEN, proposal.buttons[0][0]["callback_data"])
    await town.rest()
    await clock.advance(1)
    await post(town, several(ADMIN, 1))
    await clock.advance(LONG - 2)  # the reaction's answer comes in between
    assert town.reaction(sticker)
    assert heard(town, ADMIN) == 0
    await clock.advance(2)
    assert heard(town, ADMIN) == 1


async def test_a_restart_begins_with_what_was_said_before_it(outside: Outside, clock: TownClock) -> None:
    outside.world.limit(Pace())
    async with outside.hub(pace=DOCUMENTED) as town:
        await post(town, several(GROUP, 20))
        await clock.advance(30)
        await post(town, several(CHEN, 3))
        await town.rest()
        assert (heard(town, GROUP), heard(town, CHEN)) == (20, 3)
    async with outside.hub(pace=DOCUMENTED) as town:
        await post(town, several(GROUP, 3) + several(CHEN, 1))
        await town.rest()
        assert (heard(town, GROUP), heard(town, CHEN)) == (20, 3)
        await clock.advance(2)
        assert (heard(town, GROUP), heard(town, CHEN)) == (20, 4)
        await clock.advance(35)
        assert heard(town, GROUP) == 23
        assert not refused(town)


async def test_while_nobody_is_reached_one_message_a_second_tries(outside: Outside, clock: TownClock) -> None:
    chats = (ADMIN, BORIS, CHEN, GROUP, FORUM)
    async with (
        new_wire(outside.api_url) as wire,
        outside.hub(pace=DOCUMENTED, TELEGRAM_API_URL=wire.address) as town,
    ):
        await clock.advance(1)
        await wire.cut()
        await post(town, [one for chat in chats for one in several(chat, 3)])
        await clock.advance(20)
        tries = (await town.faults())["telegram.text_delayed"]
        assert 18 <= tries <= 22
        await wire.join()
        await clock.advance(1 + SOON)
        assert [heard(town, chat) for chat in chats] == [3] * 5


async def test_while_one_tries_to_reach_telegram_all_others_wait_for_what_comes_of_it(
    outside: Outside, clock: TownClock
) -> None:
    async with (
        new_wire(outside.api_url) as wire,
        outside.hub(pace=DOCUMENTED, TELEGRAM_API_URL=wire.address) as town,
    ):
        await clock.advance(1)
        await wire.cut()
        await post(town, several(CHEN, 2) + several(ADMIN, 2))
        await clock.advance(2)
        town.world.faults.add("slow", "sendMessage", times=1, delay=20)
        await wire.join()
        await clock.advance(15)
        assert len(town.world.ledger.of("sendMessage")) == 0  # written down when it is answered
        await clock.advance(10)
        assert (heard(town, CHEN), heard(town, ADMIN)) == (2, 2)
