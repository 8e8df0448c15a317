"""A job's payload is shown without what tells who somebody is."""

import json
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.observability import MASK
from services.flow.payloads import MOST, masking

SECRET = "a-secret-of-the-portal"
masked = masking(lambda text: text.replace(SECRET, MASK))
TELLING: tuple[str, ...] = (
    "name",
    "NAME",
    "LAST_NAME",
    "fullName",
    "full_name",
    "user_name",
    "fio",
    "EMAIL",
    "e-mail",
    "PHONE",
)
TELLING += ("contact_phone", "vcard", "by", "who", "asker", "display_name")


def shown(payload: object) -> object:
    """What is shown of it, read again."""
    return json.loads(masked(json.dumps(payload)))


@pytest.mark.parametrize("field", TELLING)
def test_what_tells_who_somebody_is_is_masked_however_deep_it_lies(field: str) -> None:
    assert shown({"data": [{field: "Smirnova"}]}) == {"data": [{field: MASK}]}


@pytest.mark.parametrize("field", ["TITLE", "domain", "id", "stage", "file", "number"])
def test_what_tells_what_it_is_about_stays(field: str) -> None:
    assert shown({field: "12"}) == {field: "12"}


def test_an_e_mail_is_masked_wherever_it_stands_and_so_is_a_secret() -> None:
    payload = {"note": f"ask anna@example.org, {SECRET}", "anna@example.org": 1}
    assert shown(payload) == {"note": f"ask {MASK}, {MASK}", MASK: 1}


def test_what_is_no_json_is_masked_too() -> None:
    assert masked(f"of anna@example.org {SECRET}") == f"of {MASK} {MASK}"


@given(st.text(ascii_letters, min_size=1, max_size=2 * MOST))
def test_a_secret_at_the_cut_is_not_shown_in_half(before: str) -> None:
    told = masked(json.dumps({"note": f"{before} {SECRET}"}))
    assert len(told) <= MOST
    assert "a-secret" not in told
