"""What a deal says of the answers, and of what the contact does not say."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.programmes.comments import LONGEST, Comments
from services.programmes.contacts import person_of
from services.texts import Texts
from storage.submissions import Submission
from tests.storage.test_submissions import a_row

COMMENTS = Comments(Texts.load(), "en")
SPOKEN = Comments(Texts.load(), "ru")
answers = st.dictionaries(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2000),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=30,
)


def told(row: Submission, *, was_known: bool = False, without_email: bool = False) -> list[str]:
    person = person_of(row)
    return COMMENTS.of_deal(row, person, was_known=was_known, without_email=without_email).split("\n")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("вечером", "вечером"),
        (11, "11"),
        (1.5, "1.5"),
        (True, "yes"),
        (False, "no"),
        (None, "–"),
        (["бег", 3, True], "бег, 3, yes"),
        ([], ""),
        ({"a": ["b"]}, '{"a":["b"]}'),
        ([["a"], "b"], '[["a"],"b"]'),
    ],
)
def test_an_answer_is_a_line(answer: Any, line: str) -> None:
    assert COMMENTS.of_answers({"Вопрос": answer}) == f"Вопрос: {line}"


def test_yes_and_no_are_said_in_the_language_of_the_portals_readers() -> None:
    assert SPOKEN.of_answers({"a": True, "b": False}) == "a: да\nb: нет"
    assert SPOKEN.of_answers({}) == ""


@given(answers)
def test_whatever_the_answers_are_they_are_told_and_cut_with_a_remark(given_answers: dict[str, Any]) -> None:
    text = COMMENTS.of_answers(given_answers)
    assert len(text) <= LONGEST + 60
    assert (len(text) > LONGEST) is text.endswith(" characters]")


def test_what_is_cut_says_so_and_how_much_there_was() -> None:
    whole = COMMENTS.of_answers({"a": "я" * (LONGEST - 3)})
    assert len(whole) == LONGEST
    cut = COMMENTS.of_answers({"a": "я" * (LONGEST - 2)})
    assert cut.split("\n") == [whole + "…", f"[cut after {LONGEST} of {LONGEST + 1} characters]"]
    assert len(json.dumps(cut)) < 65_536


def test_a_known_contact_is_not_changed_so_the_deal_says_what_was_given() -> None:
    row = replace(a_row(), email="anna@example.com", comments="Класс: 11")
    assert told(row) == ["Класс: 11"]
    assert told(row, was_known=True) == [
        "Name in the form: Анна",
        "Phone in the form: +7 916 123-45-67",
        "E-mail in the form: anna@example.com",
        "Класс: 11",
    ]


def test_what_the_contact_could_not_be_given_is_said() -> None:
    row = replace(a_row(), email="anna@example.com")
    assert told(row, without_email=True) == ["E-mail in the form: anna@example.com"]
    assert told(replace(row, phone="по будням")) == ["Phone in the form: по будням"]
    assert told(replace(row, email="нет")) == ["E-mail in the form: нет"]
