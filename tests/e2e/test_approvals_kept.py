"""Approvals over time: cards that reached nobody, what got there in another way, joining, and too many."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.e2e.council import OFFICE, asked, button, council, journal, listed, states
from tests.e2e.operating import steps
from tests.e2e.wording import head, words
from tests.town import ADMIN, API_KEY, BORIS, CHEN, GROUP, UNLISTED, Outside, Town, TownClock

DAY = 86400.0


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    async with council(outside) as town_with_admins:
        yield town_with_admins


# Cards that reached nobody


async def test_cards_come_when_the_bot_is_let_back_into_the_office(town: Town) -> None:
    town.world.kick_bot(OFFICE)
    await town.settle()
    await town.sends(CHEN, UNLISTED)
    await town.presses(CHEN, town.last(CHEN))
    await steps(town, 600)  # longer than cards would be tried
    assert town.sent(OFFICE) == []
    assert await town.switchboard.hub.upkeep.unseen() is not None
    assert (await town.faults())["approvals.unseen"] == 1
    town.world.add_bot(OFFICE)
    await steps(town, 120)
    [card] = [each for each in town.sent(OFFICE) if head(each) == words("approval-add")]
    assert await town.switchboard.hub.upkeep.unseen() is None
    await town.presses(ADMIN, card, button(card, "yes"))
    assert await listed(town) == [UNLISTED]


async def test_cards_come_again_where_the_office_has_a_new_number(outside: Outside) -> None:
    plain = outside.world.add_group("Old office", [ADMIN, BORIS], chat_type="group")
    async with council(outside, ADMIN_CHAT_ID=str(plain.id)) as town:
        await town.sends(CHEN, UNLISTED)
        await town.presses(CHEN, town.last(CHEN))
        there = town.world.migrate(plain.id)
        await steps(town, 120)
        card = town.last(there.id)
        await town.presses(ADMIN, card, button(card, "yes"))
        assert not card.buttons
        assert await listed(town) == [UNLISTED]


async def test_an_admin_who_starts_the_bot_later_is_shown_what_waits(outside: Outside) -> None:
    dana = outside.world.add_person(first_name="Dana", started=False).id
    async with outside.hub(GALLERY_APPROVAL="auto", ADMIN_IDS=str(dana)) as town:
        await town.sends(CHEN, UNLISTED)
        await town.presses(CHEN, town.last(CHEN))
        await steps(town, 120)
        assert (await town.faults())["approvals.unseen"] == 1
        await town.says(dana, "/start")
        await steps(town, 120)
        assert [head(each) for each in town.sent(dana)].count(words("approval-add")) == 1


# What got there in another way


async def test_what_a_program_lists_meanwhile_is_settled(town: Town) -> None:
    card = await asked(town)
    async with httpx.AsyncClient(base_url=town.address, headers={"X-API-Key": API_KEY}) as program:
        body = {"title": "Moon Dogs", "kind": "regular", "count": 5}
        (await program.put(f"/gallery/sets/{UNLISTED}", json=body)).raise_for_status()
    await steps(town, 130)
    assert await states(town) == ["approved"]
    assert head(card).startswith(words("approval-found", at="")[:20])
    assert not card.buttons
    assert head(town.last(GROUP)) == words("listed-already")


async def test_an_admins_add_of_what_is_there_by_now_decides_too(town: Town) -> None:
    await town.sends(ADMIN, UNLISTED)
    offer = town.last(ADMIN)
    card = await asked(town)
    async with httpx.AsyncClient(base_url=town.address, headers={"X-API-Key": API_KEY}) as program:
        body = {"title": "Moon Dogs", "kind": "regular", "count": 5}
        (await program.put(f"/gallery/sets/{UNLISTED}", json=body)).raise_for_status()
    await town.presses(ADMIN, offer)
    assert await states(town) == ["approved"]
    assert not card.buttons


async def test_a_no_is_over_once_somebody_has_added_it_all_the_same(town: Town, clock: TownClock) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    await steps(town, 1)
    await town.lists(UNLISTED, ADMIN)
    await town.switchboard.hub.gallery.sets.remove(UNLISTED, "key:1")
    other = town.world.add_group("Others", [CHEN])
    await town.sends(CHEN, UNLISTED, other.id)
    assert head(town.last(other.id)) == words("proposal")


# Joining, and asking too much


async def test_who_joins_at_the_last_moment_has_seven_days_too(town: Town, clock: TownClock) -> None:
    card = await asked(town)
    await clock.leap(7 * DAY - 20)
    await town.sends(BORIS, UNLISTED)  # so that time is seen to have passed
    await town.sends(CHEN, UNLISTED)
    await town.presses(CHEN, town.last(CHEN))
    await steps(town, 120)
    assert await states(town) == ["pending"]
    await town.presses(ADMIN, card, button(card, "yes"))
    assert await listed(town) == [UNLISTED]


async def test_the_card_counts_people_and_tells_at_once_who_joined(town: Town) -> None:
    card = await asked(town)
    dana = town.world.add_person(first_name="Dana", started=True).id
    for _ in range(2):
        await town.sends(dana, UNLISTED)
        await town.presses(dana, town.last(dana))
    assert words("approval-asked-too", count=1) in card.text
    await town.presses(ADMIN, card, button(card, "yes"))
    assert [head(each) for each in town.sent(dana)].count(words("approved", name="Alice")) == 1
    assert await town.rows("SELECT DISTINCT state FROM proposals") == [("added",)]


async def test_nobody_has_more_than_ten_requests_waiting(town: Town) -> None:
    for number in range(11):
        name = f"Set{number}_by_x"
        town.world.add_set(name)
        await town.sends(CHEN, name)
        answer = await town.presses(CHEN, town.last(CHEN))
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("too-many-pending", most=10), True)
    assert len(town.sent(OFFICE)) == 10
    await town.reacts(CHEN, town.last(CHEN), "👍")
    assert town.last(CHEN).text == words("too-many-pending", most=10)
    card = town.last(OFFICE)
    await town.presses(ADMIN, card, button(card, "yes"))
    offer = next(each for each in town.sent(CHEN) if each.buttons)
    await town.presses(CHEN, offer)
    assert len([each for each in town.sent(OFFICE) if each.buttons]) == 10


# Verdicts that do not count


async def test_a_decision_without_telegrams_word_on_who_it_is_gets_an_answer(town: Town) -> None:
    carl = town.world.add_person(first_name="Carl", started=True).id
    town.world.join(OFFICE, carl)
    town.world.make_admin(OFFICE, carl)
    card = await asked(town)
    await town.settle()
    town.world.faults.add("500", "getChatMember", times=50)
    await town.reacts(carl, card, "👍")
    assert town.last(OFFICE).text == words("error-unavailable")
    assert await states(town) == ["pending"]
    await town.presses(ADMIN, card, button(card, "no"))
    question = town.last(OFFICE)
    await town.says(carl, "because", OFFICE, reply_to=question.message_id)
    assert town.last(OFFICE).text == words("error-unavailable")
    assert await town.rows("SELECT reason FROM approvals") == [(None,)]


async def test_a_remark_of_another_admin_on_the_card_is_not_passed_on(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    told = town.last(GROUP)
    await town.says(BORIS, "Alice, who is that?", OFFICE, reply_to=card.message_id)
    assert town.last(GROUP) is told
    await town.says(ADMIN, "too many", OFFICE, reply_to=card.message_id)
    assert town.last(GROUP).text == words("rejected-why", title="Moon Dogs", reason="too many")


async def test_a_reason_in_the_groups_name_is_refused_with_a_hint(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    question = town.last(OFFICE)
    await town.says(ADMIN, "spam", OFFICE, reply_to=question.message_id, anonymous=True)
    assert town.last(OFFICE).text == words("error-anonymous")
    assert await town.rows("SELECT reason FROM approvals") == [(None,)]


async def test_who_says_the_same_twice_is_told_nothing(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "yes"))
    await town.reacts(ADMIN, card, "👍")
    assert town.last(OFFICE) is card
    await town.reacts(ADMIN, card, "👎")
    assert town.last(OFFICE) is not card


async def test_in_review_who_joined_a_request_does_not_decide_it(outside: Outside) -> None:
    async with council(outside, GALLERY_APPROVAL="review") as town:
        card = await asked(town)
        await town.sends(ADMIN, UNLISTED)
        await town.presses(ADMIN, town.last(ADMIN))
        refused = await town.presses(ADMIN, card, button(card, "yes"))
        assert refused is not None
        assert refused.text == words("error-own-request")
        await town.presses(BORIS, card, button(card, "yes"))
        assert await listed(town) == [UNLISTED]


async def test_a_cards_button_forged_in_another_chat_is_in_the_journal(town: Town) -> None:
    card = await asked(town)
    said = await town.says(CHEN, "/version")
    town.world.press_forged(CHEN, said.message_id + 1, CHEN, button(card, "yes"))
    await town.settle()
    assert await states(town) == ["pending"]
    assert (f"user:{CHEN}", "refused") in await journal(town)


async def test_for_several_at_once_telegram_is_asked_once_who_it_is(town: Town) -> None:
    names = [f"Set{number}_by_x" for number in range(4)]
    for name in names:
        town.world.add_set(name)
    await town.says(CHEN, " ".join(f"https://t.me/addstickers/{name}" for name in names))
    before = len(town.world.ledger.of("getChatMember"))
    await town.reacts(CHEN, town.last(CHEN), "👍")
    assert len(town.world.ledger.of("getChatMember")) - before == 1
