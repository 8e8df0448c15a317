"""What a card of an inquiry shows: its choices on buttons that hold so much, page by page."""

import pytest

from services.flow.inquiries import Choice
from services.flow.inquiry_cards import content
from storage import inquiries
from tests.services.flow.test_inquiries import KIND, LOST, Asking, ask, asking, labels

__all__ = ["asking"]


LONG = "Long-winded stage " * 11 + "✅"


@pytest.mark.parametrize(
    ("label", "button"),
    [
        ("Won", "Won"),
        (LONG, "Long-winded stage Long-winded s…"),
        ("👩‍💻" * 60, "👩‍💻" * 6 + "…"),
        ("שלב ראשון", "שלב ראשון"),
        ("two\nlines", "two lines"),
        ("  ", "C1:WON"),
    ],
)
async def test_a_button_holds_what_it_can_of_a_label_and_the_rest_is_written_out(
    asking: Asking, label: str, button: str
) -> None:
    await asking.asks(ask(choices=(Choice("C1:WON", label), LOST)))
    [card] = await asking.cards()
    shown = labels(card)[0]
    assert shown[:10] == button[:10]
    assert len(shown.encode("utf-16-le")) // 2 <= 33
    options = [text.params for text in card.texts if text.key == "inquiry-option"]
    assert len(options) == (shown != " ".join(label.split()) and bool(label.strip()))
    if options:
        assert options[0]["number"] == 1
        assert label.strip().startswith(options[0]["label"].removesuffix("…"))


async def test_two_equal_labels_stay_two_choices(asking: Asking) -> None:
    await asking.asks(ask(choices=(Choice("C1:NEW", "New"), Choice("C2:NEW", "New"))))
    await asking.press(await asking.token(), 1)
    assert [each.value for each in asking.answers] == ["C2:NEW"]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (8, 1), (9, 2), (60, 8)])
async def test_every_choice_is_on_exactly_one_page(asking: Asking, count: int, pages: int) -> None:
    choices = tuple(Choice(f"C{number}", f"Stage {number}") for number in range(count))
    await asking.asks(ask(choices=choices))
    found = await asking.house.database.read(lambda tx: inquiries.waiting_for(tx, KIND, "k"))
    assert found
    seen = []
    for page in range(1, pages + 1):
        card = content(found, page)
        presses = [each.press for each in card.actions]
        assert all(len(f"v1:{press}".encode()) <= 64 for press in presses)
        seen += [press for press in presses if press.startswith("pick:")]
        turns = [int(press.split(":")[-1]) for press in presses if press.startswith("turn:")]
        assert turns == [each for each in (page - 1, page + 1) if 1 <= each <= pages]
    assert seen == [f"pick:{found.token}:1:{number}" for number in range(count)]
    assert content(found, 99) == content(found, pages)
    assert content(found, 0) == content(found)
