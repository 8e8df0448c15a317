"""Long texts in parts: nothing that is seen is lost, and the cuts are where a reader expects them."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering import escaped
from bot.splitting import ENTITIES, LIMIT, shortened, split
from sandbox.telegram.html import parse_html
from sandbox.telegram.wire import utf16_length

TINY = 24  # units; what holds for a small limit holds for Telegram's
LINK = '<a href="https://example.com/?a=1&amp;b=2">'
PAIRS = [
    ("<b>", "</b>"),
    ("<i>", "</i>"),
    ("<pre>", "</pre>"),
    ("<code>", "</code>"),
    ("<blockquote expandable>", "</blockquote>"),
    ('<span class="tg-spoiler">', "</span>"),
    (LINK, "</a>"),
]
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30).map(escaped)
PIECES = WORDS | st.sampled_from(
    ["one two\nthree", "&amp;&lt;&gt;", "😀" * 9, "\n\n", "   ", "a" * 40, "•\t"]
)
MARKED = st.recursive(
    PIECES,
    lambda inner: st.tuples(st.sampled_from(PAIRS), st.lists(inner, max_size=4)).map(
        lambda made: made[0][0] + "".join(made[1]) + made[0][1]
    ),
    max_leaves=25,
)

Seen = list[tuple[str, frozenset[tuple[str, str]]]]


def seen(source: str) -> Seen:
    """Each visible character with its formatting, white space left out.

    What is code within <pre> does not show, and is <pre> alone where both begin and end together.
    """
    text, entities = parse_html(source)
    marks: list[set[tuple[str, str]]] = [set() for _ in range(utf16_length(text))]
    for entity in entities:
        for place in range(entity["offset"], entity["offset"] + entity["length"]):
            marks[place].add((entity["type"], entity.get("url", "")))
    found, place = [], 0
    for character in text:
        if not character.isspace():
            hidden = {("code", "")} if ("pre", "") in marks[place] else set()
            found.append((character, frozenset(marks[place] - hidden)))
        place += utf16_length(character)
    return found


def joined(parts: Iterable[str]) -> Seen:
    return [each for part in parts for each in seen(part)]


def width(source: str) -> int:
    return utf16_length(parse_html(source)[0])


def shown(source: str) -> list[str]:
    """The parts without their tags."""
    return [parse_html(part)[0].strip() for part in split(source)]


@settings(deadline=None)
@given(st.lists(MARKED, max_size=12).map("".join))
def test_the_parts_show_what_the_whole_does_and_each_fits(source: str) -> None:
    parts = split(source, TINY)
    assert joined(parts) == seen(source)
    assert len(parts) == 1 or all(seen(part) for part in parts)
    assert all(width(part) <= TINY for part in parts) or not seen(source)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["<b>x</b> ", f"{LINK}y</a>\n", "<i><b>z</b></i>", "word "]), max_size=600))
def test_no_part_has_more_entities_than_a_message_takes(pieces: list[str]) -> None:
    parts = split("".join(pieces))
    assert joined(parts) == seen("".join(pieces))
    assert all(len(parse_html(part)[1]) <= ENTITIES for part in parts)


@given(MARKED)
def test_what_fits_is_left_as_it_is(source: str) -> None:
    assert utf16_length(source) > LIMIT or source.count("<") > ENTITIES or split(source) == [source]


def test_a_text_is_cut_at_the_end_of_a_line_before_a_space_before_the_middle_of_a_word() -> None:
    line, word = "word " * 200, "w" * 600
    assert shown(f"{line}\n" * 6) == ["\n".join([line] * 4).strip(), "\n".join([line] * 2).strip()]
    assert shown("word " * 1000) == [("word " * 819).strip(), ("word " * 181).strip()]
    assert [len(part) for part in shown(word * 10)] == [LIMIT, 6000 - LIMIT]


def test_a_short_first_line_does_not_make_a_message_of_its_own() -> None:
    first, _ = shown("Title\n" + "word " * 1000)
    assert first.startswith("Title\nword")


def test_the_middle_of_a_table_is_a_table_in_both_parts() -> None:
    parts = split("<b>Hits</b>\n<pre>" + "████████ 81 %\n" * 400 + "</pre>")
    assert len(parts) == 2
    assert parts[0].endswith("81 %</pre>")
    assert parts[1].startswith("<pre>████")


@pytest.mark.parametrize("many", ["&amp;", "😀", "é"])
def test_a_cut_is_never_inside_a_character_or_its_reference(many: str) -> None:
    parts = split(many * 6000)
    assert "".join(parts) == many * 6000
    assert all(part.replace(many, "") == "" and width(part) <= LIMIT for part in parts)


def test_length_counts_as_telegram_counts_it() -> None:
    assert len(split("&amp;" * LIMIT)) == 1
    assert len(split("&amp;" * (LIMIT + 1))) == 2
    assert len(split("😀" * (LIMIT // 2))) == 1
    assert len(split("😀" * (LIMIT // 2 + 1))) == 2
    assert len(split(f"{LINK}x</a> " * 90)) == 1


def test_a_text_of_nothing_but_white_space_is_not_cut() -> None:
    assert split("\n" * 5000) == ["\n" * 5000]


def test_a_hundred_open_tags_still_make_progress() -> None:
    source = "<b>" * 150 + "x y" + "</b>" * 150
    assert joined(split(source)) == seen(source)


@settings(deadline=None, max_examples=30)
@given(MARKED)
def test_what_cannot_be_several_messages_is_cut_to_one(piece: str) -> None:
    source = piece * (6000 // max(len(piece), 1))
    cut = shortened(source)
    if len(split(source)) == 1:
        assert seen(cut) == seen(source)
    else:
        assert cut.endswith("…")
        assert width(cut) <= LIMIT
        assert seen(source)[: len(seen(cut)) - 1] == seen(cut)[:-1]


def test_a_long_edit_says_that_it_goes_on() -> None:
    cut = shortened("<b>" + "word " * 2000 + "</b>")
    assert cut.endswith("word</b>…")
    assert LIMIT - 10 < width(cut) <= LIMIT
