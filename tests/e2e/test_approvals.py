"""Who must ask asks; admins decide on a card; everybody who asked hears of it where they asked."""

from collections.abc import AsyncIterator

import pytest

from services.engine.inbox import Topic
from services.engine.retry import TELEGRAM
from services.engine.schedule import HOUR
from services.engine.work import Work
from services.flow.approvals import Decider
from storage import sticker_sets
from storage.records import Job
from tests.e2e.council import OFFICE, asked, button, council, journal, listed, states
from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    async with council(outside) as town_with_admins:
        yield town_with_admins


# Asking


async def test_who_must_ask_is_told_so_and_a_card_goes_to_the_admins(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    [proposal] = town.sent(GROUP)
    answer = await town.presses(CHEN, proposal)
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("sent-for-approval", count=1), False)
    assert proposal.text == words("proposal-asked", name="Chen", title="Moon Dogs")
    assert not proposal.buttons
    [card] = town.sent(OFFICE)
    assert card.text.split("\n") == [
        words("approval-add"),
        words("approval-asked-in", name="Chen", user_id=CHEN, chat="Sticker Fans"),
        words("approval-effect-add-stickerset"),
        "Moon Dogs",
        words("fact-count", count=5),
    ]
    assert [name.split(":")[1] for name in press_buttons(card)] == ["yes", "no"]
    assert await listed(town) == []


