"""Names and links of sticker sets, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gallery.model import NAME, is_bot_made, link_to, name_alone, name_in_link

LONGEST = "a" * 64


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://t.me/addstickers/Cats_by_bot", "Cats_by_bot"),
        ("http://t.me/addstickers/Cats", "Cats"),
        ("t.me/addstickers/Cats", "Cats"),
        ("T.ME/AddStickers/Cats", "Cats"),
        ("www.t.me/addstickers/Cats", "Cats"),
        ("https://telegram.me/addstickers/Cats", "Cats"),
        ("https://telegram.dog/addstickers/Cats", "Cats"),
        ("https://t.me/addemoji/Faces", "Faces"),
        ("tg://addstickers?set=Cats", "Cats"),
        ("tg://addemoji?set=Faces", "Faces"),
        ("look: t.me/addstickers/Cats, and t.me/addstickers/Dogs!", "Cats"),
        ("(https://t.me/addstickers/Cats)", "Cats"),
        ("https://t.me/addstickers/Cats?utm=1", "Cats"),
        ("https://t.me/addstickers/Cats/", "Cats"),
        (f"t.me/addstickers/{LONGEST}", LONGEST),
        ("t.me/addstickers/1st t.me/addstickers/Second", "Second"),
    ],
)
def test_a_link_anywhere_in_a_text_names_its_set(text: str, name: str) -> None:
    assert name_in_link(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Cats",
        "https://t.me/Cats",
        "https://t.me/addstickers/",
        "https://t.me/addstickers/1Cats",
        "https://t.me/addstickers/_Cats",
        "https://t.me/addstickers/Котики",
        f"https://t.me/addstickers/{LONGEST}a",
        "https://example.com/addstickers/Cats",
        "tg://addstickers?name=Cats",
    ],
)
def test_what_is_no_link_to_a_set_names_none(text: str) -> None:
    assert name_in_link(text) is None


@pytest.mark.parametrize(
    "text", ["Cats", " Cats\n", "c", "Cats_by_bot", "a1_", "double__underscore", LONGEST]
)
def test_a_bare_word_of_the_right_shape_may_be_a_name(text: str) -> None:
    assert name_alone(text) == text.strip()


@pytest.mark.parametrize(
    "text", ["", " ", "two words", "1st", "_x", "Котики", "Сats", "a-b", "a.b", "@cats", LONGEST + "a"]
)
def test_anything_else_is_no_name(text: str) -> None:
    assert name_alone(text) is None


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Cats_by_bot", True),
        ("CATS_BY_BOT", True),
        ("a_by_b", True),
        ("Cats", False),
        ("_by_bot", False),
        ("Cats_by_", False),
        ("Catsbybot", False),
    ],
)
def test_only_sets_made_by_bots_end_with_by_and_a_name(name: str, made: bool) -> None:
    assert is_bot_made(name) == made


@given(st.from_regex(NAME, fullmatch=True), st.sampled_from(["regular", "mask", "custom_emoji"]))
def test_the_address_of_a_set_leads_back_to_its_name(name: str, kind: str) -> None:
    address = link_to(name, kind)
    assert name_in_link(address) == name
    assert ("/addemoji/" in address) == (kind == "custom_emoji")
