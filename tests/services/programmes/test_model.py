"""Titles: compared in any case and with any blanks, found at the portal by a pattern."""

import re
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
    pattern_of,
)
from storage.tables import submission_programmes

COLUMN = cast(String, submission_programmes.c.key.type).length or 0
letters = st.characters(categories=["L", "N", "P", "S"])
words = st.text(letters, min_size=1, max_size=12)
titles = st.lists(words, min_size=1, max_size=30).map(" ".join)
blanks = st.text(" \t\n\u00a0\u3000\u200b\x00", min_size=1, max_size=3)


def like(pattern: str, text: str) -> bool:
    """SQL's LIKE as the portal has it, which takes no case."""
    parts = re.escape(pattern.casefold()).replace("%", ".*").replace("_", ".")
    return re.fullmatch(parts, text.casefold(), re.DOTALL) is not None


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


@given(titles)
def test_the_portal_finds_a_title_by_the_pattern_of_its_key(title: str) -> None:
    shown = collapsed(title).casefold()
    assert like(pattern_of(key_of(title)), shown)
    assert like(pattern_of(key_of(title)), shown.replace(" ", "   "))


@pytest.mark.parametrize("title", ["100 % результат", "a_b", "back\\slash", "%", "_"])
def test_signs_of_patterns_find_themselves(title: str) -> None:
    assert like(pattern_of(key_of(title)), title)
    assert "%" not in pattern_of("a%b")


@given(st.text(string.ascii_letters + " ", min_size=LONGEST_KEY + 1, max_size=LONGEST_TITLE + 200))
def test_long_titles_that_differ_at_the_end_only_are_two(text: str) -> None:
    one, other = f"x{text}x{text}", f"x{text}x{text}y"
    assert key_of(one) != key_of(other)
    assert like(pattern_of(key_of(one)), collapsed(one))


def test_a_letter_of_two_characters_is_the_same_as_of_one() -> None:
    title = "Русский язык для детей"
    assert normalize("NFD", title) != title
    assert key_of(normalize("NFD", title)) == key_of(title)


def test_an_origin_names_the_submission_and_the_programme() -> None:
    assert origin_of("s-1") == "poll:s-1"
    assert origin_of("s-1", Programme(12, "Физика")) == "poll:s-1:12"
