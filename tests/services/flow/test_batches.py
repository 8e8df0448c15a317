"""A batch's one message: whatever was asked about, it fits and can be pressed."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import Renderer
from sandbox.telegram.html import parse_html
from sandbox.telegram.wire import utf16_length
from services.flow.batches import LABEL, MOST, MOST_OFFERS, Batch, after_decisions, is_batch, shortened, told
from services.flow.items import Card, Item, Link, Proposal
from services.flow.messages import Content
from services.texts import LANGUAGES, Texts

RENDERER = Renderer(Texts.load(), ZoneInfo("UTC"))
TITLES = st.text(max_size=64) | st.sampled_from(["😼" * 64, "W" * 64, "<&>" * 21, "\u202e", " ", ""])


def card(title: str, key: str = "Key") -> Card:
    return Card(title, (), Link("button-open-set", f"https://t.me/addstickers/{key}"))


def item(title: str, key: str = "Key") -> Item:
    return Item("stickerset", key, card(title, key))


def offers(*titles: str) -> list[tuple[str, Proposal]]:
    return [
        (f"token{number}", Proposal("stickerset", f"Key{number}", card(title), None))
        for number, title in enumerate(titles)
    ]


def length(language: str, content: Content) -> int:
    """Of what is shown, as strictly as it can be counted."""
    return utf16_length(parse_html(RENDERER.html(language, content))[0])


@pytest.mark.parametrize("language", LANGUAGES)
@given(title=TITLES, parts=st.tuples(*[st.integers(0, MOST)] * 3), offered=st.integers(0, MOST_OFFERS))
def test_any_hundred_fit_into_one_message_also_when_all_offers_are_taken(
    language: str, title: str, parts: tuple[int, int, int], offered: int
) -> None:
    first, second = sorted(min(part, MOST - offered) for part in parts[:2])
    batch = Batch(
        tuple(item(title) for _ in range(first)),
        tuple("n" * 64 for _ in range(second - first)),
        tuple("m" * 64 for _ in range(MOST - offered - second)),
        left_out=parts[2],
    )
    shown = batch.content(offers(*[title] * offered))
    assert length(language, shown) <= 4096
    for state in ("added", "asked", "rejected", "expired"):
        decided = {f"token{number}": (state, "N" * 130) for number in range(offered)}
        assert length(language, after_decisions(shown, decided)) <= 4096


def test_a_section_with_nothing_in_it_is_not_shown() -> None:
    assert [text.key for text in Batch((item("Cats"),)).content([]).texts] == ["batch-listed", "line"]
    assert [text.key for text in Batch(left_out=1).content([]).texts] == ["batch-left-out"]


def test_each_offer_has_a_line_and_a_button_and_only_such_a_message_is_a_batch() -> None:
    shown = Batch((item("Cats"),)).content(offers("Dogs", "Bears"))
    assert [(each.press, each.params) for each in shown.actions] == [
        ("add:token0", {"title": "Dogs"}),
        ("add:token1", {"title": "Bears"}),
    ]
    assert is_batch(shown)
    assert not is_batch(Batch((item("Cats"),)).content([]))


def test_a_decision_shows_on_its_own_line_and_takes_its_own_button() -> None:
    shown = Batch((item("Cats"),)).content(offers("Dogs", "Bears", "Owls"))
    later = after_decisions(shown, {"token0": ("open", ""), "token1": ("added", "Ann")})
    assert [text.key for text in later.texts] == [
        *("batch-listed", "line", "batch-missing"),
        *("line", "line-added", "line"),
    ]
    assert later.texts[4].params["name"] == "Ann"
    assert [each.press for each in later.actions] == ["add:token0"]
    assert after_decisions(shown, {f"token{number}": ("open", "") for number in range(3)}) == shown


def test_a_card_without_a_link_is_a_line_without_one() -> None:
    proposal = Proposal("deal", "12", Card("A deal"), None)
    shown = Batch((Item("deal", "11", Card(" ")),)).content([("token", proposal)])
    assert [text.params["title"] for text in shown.texts if text.key == "line-plain"] == ["11", "A deal"]
    later = after_decisions(shown, {"token": ("added", "Ann")})
    assert (later.texts, later.actions) == (shown.texts, ())


def test_several_that_were_added_at_once_are_told_a_line_each() -> None:
    content = told([item("Cats"), item("Dogs")])
    assert content.texts[0].params == {"count": 2}
    assert [text.params["title"] for text in content.texts[1:]] == ["Cats", "Dogs"]


@given(TITLES, st.integers(2, 64))
def test_what_is_shortened_fits_and_what_fits_is_left_alone(text: str, width: int) -> None:
    short = shortened(text, width)
    assert utf16_length(short) <= width
    assert short == text if utf16_length(text) <= width else short.endswith("…")


@given(TITLES)
def test_a_button_is_labelled_by_a_title_that_fits(title: str) -> None:
    (action,) = Batch().content(offers(title)).actions
    label = action.params["title"]
    assert label.strip()
    assert utf16_length(label) <= LABEL
