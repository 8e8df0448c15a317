"""Decisions by those who may not decide, on messages that are no cards, and too late: all without effect."""

from collections.abc import AsyncIterator

import pytest

from storage import chats
from tests.e2e.council import OFFICE, asked, button, council, journal, listed, states
from tests.e2e.operating import steps
from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, UNLISTED, Outside, Town, TownClock

DAY = 86400.0


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    async with council(outside) as town_with_admins:
        yield town_with_admins


async def test_a_stranger_who_presses_is_refused_and_journaled(town: Town) -> None:
    card = await asked(town)
    town.world.join(OFFICE, CHEN)
    town.world.add_person(first_name="Dana")
    for name in ("yes", "no"):
        answer = await town.presses(CHEN, card, button(card, name))
        assert answer is not None
        assert (answer.text, answer.show_alert) == (words("error-not-allowed"), True)
    assert await states(town) == ["pending"]
    assert card.buttons
    assert (await journal(town)).count((f"user:{CHEN}", "refused")) == 2


async def test_a_strangers_reaction_is_passed_over_in_silence_and_journaled(town: Town) -> None:
    card = await asked(town)
    town.world.join(OFFICE, CHEN)
    await town.reacts(CHEN, card, "👍")
    assert await states(town) == ["pending"]
    assert town.last(OFFICE) is card
    assert (f"user:{CHEN}", "refused") in await journal(town)


async def test_who_is_no_admin_any_more_cannot_decide(outside: Outside) -> None:
    """Roles are believed for a minute, but a decision asks Telegram afresh."""
    async with council(outside, ADMIN_IDS="") as town:
        town.world.make_admin(OFFICE, BORIS)
        await town.says(BORIS, "/pending", OFFICE)
        card = await asked(town)
        town.world.demote(OFFICE, BORIS)
        answer = await town.presses(BORIS, card, button(card, "yes"))
        assert answer is not None
        assert answer.text == words("error-not-allowed", "ru")
        assert await states(town) == ["pending"]


async def test_a_forwarded_card_decides_nothing(town: Town) -> None:
    card = await asked(town)
    yes = button(card, "yes")
    copy = town.world.forward(OFFICE, card.message_id, ADMIN, ADMIN)
    await town.settle()
    await town.reacts(ADMIN, copy, "👍")
    query = town.world.press_forged(ADMIN, copy.message_id, ADMIN, yes)
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("error-stale-card"), True)
    assert await states(town) == ["pending"]


async def test_a_card_is_good_only_on_its_own_message(town: Town) -> None:
    town.world.add_set("Owls_by_bot")
    card, other = await asked(town), await asked(town, CHEN, CHEN, "Owls_by_bot")
    query = town.world.press_forged(OFFICE, other.message_id, ADMIN, button(card, "yes"))
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert answer.text == words("error-stale-card")
    assert await states(town) == ["pending", "pending"]


async def test_a_reaction_in_another_chat_on_a_message_of_the_same_number_decides_nothing(
    town: Town,
) -> None:
    card = await asked(town)
    while True:
        message = town.world.send_text(GROUP, ADMIN, "so many words")
        if message.message_id >= card.message_id:
            break
    same = town.world.message(GROUP, card.message_id)
    await town.reacts(ADMIN, same, "👍")
    assert await states(town) == ["pending"]


async def test_an_update_that_comes_again_decides_once(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "yes"))
    said = len(town.sent(GROUP)) + len(town.sent(OFFICE))
    pressed = next(each for each in reversed(town.world.updates.emitted) if "callback_query" in each)
    town.world.updates.repeat(pressed["update_id"])
    await town.settle()
    assert len(town.sent(GROUP)) + len(town.sent(OFFICE)) == said
    assert (await journal(town)).count((f"user:{ADMIN}", "approve")) == 1


