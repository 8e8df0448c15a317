"""Buttons in the wrong hands: forged, stale, pressed by many, pressed too late."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox.telegram.messages import Message
from sandbox.telegram.queries import CallbackAnswer
from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

DAY = 86_400
OTHER = "SunCats"
STALE = words("error-stale-button")
PREFIXES = ("", "v1:", "v1:add:", "v1:lang:", "v1:menu:", "v2:add:", "v1:add", "V1:ADD:")
KNOWN = {"v1:lang:ru", "v1:lang:en", "v1:menu:help", "v1:menu:lang"}

forged_data = (
    st.tuples(st.sampled_from(PREFIXES), st.text())
    .map("".join)
    .filter(lambda data: 1 <= len(data.encode()) <= 64 and data not in KNOWN)
)


async def forges(town: Town, who: int, message: Message, data: str) -> CallbackAnswer | None:
    """A modified client sends data of its own choice; the bot's answer."""
    query_id = town.world.press_forged(message.chat.id, message.message_id, who, data)
    await town.settle()
    return town.world.queries.answer_of(query_id)


async def effects(town: Town) -> tuple[object, object]:
    """How many sets are listed and how many additions the journal knows."""
    return (
        await town.scalar("SELECT count(*) FROM sticker_sets"),
        await town.scalar("SELECT count(*) FROM journal"),
    )


def refused(answer: CallbackAnswer | None, words_: str = STALE) -> bool:
    """Whether somebody was told so, in a box they have to close."""
    return answer is not None and (answer.text, answer.show_alert) == (words_, True)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@example(data="v1:lang:xx")
@example(data="v1:add:" + "A" * 16)
@example(data="v1:add:../../etc")
@example(data="v1:add:' OR 1=1 --")
@example(data="v1:add:\n")
@example(data="\x00")
@example(data="я" * 32)
@given(data=forged_data)
async def test_forged_data_is_refused_in_words_and_changes_nothing(town: Town, data: str) -> None:
    if not town.sent(CHEN):
        await town.sends(CHEN, UNLISTED)
    proposal = town.sent(CHEN)[0]
    assert refused(await forges(town, CHEN, proposal, data)), data
    assert await effects(town) == (0, 0)
    assert town.sent(CHEN) == [proposal]
    assert proposal.buttons
    assert await town.faults() == {}


async def test_a_token_of_another_chat_opens_nothing(town: Town) -> None:
    town.world.add_set(OTHER)
    await town.sends(CHEN, UNLISTED)
    await town.sends(BORIS, OTHER, GROUP)
    [token] = press_buttons(town.last(CHEN))
    assert refused(await forges(town, ADMIN, town.last(GROUP), token))
    assert await effects(town) == (0, 0)


async def test_a_token_counts_only_on_the_message_that_bears_it(town: Town) -> None:
    town.world.add_set(OTHER)
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.sends(CHEN, OTHER, GROUP)
    first, second = town.sent(GROUP)
    assert refused(await forges(town, ADMIN, second, press_buttons(first)[0]))
    assert await effects(town) == (0, 0)
    assert not refused(await forges(town, ADMIN, first, press_buttons(first)[0]))
    assert await town.rows("SELECT name FROM sticker_sets") == [(UNLISTED,)]


