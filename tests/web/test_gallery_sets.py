"""The gallery routes that other hubs and programs use: look-ups by name, and changes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gallery.wire import build_client
from tests.services.gallery.elsewhere import Elsewhere, item
from tests.web.door import KEY, Door, a_set, assert_problem, open_door

SETS = "/gallery/sets"
CATS = {"title": "Котики", "kind": "regular", "count": 3, "added_by": 500}


async def _send(door: Door, method: str, name: str, body: Any = None, key: str = KEY) -> httpx.Response:
    content = None if body is None else body if isinstance(body, bytes | str) else json.dumps(body)
    return await door.caller.request(
        method, f"{SETS}/{name}", content=content, headers={"X-API-Key": key} if key else {}
    )


async def _names(door: Door, names: str) -> tuple[dict[str, str], list[str]]:
    response = await door.get(SETS, names=names)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer) == {"found", "missing"}
    return {name: each["name"] for name, each in answer["found"].items()}, answer["missing"]


# Look-ups by name


async def test_names_are_answered_as_they_were_asked_in_any_case(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики"), a_set("MoonDogs", "Псы"))

    assert await _names(door, "CATS,Owls,moondogs,cats") == (
        {"CATS": "Cats", "moondogs": "MoonDogs", "cats": "Cats"},
        ["Owls"],
    )


async def test_a_found_set_has_exactly_the_agreed_fields(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики", kind="mask", count=None, added_by=None))

    assert (await door.get(SETS, names="cats")).json() == {
        "found": {
            "cats": {
                "name": "Cats",
                "title": "Котики",
                "kind": "mask",
                "count": None,
                "added_by": None,
                "added_at": "2026-01-15T12:00:00Z",
            }
        },
        "missing": [],
    }


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ("", []),
        (",,", []),
        (" Owls , Owls ,", ["Owls"]),
        ("a b,Коты,%,x\x00y", ["a b", "Коты", "%", "x\x00y"]),
        ("a" * 65, ["a" * 65]),
    ],
)
async def test_odd_names_are_missing_and_break_nothing(door: Door, names: str, missing: list[str]) -> None:
    await door.list_sets(a_set("Cats", "Котики"))

    assert await _names(door, names) == ({}, missing)


async def test_a_hundred_names_are_one_question_and_one_more_is_too_many(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики"))
    many = [f"Set{number}" for number in range(99)]
    await door.get("/stats")
    calls = door.database.calls

    found, missing = await _names(door, ",".join(["Cats", *many]))
    assert (found, missing) == ({"Cats": "Cats"}, many)
    assert door.database.calls == calls + 1
    document = assert_problem(await door.get(SETS, names=",".join(["Cats", *many, "Set99"])), 422)
    assert document["errors"] == [{"where": "query.names", "message": "At most 100 names"}]


async def test_names_may_come_in_several_parameters(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики"), a_set("Dogs", "Псы"))

    answer = (await door.get(SETS, names=["Cats,Owls", "DOGS", "", "Cats"])).json()
    assert (list(answer["found"]), answer["missing"]) == (["Cats", "DOGS"], ["Owls"])
    halves = [",".join(f"Set{number}" for number in range(start, start + 51)) for start in (0, 51)]
    assert_problem(await door.get(SETS, names=halves), 422)


async def test_with_names_nothing_else_counts(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики"), a_set("Dogs", "Псы"))

    answer = (await door.get(SETS, names="Dogs", q="cats", limit=1)).json()
    assert set(answer["found"]) == {"Dogs"}


async def test_names_that_cannot_be_looked_up_are_a_503_and_never_missing(door: Door) -> None:
    door.database.away = True

    assert_problem(await door.get(SETS, names="Cats"), 503)
    assert_problem(await door.get(f"{SETS}/Cats"), 503)


# One set


async def test_one_set_is_told_in_any_case_and_404_means_not_listed(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики", minutes=5))

    response = await door.get(f"{SETS}/CATS")
    assert response.status_code == 200
    assert response.json() == item("Cats", title="Котики", added_by=500, added_at="2026-01-15T12:05:00Z")
    assert_problem(await door.get(f"{SETS}/Owls"), 404)


async def test_a_set_is_put_once_and_told_anew_after_that(door: Door) -> None:
    first = await _send(door, "PUT", "Cats", CATS)
    assert first.status_code == 201
    assert {**first.json(), "added_at": None} == {"name": "Cats", "added_at": None, **CATS}

    same = await _send(door, "PUT", "cats", CATS)
    assert (same.status_code, same.json()) == (200, first.json())

    other = {"title": "Kittens", "kind": "mask", "count": None, "added_by": 501}
    changed = await _send(door, "PUT", "CATS", other)
    assert changed.status_code == 200
    assert changed.json() == first.json() | {"title": "Kittens", "kind": "mask", "count": None}
    assert (await door.get(f"{SETS}/Cats")).json() == changed.json()
    assert door.sql("SELECT actor, action, key FROM journal") == [
        ("settings", "add", "Cats"),
        ("settings", "change", "Cats"),
    ]


async def test_what_is_not_known_of_a_set_may_be_left_out(door: Door) -> None:
    response = await _send(door, "PUT", "Cats", {"title": "Cats", "kind": "custom_emoji"})

    assert response.status_code == 201
    assert (response.json()["count"], response.json()["added_by"]) == (None, None)


async def test_a_set_is_deleted_once(door: Door) -> None:
    await door.list_sets(a_set("Cats", "Котики"))

    response = await _send(door, "DELETE", "CATS")
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(await _send(door, "DELETE", "Cats"), 404)
    assert_problem(await door.get(f"{SETS}/Cats"), 404)
    assert door.sql("SELECT actor, action, key FROM journal") == [("settings", "remove", "Cats")]


async def test_a_change_is_known_to_every_process_and_to_this_one_at_once(door: Door) -> None:
    kind = door.hub.gallery.kind
    assert await kind.find("Cats") is None
    await _send(door, "PUT", "Cats", CATS)
    assert await kind.find("Cats")
    await _send(door, "DELETE", "Cats")
    assert await kind.find("Cats") is None
    assert door.sql("SELECT region, key FROM invalidations") == [("stickerset", "cats")] * 2


async def test_the_journal_names_the_key_that_changed_something(door: Door) -> None:
    made = await door.key("admin")
    await _send(door, "PUT", "Cats", CATS, key=made.text)

    assert door.sql("SELECT actor, correlation_id FROM journal WHERE kind = 'stickerset'")[0][0] == (
        f"key:{made.key.id}"
    )
    assert None not in door.sql("SELECT correlation_id FROM journal WHERE kind = 'stickerset'")[0]


@pytest.mark.parametrize("name", ["9lives", "a" * 65, "Коты", "a b", "a%00b", "%25", "a-b"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_cannot_be_a_name_is_refused(door: Door, method: str, name: str) -> None:
    document = assert_problem(await _send(door, method, name, CATS), 422)

    assert [error["where"] for error in document["errors"]] == ["path.name"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"title": ""}, "body.title"),
        ({"title": None}, "body.title"),
        ({"title": "x" * 201}, "body.title"),
        ({"title": "a\x00b"}, "body.title"),
        ({"kind": "video"}, "body.kind"),
        ({"count": -1}, "body.count"),
        ({"count": "3"}, "body.count"),
        ({"count": 1.5}, "body.count"),
        ({"count": True}, "body.count"),
        ({"count": 2**31}, "body.count"),
        ({"added_by": 0}, "body.added_by"),
        ({"added_by": 2**52}, "body.added_by"),
    ],
)
async def test_a_body_that_cannot_be_used_changes_nothing(
    door: Door, change: dict[str, Any], where: str
) -> None:
    document = assert_problem(await _send(door, "PUT", "Cats", CATS | change), 422)

    assert [error["where"] for error in document["errors"]] == [where]
    assert "xxx" not in str(document)
    assert door.sql("SELECT count(*) FROM sticker_sets") == [(0,)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        (b"\xff", 400),
        ("[]", 422),
        ("null", 422),
        ("{}", 422),
        ('{"title": "\\ud800"}', 400),
    ],
)
async def test_a_body_that_is_no_listing_is_told_so(door: Door, body: bytes | str, status: int) -> None:
    assert_problem(await _send(door, "PUT", "Cats", body), status)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_changes_need_a_key_with_all_rights_before_anything_else_counts(
    door: Door, method: str
) -> None:
    for body in (CATS, "{"):
        assert_problem(await _send(door, method, "Cats", body, key=""), 401)
        assert_problem(await _send(door, method, "Cats", body, key="unknown"), 401)
        for scope in ("read", "webhook", "enterprise:1"):
            made = await door.key(scope)
            assert_problem(await _send(door, method, "Cats", body, key=made.text), 403)


# A hub whose gallery is elsewhere passes the questions on


@pytest.fixture
def far() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
async def chained(tmp_path: Path, far: Elsewhere) -> AsyncIterator[Door]:
    async with far.client() as client, open_door(tmp_path, gallery=client) as opened:
        yield opened


async def test_reading_and_writing_go_through_to_the_gallery_elsewhere(chained: Door, far: Elsewhere) -> None:
    assert (await _send(chained, "PUT", "Cats", CATS)).status_code == 201
    assert far.sets["cats"]["title"] == "Котики"
    assert (await _send(chained, "PUT", "Cats", CATS)).status_code == 200
    assert await _names(chained, "CATS,Owls") == ({"CATS": "Cats"}, ["Owls"])
    assert (await chained.get(f"{SETS}/cats")).json()["title"] == "Котики"
    assert (await chained.get(SETS)).json()["total"] == 1
    assert (await _send(chained, "DELETE", "Cats")).status_code == 204
    assert_problem(await _send(chained, "DELETE", "Cats"), 404)
    assert_problem(await chained.get(f"{SETS}/cats"), 404)
    assert chained.sql("SELECT count(*) FROM sticker_sets") == [(0,)]


async def test_a_gallery_elsewhere_that_is_away_is_a_503_for_every_question(
    chained: Door, far: Elsewhere
) -> None:
    far.says(404)

    assert_problem(await chained.get(SETS), 503)
    assert_problem(await chained.get(SETS, names="Cats"), 503)
    assert_problem(await chained.get(f"{SETS}/Cats"), 503)
    assert_problem(await _send(chained, "PUT", "Cats", CATS), 503)
    health = (await chained.caller.get("/api/v1/integration/health")).json()
    assert health["status"] == "degraded"


async def test_without_an_address_there_is_no_client(door: Door) -> None:
    assert build_client(door.settings.gallery) is None
