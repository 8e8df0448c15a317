"""Inquiries in Telegram: cards with choices, who may answer, and what everybody sees of it."""

from collections.abc import AsyncIterator

import pytest

from services.flow.inquiries import Answered, Choice
from services.flow.items import Link
from services.flow.messages import Text
from tests.e2e.council import OFFICE, council, journal
from tests.e2e.inquiring import CHOICES, ask, asks, pick, settles, states, taking
from tests.e2e.operating import steps
from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, Outside, Town

DAY = 86400.0
STAGES = tuple(Choice(f"C{number}:NEW", f"Funnel {number}: New") for number in range(60))


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    async with council(outside) as town_with_admins:
        yield town_with_admins


@pytest.fixture
def answers(town: Town) -> list[Answered]:
    return taking(town)


def labels(town: Town) -> list[str]:
    """What the buttons of the newest card say."""
    return [button["text"] for row in town.last(OFFICE).buttons for button in row]


async def test_a_card_names_the_question_and_offers_its_choices(town: Town, answers: list[Answered]) -> None:
    await asks(town, ask("NEW", link=Link("button-open-portal", "https://a.example/crm/deal/details/7/")))
    card = town.last(OFFICE)
    assert card.text == words("fact-stage", value="[NEW]")
    assert labels(town)[1:] == ["Sales: Won", "Repairs: Done", words("cancelled")]
    assert link_buttons(card) == ["https://a.example/crm/deal/details/7/"]


async def test_what_an_admin_chooses_is_done_and_shown_with_who_and_when(
    town: Town, answers: list[Answered]
) -> None:
    await asks(town, ask("NEW"))
    card = town.last(OFFICE)
    answer = await town.presses(ADMIN, card, pick(card, 1))
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("inquiry-taken"), False)
    assert [(each.value, each.actor) for each in answers] == [("C2:WON", f"user:{ADMIN}")]
    assert head(card).startswith(words("inquiry-ended-answered", name="Alice", answer="Repairs: Done", at=""))
    assert card.text.endswith("[NEW]")
    assert not card.buttons
    assert (f"user:{ADMIN}", "answer") in await journal(town)


async def test_a_choice_in_our_own_words_is_told_in_the_language_of_each_chat(outside: Outside) -> None:
    ours = Choice("5", text=Text("fact-stage", {"value": "Won & more"}))
    async with council(outside, ADMIN_CHAT_ID="") as town:
        answers = taking(town)
        await town.says(BORIS, "/version")  # so that his language is known
        await asks(town, ask("NEW", choices=(ours,)))
        cards = [(town.last(who), language) for who, language in ((ADMIN, "en"), (BORIS, "ru"))]
        for card, language in cards:
            [[button]] = card.buttons
            assert button["text"] == words("fact-stage", language, value="Won & more")
        await town.presses(ADMIN, cards[0][0])
        assert [each.value for each in answers] == ["5"]
        for card, language in cards:
            assert words("fact-stage", language, value="Won & more") in head(card)


async def test_who_is_later_hears_who_chose_what_and_in_their_own_language(
    outside: Outside,
) -> None:
    async with council(outside, ADMIN_CHAT_ID="") as town:
        answers = taking(town)
        await asks(town, ask("NEW"))
        first, second = town.last(ADMIN), town.last(BORIS)
        choice = pick(second, 0)
        for who, card in ((ADMIN, first), (BORIS, second)):
            town.world.press(who, card.message_id, who, pick(card, 2) if who == ADMIN else choice)
        await town.settle()
        assert len(answers) == 1
        given = answers[0].name
        assert not first.buttons
        assert not second.buttons
        assert given in head(first)
        assert given in head(second)
        query = town.world.press_forged(BORIS, second.message_id, BORIS, choice)
        await town.settle()
        late = town.world.queries.answer_of(query)
        assert late is not None
        assert late.show_alert
        assert given in (late.text or "")
        assert len(answers) == 1


