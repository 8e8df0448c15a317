"""Texts and cards in Telegram's dress: what people write arrives as they wrote it, and as nothing else."""

import html
from datetime import UTC, datetime
from html.parser import HTMLParser
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import PRESS_VERSION, Renderer, escaped, isolated
from services.flow.items import Action, Card, Fact, Link
from services.flow.messages import Content, Text
from services.hub import new_token
from services.texts import LANGUAGES, Texts

RENDERER = Renderer(Texts.load(), ZoneInfo("Europe/Moscow"))
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        "<b>",
        "</a>",
        "&amp;",
        "&lt;",
        "&",
        "'\"",
        "{name}",
        "{0}",
        "%s",
        "<a href='x'>",
        "]]>",
        "&#60;",
        "\u202e",
    ]
)
# core.telegram.org/bots/api#html-style
ALLOWED_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "tg-spoiler", "tg-emoji", "blockquote"}


class Shown(HTMLParser):
    """What Telegram would show: the text, the tags around it and the addresses."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.text, self.tags, self.addresses, self.open = "", list[str](), list[str](), list[str]()
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_entityref(self, name: str) -> None:
        assert name in {"lt", "gt", "amp", "quot"}  # Telegram knows no others
        self.text += html.unescape(f"&{name};")


@given(ANYTHING)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    shown = Shown(escaped(text))
    assert (shown.text, shown.tags) == (text, [])


@pytest.mark.parametrize("language", LANGUAGES)
@given(title=ANYTHING, url=st.sampled_from(["https://t.me/addstickers/Cats", 'https://x.y/?a=1&b="<2>"']))
def test_any_title_of_a_card_is_shown_as_it_is_inside_its_link(language: str, title: str, url: str) -> None:
    card = Card(title, (Fact("fact-count", 3),), Link("button-open-set", url))
    shown = Shown(RENDERER.html(language, Content((), card)))
    assert shown.text.startswith(title + "\n3 ")
    assert (shown.tags, shown.addresses) == (["b", "a"], [url])


@pytest.mark.parametrize("language", LANGUAGES)
@given(name=ANYTHING)
def test_any_name_is_shown_as_it_is_within_a_text_and_without_markup(language: str, name: str) -> None:
    text = Text("added-by", {"name": name})
    shown = Shown(RENDERER.words(language, text))
    assert shown.tags == []
    assert shown.text.endswith(isolated(name))
    assert RENDERER.plain(language, text) == shown.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_markup_of_our_own_texts_is_what_telegram_knows(language: str) -> None:
    for key in ("start", "help", "help-admin", "check-usage", "language-unknown"):
        assert set(Shown(RENDERER.words(language, Text(key))).tags) <= ALLOWED_TAGS


def test_texts_and_the_card_are_a_line_each() -> None:
    card = Card(
        "Cats", (Fact("fact-count", 1), Fact("fact-added", "2026-01-15T21:30:00+00:00", is_moment=True))
    )
    content = Content((Text("added"), Text("listed-already")), card)
    assert RENDERER.html("en", content).split("\n") == [
        "Added to the gallery",
        "It is in the gallery already",
        "<b>Cats</b>",
        "1 sticker",
        "In the gallery since 16 Jan 2026, 00:30",
    ]


def test_moments_are_shown_in_the_zone_and_language_of_the_reader() -> None:
    moment = datetime(2026, 1, 15, 21, 30, tzinfo=UTC)
    assert RENDERER.moment("ru", moment) == "16 янв. 2026, 00:30"
    assert RENDERER.moment("en", moment) == "16 Jan 2026, 00:30"


def test_a_parameter_may_be_a_moment_or_a_text_of_its_own() -> None:
    moment = {"moment": "2026-01-15T09:00:00+00:00"}
    facts = {
        "count": 2,
        "kind": "k",
        "first": moment,
        "last": moment,
        "sample": "<x>",
        "correlation_id": "c",
        "number": 1,
    }
    assert "15 Jan 2026, 12:00 … 15 Jan 2026, 12:00" in RENDERER.words("en", Text("errors-line", facts))
    facts = {"name": "Ann", "user_id": 5, "chat_id": 6, "role": {"text": "role-admin"}}
    assert "Роль: администратор" in RENDERER.words("ru", Text("whoami", facts))
    uptime = {"version": "1", "uptime": {"seconds": 2 * 86400}}
    assert "работает 2 дня" in RENDERER.words("ru", Text("stats-title", uptime))


def test_nothing_to_press_means_no_keyboard() -> None:
    assert RENDERER.keyboard("en", Content((Text("added"),))) is None


def test_links_and_actions_are_a_row_each_in_the_language_of_the_reader() -> None:
    link, action = Link("button-open-set", "https://t.me/addstickers/Cats"), Action("button-add", "add:abc")
    keyboard = RENDERER.keyboard("ru", Content(links=(link,), actions=(action,)))
    assert keyboard
    shown = [(b.text, b.url, b.callback_data) for row in keyboard.inline_keyboard for b in row]
    assert shown == [("Открыть набор", link.url, None), ("➕ Добавить", None, "v1:add:abc")]
    assert all(len(row) == 1 for row in keyboard.inline_keyboard)


def test_a_label_takes_its_parameters_as_they_are() -> None:
    action = Action("button-add-named", "add:abc", params={"title": "<b>Cats & Co</b>"})
    keyboard = RENDERER.keyboard("en", Content(actions=(action,)))
    assert keyboard
    assert keyboard.inline_keyboard[0][0].text == "➕ <b>Cats & Co</b>"


def test_what_stands_beside_another_shares_its_row() -> None:
    one, two = Action("button-help", "a"), Action("button-help", "b", beside=True)
    for actions, rows in (
        ((one, two), [["a", "b"]]),
        ((two, one), [["b"], ["a"]]),
        ((two, two), [["b", "b"]]),
    ):
        keyboard = RENDERER.keyboard("en", Content(actions=actions))
        assert keyboard
        shown = [[str(b.callback_data)[3:] for b in row] for row in keyboard.inline_keyboard]
        assert shown == rows


@pytest.mark.parametrize("key", ["line", "line-named", "line-added"])
@pytest.mark.parametrize("language", LANGUAGES)
@given(title=ANYTHING, url=ANYTHING)
def test_any_title_and_address_of_a_line_are_shown_as_they_are(
    language: str, key: str, title: str, url: str
) -> None:
    shown = Shown(RENDERER.words(language, Text(key, {"title": title, "url": url, "name": "n"})))
    assert shown.text.startswith(("• " + isolated(title), "✓ " + isolated(title)))
    assert shown.addresses == [url]
    assert set(shown.tags) <= ALLOWED_TAGS


def test_a_name_written_from_right_to_left_turns_nothing_around_it() -> None:
    text = Text("added-by", {"name": "שלום"})
    assert RENDERER.words("en", text) == "Already added by \u2068שלום\u2069"
    assert RENDERER.words("en", Text("added-by", {"name": "Zoë 🦔"})) == "Already added by Zoë 🦔"


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=60))
def test_what_an_action_may_carry_fits_a_button(press: str) -> None:
    keyboard = RENDERER.keyboard("en", Content(actions=(Action("button-add", press),)))
    assert keyboard
    data = str(keyboard.inline_keyboard[0][0].callback_data)
    assert 1 <= len(data.encode()) <= 64
    assert data == f"{PRESS_VERSION}:{press}"


@given(st.integers())
def test_the_button_of_a_proposal_fits_and_its_token_is_url_safe(seed: int) -> None:
    token = new_token(Random(seed))
    assert token.replace("-", "").replace("_", "").isalnum()
    assert len(f"{PRESS_VERSION}:add:{token}".encode()) <= 64