async def test_a_proposal_forwarded_elsewhere_adds_nothing_there(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.says(ADMIN, "/version")
    forwarded = town.last(ADMIN)  # Telegram strips buttons off; a modified client need not
    assert refused(await forges(town, ADMIN, forwarded, press_buttons(town.last(GROUP))[0]))
    await town.reacts(ADMIN, forwarded, "👍")
    assert await effects(town) == (0, 0)


async def test_a_button_that_expired_says_so(town: Town, clock: TownClock) -> None:
    await town.sends(CHEN, UNLISTED)
    await clock.leap(31 * DAY)
    assert refused(await town.presses(CHEN, town.last(CHEN)))
    await town.reacts(CHEN, town.last(CHEN), "👍")
    assert await effects(town) == (0, 0)
    assert len(town.sent(CHEN)) == 1


async def test_the_second_to_press_is_told_who_added_it(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    proposal = town.last(GROUP)
    [token] = press_buttons(proposal)
    await town.presses(BORIS, proposal)
    said = len(town.sent(GROUP))
    assert refused(await forges(town, ADMIN, proposal, token), words("added-by", name="Борис"))
    await town.reacts(ADMIN, proposal, "👍")
    assert await effects(town) == (1, 1)
    assert await town.scalar("SELECT added_by FROM sticker_sets") == BORIS
    assert len(town.sent(GROUP)) == said


async def test_ten_presses_at_once_have_one_effect_and_ten_answers(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    proposal = town.last(GROUP)
    [token] = press_buttons(proposal)
    pressers = [ADMIN, CHEN] * 5
    queries = [town.world.press(GROUP, proposal.message_id, who, token) for who in pressers]
    await town.settle()
    told = [town.world.queries.answer_of(query) for query in queries]
    texts = [answer.text if answer else None for answer in told]
    assert texts[0] == words("added")
    assert texts[1:] == [words("added-by", name="Alice")] * 9
    assert await effects(town) == (1, 1)
    assert [head(message) for message in town.sent(GROUP)][1:] == [words("added")]
    assert len(town.world.ledger.of("editMessageText")) == 1
    assert len(town.world.ledger.of("setMessageReaction")) == 1


async def test_a_press_and_a_thumb_at_once_have_one_effect(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    proposal = town.last(GROUP)
    town.world.react(GROUP, proposal.message_id, ADMIN, ["👍"])
    query = town.world.press(GROUP, proposal.message_id, CHEN, press_buttons(proposal)[0])
    await town.settle()
    assert town.world.queries.answer_of(query) is not None
    assert await effects(town) == (1, 1)
    assert len(town.sent(GROUP)) == 2


async def test_two_chats_pressing_for_the_same_set_make_one_row_and_both_are_told(town: Town) -> None:
    stickers = {chat: await town.sends(CHEN, UNLISTED, chat) for chat in (CHEN, GROUP)}
    queries = [
        town.world.press(chat, town.last(chat).message_id, CHEN, press_buttons(town.last(chat))[0])
        for chat in stickers
    ]
    await town.settle()
    answers = [town.world.queries.answer_of(query) for query in queries]
    told = sorted(str(answer.text) for answer in answers if answer)
    assert told == sorted([words("added"), words("listed-already")])
    assert await effects(town) == (1, 1)
    for chat, sticker in stickers.items():
        assert head(town.last(chat)) in told
        assert link_buttons(town.last(chat)) == [f"https://t.me/addstickers/{UNLISTED}"]
        assert town.reaction(sticker) == "👍"
        assert not town.sent(chat)[0].buttons


async def test_a_set_listed_elsewhere_meanwhile_is_told_as_such(town: Town) -> None:
    await town.sends(CHEN, LISTED, GROUP)
    await town.lists(LISTED, ADMIN)
    answer = await town.presses(CHEN, town.last(GROUP))
    assert answer is not None
    assert answer.text == words("listed-already")
    assert await town.scalar("SELECT added_by FROM sticker_sets") == ADMIN
    assert (await effects(town)) == (1, 1)


async def test_a_button_on_a_message_too_old_to_be_shown_still_counts(town: Town) -> None:
    await town.sends(CHEN, UNLISTED)
    answer = await town.presses(CHEN, town.last(CHEN), inaccessible=True)
    assert answer is not None
    assert answer.text == words("added")
    assert await effects(town) == (1, 1)


async def test_a_press_that_is_worked_too_late_to_be_answered_bothers_nobody(
    outside: Outside, clock: TownClock
) -> None:
    async with outside.hub() as town:
        await town.sends(CHEN, UNLISTED)
        proposal = town.last(CHEN)
    outside.world.faults.add("500", "getMe")
    async with outside.hub() as town:
        query = town.world.press(CHEN, proposal.message_id, CHEN, press_buttons(proposal)[0])
        await town.rest()
        assert not town.world.updates.pending_count  # stored, and nobody works it yet
        await clock.leap(16 * 60)
        known = {kind for kind in await town.faults() if not kind.startswith("telegram.connecting.")}
        town.world.faults.clear()
        await clock.advance(20)
        await town.settle()
        assert town.world.queries.answer_of(query) is None
        assert [call.applied for call in town.world.ledger.of("answerCallbackQuery")] == [False]
        assert [head(message) for message in town.sent(CHEN)][1:] == [words("added")]
        assert await effects(town) == (1, 1)
        after = {kind for kind in await town.faults() if not kind.startswith("telegram.connecting.")}
        assert after == known == set()


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_forged_button_is_refused_in_the_pressers_language(town: Town, language: str) -> None:
    who = {"en": ADMIN, "ru": BORIS}[language]
    await town.says(who, "/version")
    answer = await forges(town, who, town.last(who), "v1:add:nothing")
    assert refused(answer, words("error-stale-button", language))
