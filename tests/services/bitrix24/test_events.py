"""What portals post: every shape that real ones have, and whatever else anybody may send."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bitrix24.events import LARGEST, PortalEvent, ShapeError, portal_event

TOKEN = "q3z3hb8zx5l2ot5l9dw0aa1yh4mc6p7k"
# As a portal's outgoing webhook sends it, byte for byte but for the ids.
GOLDEN = (
    b"event=ONCRMDEALUPDATE&event_handler_id=975&data%5BFIELDS%5D%5BID%5D=7405&ts=1766047124"
    b"&auth%5Bdomain%5D=partner1.bitrix24.ru&auth%5Bclient_endpoint%5D=https%3A%2F%2Fpartner1.bitrix24.ru%2Frest%2F"
    b"&auth%5Bserver_endpoint%5D=https%3A%2F%2Foauth.bitrix24.tech%2Frest%2F"
    b"&auth%5Bmember_id%5D=0123456789abcdef0123456789abcdef&auth%5Bapplication_token%5D=" + TOKEN.encode()
)
AUTH = {"domain": "partner1.bitrix24.ru", "application_token": TOKEN}


def event(**more: Any) -> dict[str, Any]:
    """What a program sends as JSON."""
    whole: dict[str, Any] = {
        "event": "ONCRMDEALUPDATE",
        "data": {"FIELDS": {"ID": 7405}},
        "ts": 1766047124,
        "auth": AUTH,
    }
    return {name: value for name, value in (whole | more).items() if value is not ...}


def read(whole: object) -> PortalEvent:
    return portal_event(json.dumps(whole).encode(), "application/json")


def form(*pairs: tuple[str, str]) -> bytes:
    return urlencode(pairs).encode()


def test_the_body_of_an_outgoing_webhook_is_read() -> None:
    found = portal_event(GOLDEN, "application/x-www-form-urlencoded")
    assert (found.domain, found.event, found.id) == ("partner1.bitrix24.ru", "ONCRMDEALUPDATE", 7405)
    assert (found.kind, found.is_deal, found.token) == ("event", True, TOKEN)
    assert found.hash
    assert TOKEN not in repr(found)


def test_json_tells_the_same_and_is_the_same_event() -> None:
    found = read(event())
    assert (found.domain, found.event, found.id) == ("partner1.bitrix24.ru", "ONCRMDEALUPDATE", 7405)
    assert (found.kind, found.token) == ("json", TOKEN)
    assert found.hash == portal_event(GOLDEN).hash
    assert (
        read(event(event="OnCrmDealUpdate", auth=AUTH | {"domain": "Partner1.Bitrix24.RU"})).hash
        == found.hash
    )
    assert read(event(auth={"domain": AUTH["domain"]})).hash == found.hash


def test_json_is_known_without_being_announced() -> None:
    assert portal_event(b"\n " + json.dumps(event()).encode()).kind == "json"


@pytest.mark.parametrize(
    "other",
    [
        {"ts": 1766047125},
        {"event": "ONCRMDEALADD"},
        {"data": {"FIELDS": {"ID": 7406}}},
        {"data": {"FIELDS": {"ID": 7405, "STAGE_ID": "NEW"}}},
        {"auth": {"domain": "partner2.bitrix24.ru"}},
    ],
)
def test_another_event_has_another_hash_also_when_only_the_portal_differs(other: dict[str, Any]) -> None:
    assert read(event(**other)).hash != read(event()).hash


def test_without_a_time_nothing_tells_a_repetition_from_a_second_change() -> None:
    assert read(event(ts=...)).hash is None
    assert read(event(ts="")).hash is None
    assert read(event(ts=None, auth={"domain": AUTH["domain"], "application_token": None})).hash is None


@pytest.mark.parametrize(
    ("name", "is_deal"),
    [
        ("ONCRMDEALADD", True),
        ("ONCRMDEALDELETE", True),
        ("ONCRMDEALMOVETOCATEGORY", True),
        ("ONCRMCONTACTUPDATE", False),
        ("ONCRMDEALUSERFIELDADD", False),
        ("ONCRMDEALRECURRINGADD", False),
    ],
)
def test_events_of_deals_are_told_from_others(name: str, is_deal: bool) -> None:
    assert read(event(event=name)).is_deal is is_deal


ROBOT = [("auth[domain]", AUTH["domain"]), ("auth[member_id]", "0" * 32)]


@pytest.mark.parametrize("keys", [["document_id[]"] * 3, [f"document_id[{n}]" for n in range(3)]])
def test_a_robots_document_is_a_deal_however_its_row_is_written(keys: list[str]) -> None:
    parts = ("crm", "CCrmDocumentDeal", "DEAL_123")
    found = portal_event(form(*zip(keys, parts, strict=True), *ROBOT))
    assert (found.domain, found.id, found.is_deal) == ("partner1.bitrix24.ru", 123, True)
    assert (found.kind, found.token, found.hash) == ("robot", "", None)


@pytest.mark.parametrize(
    "row", [["crm", "CCrmDocumentDeal", "DEAL_5"], {"2": "DEAL_5", "0": "crm", "1": "CCrmDocumentDeal"}]
)
def test_a_robots_row_may_be_an_object_with_its_places(row: object) -> None:
    assert read({"document_id": row, "auth": {"domain": "p.bitrix24.ru"}}).id == 5


def test_a_robot_of_something_else_is_about_no_deal() -> None:
    found = read({"document_id": ["crm", "CCrmDocumentLead", "LEAD_5"], "auth": AUTH})
    assert not found.is_deal


@pytest.mark.parametrize(
    "number",
    [0, -1, "0", "-5", "", "abc", "1e3", "12.0", 12.0, True, None, [], {}, "9" * 20, LARGEST, "١٢", " 1"],
)
def test_what_is_no_number_of_a_deal_is_refused(number: object) -> None:
    with pytest.raises(ShapeError) as caught:
        read(event(data={"FIELDS": {"ID": number}}))
    assert caught.value.where == "data.FIELDS.ID"


@pytest.mark.parametrize(
    ("whole", "where"),
    [
        (event(event=...), "event"),
        (event(event=""), "event"),
        (event(event=5), "event"),
        (event(event="X" * 101), "event"),
        (event(data=...), "data"),
        (event(data=[]), "data"),
        (event(data={}), "data.FIELDS"),
        (event(data={"FIELDS": "7405"}), "data.FIELDS"),
        (event(data={"FIELDS": {}}), "data.FIELDS.ID"),
        (event(auth=...), "auth"),
        (event(auth="partner1.bitrix24.ru"), "auth"),
        (event(auth={}), "auth.domain"),
        (event(auth={"domain": 5}), "auth.domain"),
        (event(auth={"domain": "d" * 256}), "auth.domain"),
        (event(auth=AUTH | {"application_token": [TOKEN]}), "auth.application_token"),
        (event(ts=[1]), "ts"),
        (event(ts="1" * 21), "ts"),
        ({"document_id": ["crm", "CCrmDocumentDeal"], "auth": AUTH}, "document_id"),
        ({"document_id": ["crm", "CCrmDocumentDeal", "DEAL_x"], "auth": AUTH}, "document_id"),
        ({"document_id": ["crm", "CCrmDocumentDeal", "DEAL_0"], "auth": AUTH}, "document_id"),
        ({"document_id": ["crm", "CCrmDocumentDeal", "DEAL_" + "9" * 20], "auth": AUTH}, "document_id"),
        ({"document_id": "DEAL_5", "auth": AUTH}, "document_id"),
        ({"document_id": {"a": "DEAL_5"}, "auth": AUTH}, "document_id"),
        ([], "body"),
        (5, "body"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_the_place_that_is_wrong(whole: object, where: str) -> None:
    with pytest.raises(ShapeError) as caught:
        read(whole)
    assert caught.value.where == where
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"a" * 10_000,
        b"&".join([b"a=1"] * 2000),
        b"event=X&" + b"data" + b"[a]" * 100 + b"=1",
        b"{" * 100_000,
        b'{"event":' + b"[" * 100_000,
    ],
)
def test_what_is_no_body_of_a_portal_is_refused(body: bytes) -> None:
    with pytest.raises(ShapeError):
        portal_event(body)


def test_of_fields_that_contradict_each_other_the_last_wins() -> None:
    body = form(
        ("data", "x"), ("data[FIELDS][ID]", "1"), ("data[FIELDS][ID]", "2"), ("event", "ONCRMDEALADD"), *ROBOT
    )
    assert portal_event(body).id == 2


@given(
    st.binary(max_size=300), st.sampled_from(["", "application/json", "application/x-www-form-urlencoded"])
)
def test_any_bytes_are_an_event_or_refused(body: bytes, content_type: str) -> None:
    try:
        found = portal_event(body, content_type)
    except ShapeError:
        return
    assert 0 < found.id < LARGEST


_NAMES = st.sampled_from(
    ["event", "data", "data[FIELDS]", "data[FIELDS][ID]", "ts", "auth[domain]", "document_id[]"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.tuples(_NAMES, st.text(max_size=12)), max_size=12))
def test_any_form_is_an_event_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        found = portal_event(urlencode(pairs, errors="replace").encode())
    except ShapeError:
        return
    assert 0 < found.id < LARGEST


@given(st.dictionaries(st.sampled_from(["event", "data", "ts", "auth", "document_id"]), _JSON))
def test_any_json_is_an_event_or_refused(whole: dict[str, Any]) -> None:
    try:
        read(event(**whole))
    except ShapeError:
        return


@given(
    st.integers(1, LARGEST - 1),
    st.integers(0, 2**40),
    st.from_regex(r"[a-z0-9-]{1,20}\.bitrix24\.ru", fullmatch=True),
)
def test_whatever_a_portal_tells_is_read_as_it_was_told(number: int, time: int, domain: str) -> None:
    pairs = (
        ("event", "ONCRMDEALADD"),
        ("data[FIELDS][ID]", str(number)),
        ("ts", str(time)),
        ("auth[domain]", domain),
    )
    found = portal_event(form(*pairs))
    assert (found.id, found.domain) == (number, domain)
    told = event(event="ONCRMDEALADD", data={"FIELDS": {"ID": number}}, ts=time, auth={"domain": domain})
    assert read(told).hash == found.hash
