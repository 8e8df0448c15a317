"""Sending when Telegram is busy, silent or broken: nothing lost, and doubled only where nobody could know."""

import pytest
from sqlalchemy import text

from bot import client
from sandbox.telegram.faults import FaultKind
from sandbox.telegram.ledger import Call
from services.version import VERSION
from tests.e2e.conftest import Log
from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

WAIT = 7  # seconds that a 429 of these tests asks for
SHORT = 0.2  # real seconds until a call is given up, where a test waits for that
VERSION_LINE = words("version", version=VERSION)


def sendings(town: Town, chat: int) -> list[Call]:
    """Every try to write into a chat."""
    return [call for call in town.world.ledger.of("sendMessage") if call.params["chat_id"] == chat]


async def outcomes(town: Town, kind: str = "text") -> list[tuple[object, ...]]:
    """(state, doubts) of each message of a kind."""
    return await town.rows("SELECT state, doubts FROM messages WHERE kind = :kind ORDER BY id", kind=kind)


async def test_after_a_429_a_chat_rests_exactly_as_long_as_told_and_others_go_on(
    town: Town, clock: TownClock
) -> None:
    world = town.world
    world.faults.add("429", "sendMessage", chat_id=CHEN, times=1, retry_after=WAIT)
    for said in ("/version", "/whoami", "/nothing_known"):
        world.send_text(CHEN, CHEN, said)
    world.send_text(ADMIN, ADMIN, "/version")
    await town.rest()
    assert len(town.sent(ADMIN)) == 1
    assert [call.status for call in sendings(town, CHEN)] == [429]
    await clock.advance(WAIT - 0.01)
    assert len(sendings(town, CHEN)) == 1
    await clock.advance(0.02)
    answers = [VERSION_LINE, "Chen", words("unknown-command")]
    assert [head(message) for message in town.sent(CHEN)] == answers
    first, second, *_ = sendings(town, CHEN)
    assert WAIT <= second.at - first.at < WAIT + 0.02
    world.send_text(ADMIN, ADMIN, "/version")
    await town.rest()
    assert len(town.sent(ADMIN)) == 2
    assert await town.faults() == {"telegram.text_delayed": 1}


async def test_each_429_is_waited_for_anew(town: Town, clock: TownClock) -> None:
    town.world.faults.add("429", "sendMessage", times=2, retry_after=WAIT)
    town.world.faults.add("429", "sendMessage", times=1, retry_after=40)
    town.world.send_text(CHEN, CHEN, "/version")
    await clock.advance(2 * WAIT + 40 + 1)
    times = [call.at - sendings(town, CHEN)[0].at for call in sendings(town, CHEN)]
    assert times == pytest.approx([0, WAIT, 2 * WAIT, 2 * WAIT + 40], abs=0.02)
    assert len(town.sent(CHEN)) == 1


async def test_a_429_for_a_reaction_is_waited_for_too(town: Town, clock: TownClock) -> None:
    await town.lists(LISTED)
    town.world.faults.add("429", "setMessageReaction", times=1, retry_after=WAIT)
    calls = len(town.world.ledger.of("setMessageReaction"))
    sticker = town.world.send_sticker(GROUP, BORIS, town.world.library.sets[LISTED.lower()].stickers[0])
    await clock.advance(WAIT - 0.1)
    assert town.reaction(sticker) is None
    await clock.advance(0.2)
    assert town.reaction(sticker) == "👌"
    assert len(town.world.ledger.of("setMessageReaction")) == calls + 2


async def test_a_text_whose_answer_was_lost_is_repeated_once_and_counted(
    town: Town, clock: TownClock
) -> None:
    town.world.faults.add("lost_answer", "sendMessage", times=1)
    town.world.send_text(CHEN, CHEN, "/version")
    await clock.advance(120)
    assert [message.text for message in town.sent(CHEN)] == [VERSION_LINE] * 2
    assert await outcomes(town) == [("sent", 1)]
    assert await town.faults() == {"telegram.text_repeated": 1}
    await town.says(ADMIN, "/stats")
    assert "1 sent twice" in town.last(ADMIN).text


async def test_the_one_repeat_of_a_doubtful_text_waits_until_telegram_answers_again(
    town: Town, clock: TownClock
) -> None:
    town.world.faults.add("lost_answer", "sendMessage", times=1)
    town.world.faults.add("500", "getMe", seconds=300)
    town.world.send_text(CHEN, CHEN, "/version")
    await clock.advance(250)
    assert len(sendings(town, CHEN)) == 1
    await clock.advance(150)
    assert len(sendings(town, CHEN)) == 2
    assert await outcomes(town) == [("sent", 1)]


async def test_a_text_whose_answer_was_lost_twice_is_left_as_unknown_and_counted(
    town: Town, clock: TownClock
) -> None:
    town.world.faults.add("lost_answer", "sendMessage", times=2)
    town.world.send_text(CHEN, CHEN, "/version")
    await clock.advance(120)
    assert len(sendings(town, CHEN)) == 2
    assert await outcomes(town) == [("unknown", 1)]
    assert await town.faults() == {"telegram.text_repeated": 1, "telegram.text_unknown": 1}
    await town.says(ADMIN, "/stats")
    assert "1 of unknown outcome" in town.last(ADMIN).text
    await town.says(CHEN, "/whoami")
    assert head(town.last(CHEN)) == "Chen"  # the chat goes on


