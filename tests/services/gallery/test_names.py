"""Several names in one text."""

import pytest

from services.gallery.model import folded, names_in_links, names_listed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("Cats", []),
        ("t.me/addstickers/Cats", ["Cats"]),
        ("see t.me/addstickers/Cats, and https://t.me/addemoji/Dogs!", ["Cats", "Dogs"]),
        ("tg://addstickers?set=Cats\ntg://addemoji?set=Dogs", ["Cats", "Dogs"]),
        ("t.me/addstickers/Cats t.me/addstickers/CATS t.me/addemoji/cats", ["Cats"]),
        ("t.me/addstickers/1st t.me/addstickers/Second", ["Second"]),
    ],
)
def test_every_link_in_a_text_names_its_set_once(text: str, names: list[str]) -> None:
    assert names_in_links(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("A", ["A"]),
        ("A B\nC", ["A", "B", "C"]),
        (" A, B;C ,, D;", ["A", "B", "C", "D"]),
        ("A a B A", ["A", "B"]),
        ("A t.me/addstickers/B (https://t.me/addemoji/C)", ["A", "B", "C"]),
        ("t.me/addstickers/A|t.me/addstickers/B", ["A", "B"]),
        ("A 1st", []),
        ("A и B", []),
        ("A t.me/somebody", []),
        ("A " + "b" * 65, []),
    ],
)
def test_a_list_of_names_and_links_and_nothing_else_names_them_all(text: str, names: list[str]) -> None:
    assert names_listed(text, any_word=True) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Cats_by_bot, Dogs_by_bot", ["Cats_by_bot", "Dogs_by_bot"]),
        ("Cats_by_bot t.me/addstickers/Dogs", ["Cats_by_bot", "Dogs"]),
        ("Cats_by_bot Dogs", []),
        ("hello there", []),
    ],
)
def test_unasked_only_links_and_names_that_bots_make_count(text: str, names: list[str]) -> None:
    assert names_listed(text, any_word=False) == names


def test_names_that_differ_in_case_become_one_as_first_written_in_the_first_ones_place() -> None:
    assert folded(["Cats", "dogs", "CATS", "Owls", "Dogs"]) == ["Cats", "dogs", "Owls"]