async def test_a_thumb_up_on_the_proposal_asks_like_the_button(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.reacts(CHEN, town.last(GROUP), "👍")
    assert len(town.sent(OFFICE)) == 1
    assert await town.rows("SELECT asker, asker_name, chat_id FROM approvals") == [(CHEN, "Chen", GROUP)]


async def test_an_admin_adds_at_once(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.presses(BORIS, town.last(GROUP))
    assert await listed(town) == [UNLISTED]
    assert town.sent(OFFICE) == []


async def test_without_any_admin_everybody_adds(outside: Outside) -> None:
    async with outside.hub(GALLERY_APPROVAL="auto", ADMIN_IDS="") as town:
        await town.lists(UNLISTED)
        assert await listed(town) == [UNLISTED]


async def test_in_review_admins_ask_too_and_another_one_decides(outside: Outside) -> None:
    async with council(outside, GALLERY_APPROVAL="review") as town:
        card = await asked(town, ADMIN)
        refused = await town.presses(ADMIN, card, button(card, "yes"))
        assert refused is not None
        assert (refused.text, refused.show_alert) == (words("error-own-request"), True)
        await town.reacts(ADMIN, card, "👍")
        assert town.last(OFFICE).text == words("error-own-request")
        assert await states(town) == ["pending"]
        assert ("user:500100200", "refused") in await journal(town)
        await town.presses(BORIS, card, button(card, "yes"))
        assert await listed(town) == [UNLISTED]


async def test_the_only_admin_may_decide_on_their_own_request(outside: Outside) -> None:
    async with outside.hub(GALLERY_APPROVAL="review") as town:
        await town.sends(ADMIN, UNLISTED)
        await town.presses(ADMIN, town.last(ADMIN))
        card = town.last(ADMIN)
        await town.presses(ADMIN, card, button(card, "yes"))
        assert await listed(town) == [UNLISTED]


async def test_without_a_group_of_admins_each_of_them_gets_the_card_in_private(outside: Outside) -> None:
    async with outside.hub(GALLERY_APPROVAL="auto", ADMIN_IDS=f"{ADMIN},{BORIS}") as town:
        await town.sends(CHEN, UNLISTED)
        await town.presses(CHEN, town.last(CHEN))
        [hers], [his] = town.sent(ADMIN), town.sent(BORIS)
        assert words("approval-asked", name="Chen", user_id=CHEN) in hers.text
        await town.presses(BORIS, his, button(his, "no"))
        assert head(hers).startswith(words("approval-rejected", name="Борис", at=""))
        assert not hers.buttons
        assert not his.buttons


async def test_the_same_asked_for_elsewhere_joins_and_everybody_is_told_where_they_asked(
    town: Town,
) -> None:
    town.world.add_person(first_name="Dana")
    dana = max(town.world.people)
    card = await asked(town)
    await town.sends(dana, UNLISTED)
    offer = town.last(dana)
    assert head(offer).startswith(words("proposal-pending", since="")[:-1])
    await town.presses(dana, offer)
    assert town.sent(OFFICE) == [card]
    await town.presses(ADMIN, card, button(card, "yes"))
    assert words("approval-asked-too", count=1) in card.text
    for chat in (GROUP, dana):
        assert head(town.last(chat)) == words("approved", name="Alice")
    assert await town.rows("SELECT added_by FROM sticker_sets") == [(CHEN,)]


# Deciding


async def test_a_yes_adds_and_tells_the_asker_where_they_asked(town: Town) -> None:
    card = await asked(town)
    [sticker] = [each for each in town.world.chats[GROUP].messages.values() if "sticker" in each.content]
    verdict = await town.presses(ADMIN, card, button(card, "yes"))
    assert verdict is not None
    assert (verdict.text, verdict.show_alert) == (words("approved-now"), False)
    assert head(card).startswith(words("approval-approved", name="Alice", at=""))
    assert not card.buttons
    assert await town.rows("SELECT name, added_by, added_in FROM sticker_sets") == [(UNLISTED, CHEN, GROUP)]
    proposal, told = town.sent(GROUP)
    assert proposal.text == words("proposal-added", name="Chen", title="Moon Dogs")
    assert head(told) == words("approved", name="Alice")
    assert link_buttons(told) == [f"https://t.me/addstickers/{UNLISTED}"]
    assert told.reply_to is sticker
    assert town.reaction(sticker) == "👍"


async def test_a_no_is_told_and_its_reason_is_asked_for_and_passed_on(town: Town) -> None:
    card = await asked(town)
    await town.presses(BORIS, card, button(card, "no"))
    assert head(card).startswith(words("approval-rejected", name="Борис", at=""))
    proposal, told = town.sent(GROUP)
    assert proposal.text == words("proposal-rejected", name="Борис", title="Moon Dogs")
    assert told.text == words("rejected", name="Борис", title="Moon Dogs")
    question = town.last(OFFICE)
    assert question.text == words("reason-question", "ru", name="Борис", user_id=BORIS)
    assert question.reply_to is card
    assert question.force_reply
    assert question.force_reply["to"][0] == BORIS
    await town.says(BORIS, "too many & such", OFFICE, reply_to=question.message_id)
    assert town.last(GROUP).text == words("rejected-why", title="Moon Dogs", reason="too many & such")
    assert words("approval-reason", reason="too many & such") in card.text
    assert town.last(OFFICE).text == words("reason-passed-on", "ru")
    await town.says(ADMIN, "what was that?", OFFICE, reply_to=card.message_id)
    await town.says(BORIS, "once more", OFFICE, reply_to=card.message_id)
    assert town.last(OFFICE).text == words("reason-known", "ru")
    assert await town.rows("SELECT reason FROM approvals") == [("too many & such",)]


async def test_only_admins_give_reasons_and_only_for_a_day(town: Town, clock: TownClock) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    question = town.last(OFFICE)
    town.world.join(OFFICE, CHEN)
    await town.says(CHEN, "because", OFFICE, reply_to=question.message_id)
    await clock.leap(24 * HOUR + 1)
    await town.says(ADMIN, "because", OFFICE, reply_to=question.message_id)
    assert await town.rows("SELECT reason FROM approvals") == [(None,)]
    assert town.last(OFFICE) is question


async def test_a_command_in_reply_to_a_card_is_a_command(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    await town.says(ADMIN, "/version", OFFICE, reply_to=card.message_id)
    assert await town.rows("SELECT reason FROM approvals") == [(None,)]
    assert town.last(OFFICE).text.startswith("Switchboard")


@pytest.mark.parametrize(("emoji", "state"), [("👍", "approved"), ("👎", "rejected")])
async def test_reactions_on_the_card_decide_like_its_buttons(town: Town, emoji: str, state: str) -> None:
    card = await asked(town)
    await town.reacts(BORIS, card, emoji)
    assert await states(town) == [state]
    assert not card.buttons
    await town.reacts(BORIS, card)  # taking it back undoes nothing
    assert await states(town) == [state]


async def test_both_thumbs_at_once_say_nothing_and_nobody_anonymous_counts(town: Town) -> None:
    card = await asked(town)
    await town.reacts(ADMIN, card, "👍", "👎")
    await town.reacts(ADMIN, card)
    await town.reacts(ADMIN, card, "👍", anonymous=True)
    assert await states(town) == ["pending"]


async def test_the_second_decision_is_told_who_was_first_and_how(town: Town) -> None:
    card = await asked(town)
    yes = button(card, "yes")
    await town.reacts(BORIS, card, "👎")
    query = town.world.press_forged(OFFICE, card.message_id, ADMIN, yes)  # still on her screen
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert answer.text
    assert answer.text.startswith(words("first-rejected", name="Борис", at="")[:-1])
    assert answer.show_alert
    await town.reacts(ADMIN, card, "👍")
    assert town.last(OFFICE).text.startswith(words("first-rejected", name="Борис", at="")[:-1])
    assert town.last(OFFICE).reply_to is card
    assert await states(town) == ["rejected"]
    assert await listed(town) == []


async def test_a_program_decides_and_all_that_is_told_comes_the_same(town: Town) -> None:
    """As a page or the API will: nothing of Telegram's is needed."""
    card = await asked(town)
    heard = []

    async def decide(job: Job, work: Work) -> None:
        decider = Decider("key:7", "The page")
        town.switchboard.hub.approvals.decide(
            work, job.payload, True, decider, lambda tx, approval, won: heard.append((approval.state, won))
        )

    hub = town.switchboard.hub
    hub.inbox.register(topic := Topic("page", decide, 1, TELEGRAM))
    hub.workers.start(topic)
    await hub.inbox.accept("page", "page", None, button(card, "yes").split(":")[2])
    await town.settle()
    assert heard == [("approved", True)]
    assert head(card).startswith(words("approval-approved", name="The page", at=""))
    assert head(town.last(GROUP)) == words("approved", name="The page")
    assert await listed(town) == [UNLISTED]
    assert ("key:7", "approve") in await journal(town)


async def test_an_admin_who_adds_what_others_asked_for_has_decided(town: Town) -> None:
    card = await asked(town)
    await town.sends(BORIS, UNLISTED)
    await town.presses(BORIS, town.last(BORIS))
    assert await states(town) == ["approved"]
    assert not card.buttons
    assert head(town.last(GROUP)) == words("approved", name="Борис")


async def test_every_step_is_in_the_journal(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "yes"))
    assert await journal(town) == [
        (f"user:{CHEN}", "ask"),
        (f"user:{ADMIN}", "approve"),
        (f"user:{ADMIN}", "add"),
    ]


async def test_decisions_are_counted(town: Town) -> None:
    town.world.add_set("Owls_by_bot")
    first, second = await asked(town), await asked(town, CHEN, CHEN, "Owls_by_bot")
    await town.presses(ADMIN, first, button(first, "yes"))
    await town.presses(ADMIN, second, button(second, "no"))
    registry = town.switchboard.hub.counters.registry
    counted = {
        decision: registry.get_sample_value("approvals_total", {"kind": "stickerset", "decision": decision})
        for decision in ("approved", "rejected", "expired")
    }
    assert counted == {"approved": 1, "rejected": 1, "expired": None}


# What was rejected, and what is asked for again


async def test_what_was_rejected_is_not_proposed_in_groups_for_thirty_days(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    other = town.world.add_group("Others", [CHEN])
    await town.sends(CHEN, UNLISTED, other.id)
    assert town.sent(other.id) == []


async def test_in_private_it_is_said_that_it_was_rejected_and_it_may_be_asked_for_again(town: Town) -> None:
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    await town.says(ADMIN, "too many", OFFICE, reply_to=town.last(OFFICE).message_id)
    await town.sends(CHEN, UNLISTED)
    offer = town.last(CHEN)
    assert "Alice" in head(offer)
    assert words("approval-reason", reason="too many") in offer.text
    await town.presses(CHEN, offer)
    assert await states(town) == ["rejected", "pending"]


async def test_an_offer_from_before_a_no_asks_nobody_again_in_a_group(town: Town) -> None:
    other = town.world.add_group("Others", [CHEN])
    await town.sends(CHEN, UNLISTED, other.id)
    card = await asked(town)
    await town.presses(ADMIN, card, button(card, "no"))
    answer = await town.presses(CHEN, town.last(other.id))
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("rejected-by", name="Alice"), True)
    assert await states(town) == ["rejected"]


async def test_what_is_listed_by_now_needs_nobodys_yes(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.lists(UNLISTED, ADMIN)
    answer = await town.presses(CHEN, town.last(GROUP))
    assert answer is not None
    assert answer.text == words("listed-already")
    assert town.sent(OFFICE) == []


async def test_what_only_the_cache_takes_for_listed_is_not_added_without_a_yes(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.lists(UNLISTED, ADMIN)
    database = town.switchboard.hub.database
    await database.write(lambda tx: sticker_sets.remove(tx, UNLISTED))
    await town.presses(CHEN, town.last(GROUP))
    assert await listed(town) == []


async def test_several_at_once_are_a_card_each_and_one_word_in_the_chat(town: Town) -> None:
    links = f"https://t.me/addstickers/{LISTED} https://t.me/addstickers/{UNLISTED}"
    await town.says(CHEN, links)
    offer = town.last(CHEN)
    await town.reacts(CHEN, offer, "👍")
    assert len(town.sent(OFFICE)) == 2
    assert town.sent(CHEN) == [offer]
    assert not offer.buttons
    assert offer.text.count("⏳") == 2
    first, second = town.sent(OFFICE)
    await town.presses(ADMIN, first, button(first, "yes"))
    await town.presses(ADMIN, second, button(second, "no"))
    assert (offer.text.count("⏳"), offer.text.count("❌")) == (0, 1)
    assert len(await listed(town)) == 1
