"""One person, one spelling: phones and e-mails however they are written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.flow.contacts import (
    LONGEST_PHONE,
    SHORTEST_PHONE,
    email_of,
    normalised_phone,
    person_key,
    phone_of,
    spellings_of,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "sandbox" / "bitrix24" / "golden.json").read_text("utf-8"))
MOBILE = "79161234567"
TEN = [
    "+7 (916) 123-45-67",
    "8 (916) 123-45-67",
    "89161234567",
    "79161234567",
    "9161234567",
    "(916) 123 45 67",
    "007 916 123 45 67",
    "+7 916 123 45 67;12",
    "8-916-123-45-67 доб. 12",
    "8 10 7 916 1234567",
    "＋７ ９１６ １２３ ４５ ６７",
    "+7 916 123‑45‑67 ext. 12",
    "\u202a+7 916 123-45-67\u202c",
]
numbers = st.text("0123456789", min_size=10, max_size=10).filter(lambda digits: digits[0] in "3456")
gaps = st.lists(st.sampled_from(["", " ", "-", "(", ")", ".", "\u00a0", " – "]), min_size=10, max_size=10)


@pytest.mark.parametrize("case", GOLDEN["phone_normalization"], ids=lambda case: case["in"])
def test_a_phone_is_compared_as_the_portal_does(case: dict[str, str]) -> None:
    assert normalised_phone(case["in"]) == case["out"]


@pytest.mark.parametrize("text", TEN)
def test_a_phone_has_one_spelling_however_it_is_written(text: str) -> None:
    assert phone_of(text) == MOBILE
    assert person_key(text) == MOBILE


@given(numbers, gaps, st.sampled_from(["+7", "8", "7", "", "007", "8 10 7", "+7 "]))
def test_a_russian_number_is_the_same_with_any_prefix_and_punctuation(
    number: str, between: list[str], prefix: str
) -> None:
    written = prefix + "".join(gap + digit for gap, digit in zip(between, number, strict=True))
    assert phone_of(written) == f"7{number}"


@given(st.text(max_size=40))
def test_any_text_is_a_phone_of_digits_alone_or_none(text: str) -> None:
    found = phone_of(text)
    assert found is None or (found.isascii() and found.isdigit())
    assert found is None or SHORTEST_PHONE <= len(found) <= LONGEST_PHONE


@given(
    st.one_of(
        numbers.map(lambda number: f"7{number}"), st.from_regex(r"(375|49|86|1)[2-9][0-9]{8}", fullmatch=True)
    )
)
def test_the_one_spelling_of_a_phone_is_its_own_and_found_by_the_portal(phone: str) -> None:
    assert phone_of(f"+{phone}") == phone
    spellings = spellings_of(phone)
    assert spellings[0] == f"+{phone}"
    assert len(spellings) <= 20  # as many values as the portal compares
    assert phone in set(map(normalised_phone, spellings))
    assert {phone_of(each) for each in spellings} == {phone}


@pytest.mark.parametrize("text", ["", "none", "112", "123456", "1" * 16, "+", "доб. 5", "ext 123456"])
def test_what_is_no_phone_is_none(text: str) -> None:
    assert phone_of(text) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("  Anna@Example.COM ", "anna@example.com"),
        ("mailto:a.b+c@mail.example.com", "a.b+c@mail.example.com"),
        ("анна@почта.рф", "анна@почта.рф"),
        ("a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai"),
        ("ａｎｎａ＠example.com", "anna@example.com"),
        ("Max@Straße.de", "max@straße.de"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert email_of(text) == person_key(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "anna", "anna@", "@example.com", "a b@example.com", "a@b", "a@b@c.de", "a@1.2.3.4", "a@.de",
     "a@b..de", "<a@b.de>", "a@b.de, c@d.de", "a" * 65 + "@b.de", "a@" + "b." * 130 + "de", "a@b.d"],
)  # fmt: skip
def test_what_is_no_address_is_none(text: str) -> None:
    assert email_of(text) is None


@given(st.text(max_size=60))
def test_an_address_stays_the_same_when_it_is_read_again(text: str) -> None:
    found = email_of(text)
    assert found is None or email_of(found) == found