@pytest.mark.parametrize("method", ["setMessageReaction", "editMessageText"])
async def test_what_may_be_done_twice_is_repeated_until_its_answer_comes(
    town: Town, clock: TownClock, method: str
) -> None:
    sticker = await town.sends(CHEN, UNLISTED, GROUP)
    proposal = town.last(GROUP)
    town.world.faults.add("lost_answer", method, times=4)
    town.world.press(GROUP, proposal.message_id, CHEN, proposal.buttons[0][0]["callback_data"])
    await clock.advance(60)
    assert len(town.world.ledger.of(method)) == 5
    assert town.reaction(sticker) == "👍"
    assert not proposal.buttons
    assert len(town.sent(GROUP)) == 2
    assert {state for state, _ in await town.rows("SELECT state, id FROM messages")} == {"sent", "dropped"}


@pytest.mark.parametrize("kind", ["refused", "timeout"])
async def test_a_text_that_got_no_answer_is_delivered_by_its_one_repetition(
    outside: Outside, clock: TownClock, monkeypatch: pytest.MonkeyPatch, kind: FaultKind
) -> None:
    monkeypatch.setattr(client, "CALL_TIME", SHORT)
    async with outside.hub() as town:
        await town.rest()
        town.world.faults.add(kind, "sendMessage", times=1)
        town.world.send_text(CHEN, CHEN, "/version")
        await town.until(lambda: bool(sendings(town, CHEN)))
        while not await town.faults():
            await town.rest()
        await clock.advance(60)
        assert [call.applied for call in sendings(town, CHEN)] == [False, True]
        assert len(town.sent(CHEN)) == 1
        assert await outcomes(town) == [("sent", 1)]
        assert await town.faults() == {"telegram.text_repeated": 1}


@pytest.mark.parametrize("kind", ["500", "502"])
async def test_what_telegram_fails_at_is_delivered_exactly_once_afterwards(
    town: Town, clock: TownClock, kind: FaultKind
) -> None:
    world = town.world
    sticker = await town.sends(CHEN, UNLISTED)
    for method in ("sendMessage", "editMessageText", "setMessageReaction"):
        world.faults.add(kind, method, seconds=30)
    world.press(CHEN, town.last(CHEN).message_id, CHEN, town.last(CHEN).buttons[0][0]["callback_data"])
    world.send_text(ADMIN, ADMIN, "/version")
    await clock.advance(29)
    assert (len(town.sent(CHEN)), len(town.sent(ADMIN))) == (1, 0)
    tries = [call.at for call in sendings(town, ADMIN)]
    assert 3 <= len(tries) <= 10  # neither given up nor hammered
    await clock.advance(120)
    assert [message.text for message in town.sent(ADMIN)] == [VERSION_LINE]
    assert [head(message) for message in town.sent(CHEN)][1:] == [words("added")]
    assert town.reaction(sticker) == "👍"
    assert [call.applied for call in sendings(town, ADMIN)].count(True) == 1
    assert await outcomes(town) == [("sent", 0)] * 3


async def test_the_order_in_a_chat_outlives_failures(town: Town, clock: TownClock) -> None:
    kinds: tuple[FaultKind, ...] = ("500", "429", "502", "429", "500")
    for kind in kinds:
        town.world.faults.add(kind, "sendMessage", times=1, retry_after=3)
    for command in ("/version", "/whoami", "/nothing_known", "/version"):
        town.world.send_text(CHEN, CHEN, command)
    await clock.advance(120)
    answers = [VERSION_LINE, "Chen", words("unknown-command"), VERSION_LINE]
    assert [head(message) for message in town.sent(CHEN)] == answers
    assert len(sendings(town, CHEN)) == len(kinds) + len(answers)


async def test_a_press_whose_answer_failed_still_has_its_effect(town: Town) -> None:
    await town.sends(CHEN, UNLISTED)
    town.world.faults.add("500", "answerCallbackQuery", times=1)
    assert await town.presses(CHEN, town.last(CHEN)) is None
    assert head(town.last(CHEN)) == words("added")
    assert await town.faults() == {"telegram.answer_failed": 1}
    assert len(town.world.ledger.of("answerCallbackQuery")) == 1


async def test_a_message_that_cannot_be_made_is_counted_and_holds_up_nobody(
    town: Town, clock: TownClock, log: Log
) -> None:
    log.may_hold_errors = True
    await town.says(CHEN, "/version")
    broken = text(
        "INSERT INTO messages (kind, chat_id, language, content, state, due_at, correlation_id, created_at)"
        " SELECT kind, chat_id, language, :content, 'waiting', due_at, correlation_id, created_at"
        " FROM messages WHERE id = 1"
    )
    contents = [{"content": '{"texts": 5}'}, {"content": '{"texts": [{"key": "version", "params": {}}]}'}]
    await town.switchboard.hub.database.write(lambda tx: tx.execute(broken, contents))
    await town.says(CHEN, "/whoami")
    await clock.advance(30)
    assert [head(message) for message in town.sent(CHEN)] == [VERSION_LINE, "Chen"]
    assert await outcomes(town) == [("sent", 0), ("failed", 0), ("failed", 0), ("sent", 0)]
    assert await town.faults() == {"telegram.text_failed": 2}