async def test_a_stranger_who_presses_is_refused_and_journaled(town: Town, answers: list[Answered]) -> None:
    await asks(town, ask("NEW"))
    card = town.last(OFFICE)
    town.world.join(OFFICE, CHEN)
    for choice in (pick(card, 0), pick(card, 2)):
        answer = await town.presses(CHEN, card, choice)
        assert answer is not None
        assert (answer.text, answer.show_alert) == (words("error-not-allowed"), True)
    assert not answers
    assert card.buttons
    assert (await journal(town)).count((f"user:{CHEN}", "refused")) == 2


async def test_who_is_no_admin_any_more_cannot_answer(outside: Outside) -> None:
    async with council(outside, ADMIN_IDS="") as town:
        answers = taking(town)
        town.world.make_admin(OFFICE, BORIS)
        await town.says(BORIS, "/pending", OFFICE)
        await asks(town, ask("NEW"))
        town.world.demote(OFFICE, BORIS)
        card = town.last(OFFICE)
        answer = await town.presses(BORIS, card, pick(card, 0))
        assert answer is not None
        assert answer.text == words("error-not-allowed", "ru")
        assert not answers


async def test_a_button_is_good_only_on_its_own_card_and_for_its_own_choices(
    town: Town, answers: list[Answered]
) -> None:
    await asks(town, ask("A"), ask("B"))
    *_, card, other = town.sent(OFFICE)
    choice = pick(card, 0)
    forged = [
        (other, choice),
        (card, choice.removesuffix("0") + "7"),
        (card, "v1:pick:nosuchtoken:1:0"),
        (other, choice.replace(":pick:", ":turn:").removesuffix(":1:0") + ":2"),
    ]
    for message, data in forged:
        query = town.world.press_forged(OFFICE, message.message_id, ADMIN, data)
        await town.settle()
        answer = town.world.queries.answer_of(query)
        assert answer is not None
        assert (answer.text, answer.show_alert) == (words("error-stale-card"), True)
    assert not answers
    assert await states(town) == {"A": "open", "B": "open"}
    assert (await journal(town)).count((f"user:{ADMIN}", "refused")) == 2


async def test_a_button_shown_before_the_choices_changed_picks_nothing(
    town: Town, answers: list[Answered]
) -> None:
    await asks(town, ask("NEW"))
    card = town.last(OFFICE)
    old = pick(card, 0)
    await asks(town, ask("NEW", choices=CHOICES[::-1]))
    assert town.last(OFFICE) is card
    assert labels(town) == [words("cancelled"), "Repairs: Done", "Sales: Won"]
    query = town.world.press_forged(OFFICE, card.message_id, ADMIN, old)
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("inquiry-changed"), True)
    assert not answers
    await town.presses(ADMIN, card, pick(card, 2))
    assert [each.value for each in answers] == ["C1:WON"]


async def test_many_choices_are_turned_page_by_page_on_the_one_card(
    town: Town, answers: list[Answered]
) -> None:
    await asks(town, ask("NEW", choices=STAGES))
    card = town.last(OFFICE)
    seen = labels(town)[:8]
    for page in range(2, 9):
        await town.presses(ADMIN, card, press_buttons(card)[-1])
        assert words("page", page=page, pages=8) in card.text
        seen += [label for label in labels(town) if label.startswith("Funnel")]
    assert seen == [choice.label for choice in STAGES]
    assert town.last(OFFICE) is card
    await town.presses(ADMIN, card, pick(card, 59))
    assert [each.value for each in answers] == ["C59:NEW"]


async def test_a_stranger_turns_no_page(town: Town, answers: list[Answered]) -> None:
    await asks(town, ask("NEW", choices=STAGES))
    card = town.last(OFFICE)
    town.world.join(OFFICE, CHEN)
    answer = await town.presses(CHEN, card, press_buttons(card)[-1])
    assert answer is not None
    assert answer.text == words("error-not-allowed")
    assert words("page", page=1, pages=8) in card.text


