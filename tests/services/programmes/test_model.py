"""Titles: compared in any case and with any blanks."""

import string
from typing import cast
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import String

from services.programmes.model import (
    LONGEST_KEY,
    LONGEST_TITLE,
    Programme,
    collapsed,
    key_of,
    origin_of,
)
from storage.tables import submission_programmes

COLUMN = cast(String, submission_programmes.c.key.type).length or 0
letters = st.characters(categories=["L", "N", "P", "S"])
words = st.text(letters, min_size=1, max_size=12)
titles = st.lists(words, min_size=1, max_size=30).map(" ".join)
blanks = st.text(" \t\n\u00a0\u3000\u200b\x00", min_size=1, max_size=3)


@given(titles, st.data())
def test_case_and_blanks_make_no_other_title(title: str, data: st.DataObject) -> None:
    parts = title.split()
    written = "".join(data.draw(blanks) + part for part in parts) + data.draw(blanks)
    assert key_of(written) == key_of(title) == key_of(title.casefold())
    assert collapsed(written) == collapsed(title)


@given(st.text(max_size=400))
def test_a_key_fits_its_column_and_is_its_own_key(text: str) -> None:
    key = key_of(text)
    assert len(key) <= LONGEST_KEY < COLUMN
    assert key == key.strip()
    assert "  " not in key
    if "…" not in key:
        assert key_of(key) == key


@given(st.text(string.ascii_letters + " ", min_size=LONGEST_KEY + 1, max_size=LONGEST_TITLE + 200))
def test_long_titles_that_differ_at_the_end_only_are_two(text: str) -> None:
    one, other = f"x{text}x{text}", f"x{text}x{text}y"
    assert key_of(one) != key_of(other)


def test_a_letter_of_two_characters_is_the_same_as_of_one() -> None:
    title = "Русский язык для детей"
    assert normalize("NFD", title) != title
    assert key_of(normalize("NFD", title)) == key_of(title)


@pytest.mark.parametrize(
    "name",
    [
        "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}",
        "\N{WAVING BLACK FLAG}\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "علی\u200cرضا",
        "\U0001fae8",  # younger than the tables of this Python
        "\N{HEAVY BLACK HEART}\ufe0f",
        "𠮷野",
    ],
)
def test_emoji_and_words_whose_parts_are_joined_stay_whole(name: str) -> None:
    assert collapsed(f" {name}\t{name} ") == f"{name} {name}"


@pytest.mark.parametrize(
    "text", ["", " \t", "\u200b", "\u200d", "\u200c \u200d", "\x00", "\xad", "\u202e", "\ufeff"]
)
def test_what_shows_nothing_is_nothing(text: str) -> None:
    assert collapsed(text) == key_of(text) == ""


def test_where_a_word_may_be_parted_is_nothing_to_its_title() -> None:
    assert key_of("Мате\xadматика") == key_of("математика")


def test_an_origin_names_the_submission_and_the_programme() -> None:
    assert origin_of("s-1") == "poll:s-1"
    assert origin_of("s-1", Programme(12, "Физика")) == "poll:s-1:12"
