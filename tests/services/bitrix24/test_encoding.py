"""Parameters on the wire mean at the portal what they meant here, in a call and in a batch."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bitrix24.php import parse_str
from services.bitrix24.commands import Command, Reference
from services.bitrix24.encoding import (
    LONGEST_TEXT,
    MOST_VARIABLES,
    http_build_query,
    in_batch,
    json_body,
    plain,
    travels_alone,
)
from tests.services.bitrix24.golden import BUILT, TOKENS


@pytest.mark.parametrize(("params", "query"), BUILT)
def test_queries_are_built_as_php_builds_them(params: dict[str, Any], query: str) -> None:
    assert http_build_query(params) == query


def as_php(value: Any) -> Any:
    """What arrives of a plain value: texts, an empty list as one with an empty text, no empty maps."""
    match value:
        case dict():
            return {key: as_php(one) for key, one in value.items() if one != {}}
        case list():
            return [as_php(one) for one in value] or [""]
    return str(value)


KEYS = st.text("ABCXYZabc_>=@!%*0123456789ё", min_size=1, max_size=8).map(lambda text: f"K{text}")
LEAVES = st.one_of(
    st.text(max_size=20), st.integers(), st.booleans(), st.none(), st.decimals(-(10**9), 10**9, places=2)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, min_size=1, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_command_in_a_batch_arrives_as_it_was_meant(params: dict[str, Any]) -> None:
    command = Command("crm.deal.add", params)
    method, _, query = in_batch(command).partition("?")
    assert method == "crm.deal.add"
    assert not set(query) & set(" #?\t\n")
    if not travels_alone(command):
        assert parse_str(query) == (as_php(plain(params)) or [])


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_call_arrives_as_it_was_meant(params: dict[str, Any]) -> None:
    assert json.loads(json_body(plain(params))) == plain(params)


def test_values_are_written_as_the_portal_reads_them() -> None:
    zone = timezone(timedelta(hours=3))
    assert plain(
        {
            "none": None,
            "yes": True,
            "money": Decimal("1E+3"),
            "day": date(2026, 5, 14),
            "at": datetime(2026, 5, 14, 10, 26, 32, 999, tzinfo=zone),
            "pair": (1, "\ud800"),
            7: Reference("c0"),
        }
    ) == {
        "none": "",
        "yes": 1,
        "money": "1000",
        "day": "2026-05-14",
        "at": "2026-05-14T10:26:32+03:00",
        "pair": [1, "\ufffd"],
        "7": Reference("c0"),
    }


@pytest.mark.parametrize(
    "value",
    [datetime.fromisoformat("2026-05-14T10:00:00"), float("nan"), float("inf"), Decimal("NaN")],
    ids=str,
)
def test_what_the_portal_would_misread_is_not_sent(value: Any) -> None:
    with pytest.raises(ValueError, match=r"offset|number"):
        plain({"a": value})


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"x", datetime(2026, 1, 1, tzinfo=UTC).time()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_parameter_is_our_mistake(value: Any) -> None:
    with pytest.raises(TypeError):
        plain({"a": value})


def test_a_body_is_an_object_or_the_call_would_run_without_parameters() -> None:
    with pytest.raises(TypeError):
        json_body([("a", 1)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "is_token"), TOKENS)
@pytest.mark.parametrize("place", ["value", "nested", "key"])
def test_text_that_a_batch_would_replace_travels_alone(text: str, is_token: bool, place: str) -> None:
    places: dict[str, Any] = {
        "value": {"fields": {"NAME": text}},
        "nested": {"fields": [{"a": ["x", text]}]},
        "key": {"fields": {text: "x"}},
    }
    params = places[place]
    expected = is_token or (place == "key" and "[" in text)  # brackets tear a key apart
    assert travels_alone(Command("crm.contact.add", params)) is expected


def test_references_of_ours_travel_in_a_batch() -> None:
    assert not travels_alone(Command("crm.deal.add", {"fields": {"CONTACT_ID": Reference("c0", "ID")}}))


@pytest.mark.parametrize("key", ["a.b", "a b"])
def test_a_key_that_php_rewrites_travels_alone(key: str) -> None:
    assert travels_alone(Command("crm.deal.add", {key: 1}))
    assert not travels_alone(Command("crm.deal.add", {"fields": {key: 1}}))


def test_more_variables_than_php_reads_travel_alone() -> None:
    def with_values(count: int) -> Command:
        return Command("crm.deal.list", {"filter": {"@ID": list(range(count))}})

    assert not travels_alone(with_values(MOST_VARIABLES))
    assert travels_alone(with_values(MOST_VARIABLES + 1))


def test_a_very_long_text_travels_alone() -> None:
    assert not travels_alone(Command("crm.deal.add", {"fields": {"COMMENTS": "ы" * 10_000}}))
    assert travels_alone(Command("crm.deal.add", {"fields": {"COMMENTS": "ы" * (LONGEST_TEXT // 2)}}))


def test_megabytes_that_look_like_tokens_are_looked_at_once() -> None:
    assert travels_alone(Command("crm.deal.add", {"fields": {"COMMENTS": "$result" * 1_000_000}}))
    assert not travels_alone(Command("crm.deal.add", {"fields": {"COMMENTS": "[" + "$result" * 5000}}))


@pytest.mark.parametrize("method", ["batch", "upload", "download", "Batch"])
def test_what_a_batch_does_not_take_travels_alone(method: str) -> None:
    assert travels_alone(Command(method))


@pytest.mark.parametrize(
    ("method", "is_write"),
    [
        ("crm.deal.get", False),
        ("crm.deal.list", False),
        ("CRM.DEAL.LIST", False),
        ("crm.duplicate.findbycomm", False),
        ("crm.deal.fields", False),
        ("user.current", False),
        ("profile", False),
        ("scope", False),
        ("server.time", False),
        ("crm.deal.contact.items.get", False),
        ("crm.deal.add", True),
        ("crm.deal.contact.items.set", True),
        ("crm.item.batchimport", True),
        ("something.new", True),
        ("event.offline.get", True),
    ],
)
def test_what_may_be_asked_twice(method: str, is_write: bool) -> None:
    assert Command(method).is_write is is_write