@pytest.mark.parametrize(
    "label", ["Won " * 50, "🎉" * 200, "👨‍👩‍👧‍👦" * 50, "נסגר בהצלחה " * 16, "<b>&amp; </b>" * 16, "a\nb"]
)
async def test_a_label_from_anywhere_is_a_choice_that_can_be_taken(
    town: Town, answers: list[Answered], label: str
) -> None:
    await asks(town, ask("NEW", choices=(Choice("x", label), Choice("y", label))))
    card = town.last(OFFICE)
    assert all(0 < len(shown) <= 64 for shown in labels(town))
    await town.presses(ADMIN, card, pick(card, 1))
    assert [each.value for each in answers] == ["y"]
    assert not card.buttons


async def test_more_than_ten_of_a_kind_are_asked_about_one_after_another(
    town: Town, answers: list[Answered]
) -> None:
    before = len(town.sent(OFFICE))
    await asks(town, *(ask(f"k{number:02}") for number in range(12)))
    cards = town.sent(OFFICE)[before:]
    assert len(cards) == 10
    await town.presses(ADMIN, cards[0], pick(cards[0], 0))
    assert town.last(OFFICE).text == words("fact-stage", value="[k10]")
    await settles(town, "k05")
    assert head(cards[5]).startswith(words("inquiry-ended-settled", at=""))
    await steps(town, 61)
    assert town.last(OFFICE).text == words("fact-stage", value="[k11]")
    assert "queued" not in (await states(town)).values()


async def test_pending_lists_them_after_approvals_and_says_how_many_more_there_are(
    town: Town, answers: list[Answered]
) -> None:
    await asks(town, *(ask(f"k{number:02}") for number in range(13)))
    await town.says(ADMIN, "/pending")
    shown = town.last(ADMIN)
    assert shown.text.startswith(words("pending-found", count=10))
    assert words("pending-queued", count=3) in shown.text
    assert ["[k04]" in shown.text, "[k05]" in shown.text] == [True, False]
    await town.presses(ADMIN, shown, press_buttons(shown)[-1])
    assert ["[k04]" in shown.text, "[k05]" in shown.text] == [False, True]
    await town.presses(ADMIN, shown, press_buttons(shown)[0])
    copy = town.last(ADMIN)
    assert copy.text == words("fact-stage", value="[k05]")
    await town.presses(ADMIN, copy, pick(copy, 0))
    assert [each.inquiry.key for each in answers] == ["k05"]
    assert not copy.buttons


async def test_what_nobody_answers_in_a_week_is_over_and_may_be_asked_again(
    town: Town, answers: list[Answered]
) -> None:
    await asks(town, ask("NEW"))
    card = town.last(OFFICE)
    choice = pick(card, 0)
    await town.clock.leap(7 * DAY)  # type: ignore[attr-defined]
    await steps(town, 121)
    assert head(card).startswith(words("inquiry-ended-expired", at=""))
    assert not card.buttons
    query = town.world.press_forged(OFFICE, card.message_id, ADMIN, choice)
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert (answer.text or "").startswith(words("inquiry-ended-expired", at=""))
    await asks(town, ask("NEW"))
    again = town.last(OFFICE)
    assert again is not card
    await town.presses(ADMIN, again, pick(again, 0))
    assert len(answers) == 1


async def test_a_hub_that_was_started_anew_takes_the_answer(outside: Outside) -> None:
    async with council(outside) as town:
        taking(town)
        await asks(town, ask("NEW", details={"deal": 7}))
        card = town.last(OFFICE)
    async with council(outside) as town:
        answers = taking(town)
        await town.presses(ADMIN, card, pick(card, 1))
        assert [(each.value, each.inquiry.details) for each in answers] == [("C2:WON", {"deal": 7})]
        assert not card.buttons