async def test_a_card_that_ran_out_is_closed_and_everybody_is_told(town: Town, clock: TownClock) -> None:
    card = await asked(town)
    yes = button(card, "yes")
    await clock.leap(7 * DAY)
    await clock.advance(60)
    await town.settle()
    assert await states(town) == ["expired"]
    assert head(card).startswith(words("approval-expired", at="")[:-1])
    assert not card.buttons
    assert town.last(GROUP).text == words("expired", title="Moon Dogs")
    assert head(town.last(OFFICE)) == words("approvals-expired", count=1)
    query = town.world.press_forged(OFFICE, card.message_id, ADMIN, yes)
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert answer.text
    assert answer.text.startswith(words("first-expired", at="")[:10])
    assert await listed(town) == []


async def test_who_asked_in_a_group_with_a_new_number_is_told_there(town: Town) -> None:
    plain = town.world.add_group("Old Friends", [CHEN], chat_type="group")
    for _ in range(5):  # so that it takes the new group a while to come to the sticker's number
        await town.says(CHEN, "hello", plain.id)
    card = await asked(town, CHEN, plain.id)
    [(source,)] = await town.rows("SELECT source_message FROM approval_requests")
    there = town.world.migrate(plain.id)
    await town.settle()
    same = await town.says(CHEN, "hello", there.id)
    while same.message_id < int(str(source)):
        same = await town.says(CHEN, "hello", there.id)
    assert same.message_id == source
    await town.presses(ADMIN, card, button(card, "yes"))
    told = town.last(there.id)
    assert head(told) == words("approved", name="Alice")
    assert told.reply_to is None, "numbers of the old group mean other messages here"
    assert same.reactions == {}
    assert await listed(town) == [UNLISTED]


async def test_who_asked_where_the_bot_is_not_any_more_hears_nothing_and_the_set_is_added(
    town: Town,
) -> None:
    card = await asked(town)
    said = len(town.sent(GROUP))
    town.world.kick_bot(GROUP)
    await town.settle()
    before = town.world.ledger.last
    await town.presses(ADMIN, card, button(card, "yes"))
    assert await listed(town) == [UNLISTED]
    assert head(card).startswith(words("approval-approved", name="Alice", at=""))
    made = [call for call in town.world.ledger.calls if call.n > before]
    tried = [call.method for call in made if call.params.get("chat_id") == GROUP]
    assert tried == ["editMessageText"], "it is refused, and the rest goes with it"
    town.world.add_bot(GROUP)
    await steps(town, 120)
    heads = [head(each) for each in town.sent(GROUP)[said:]]
    assert words("approved", name="Alice") not in heads, "nothing comes late"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("A" * 64, "<b>Bold</b> & *stars* _lines_ [x](y)"),
        ("Rtl_by_bot", "مجموعة ملصقات"),
        ("Emoji_by_bot", "🐕‍🦺🌙👨‍👩‍👧"),
    ],
)
async def test_titles_and_names_of_any_shape_are_shown_as_they_are(town: Town, name: str, title: str) -> None:
    town.world.add_set(name, title)
    town.world.people[CHEN].last_name = "<i>_*"
    card = await asked(town, CHEN, CHEN, name)
    assert title in card.text
    assert "Chen <i>_*" in card.text
    await town.presses(ADMIN, card, button(card, "no"))
    told = words("rejected", name="Alice", title="TITLE").replace("TITLE", title)
    assert town.last(CHEN).text.replace("\u2068", "").replace("\u2069", "") == told


async def test_nobody_may_ask_in_a_chat_where_proposals_are_off(town: Town) -> None:
    await town.says(CHEN, "hello", GROUP)
    database = town.switchboard.hub.database
    await database.write(lambda tx: chats.choose(tx, GROUP, proposals=False))
    await town.sends(CHEN, UNLISTED, GROUP)
    assert town.sent(GROUP) == []
    await town.sends(CHEN, UNLISTED)
    assert head(town.last(CHEN)) == words("proposal")
