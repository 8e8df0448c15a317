"""Errors: one shape for all of them, and nothing of the inside in it."""

import json
from typing import Annotated, Any

import pytest
from fastapi import Body
from pydantic import BaseModel

from tests.web.conftest import Lines
from tests.web.door import KEY, Door, FakeIntake, assert_problem, open_door


class Parcel(BaseModel):
    """A body for a route of these tests."""

    number: int


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/stats/", "/health", "/GALLERY/sets", "/docs/x", "/favicon.ico"]
)
async def test_an_unknown_address_is_a_404_problem(door: Door, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "BREW"):
        assert_problem(await door.caller.request(method, path), 404)


@pytest.mark.parametrize(
    "path", ["/stats", "/gallery/sets", "/openapi.json", "/docs", "/health/live", "/health/ready"]
)
async def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(door: Door, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"):
        response = await door.caller.request(method, path, headers={"X-API-Key": KEY})
        assert_problem(response, 405)
        assert sorted(response.headers["allow"].split(", ")) == ["GET", "HEAD"]


async def test_a_body_that_is_not_json_is_400_and_one_with_wrong_values_is_422(door: Door) -> None:
    @door.app.post("/parcels")
    async def take(parcel: Annotated[Parcel, Body()]) -> None:
        raise AssertionError("not reached")

    json_headers = {"Content-Type": "application/json"}
    for body in (b"{", b"{'number': 1}", b'{"number": 1'):
        response = await door.caller.post("/parcels", content=body, headers=json_headers)
        assert assert_problem(response, 400)["detail"] == "The body is not JSON."
    document = assert_problem(await door.caller.post("/parcels", json={"number": "s3cret"}), 422)
    assert [error["where"] for error in document["errors"]] == ["body.number"]
    assert "s3cret" not in json.dumps(document)
    response = await door.caller.post("/parcels", content=b'{"number": "\xff"}', headers=json_headers)
    assert_problem(response, 400)


async def test_a_failure_nobody_foresaw_is_a_500_whose_cause_is_in_the_log_alone(
    door: Door, lines: Lines
) -> None:
    @door.app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("the cause")

    response = await door.caller.get("/broken")

    document = assert_problem(response, 500)
    assert "the cause" not in response.text
    assert "ZeroDivisionError" not in response.text
    [line] = lines("web.unexpected_error")
    assert line["correlation_id"] == document["correlation_id"]
    assert "ZeroDivisionError: the cause" in line["details"]["exception"]


async def test_a_failure_in_the_webhook_is_a_500_problem_too(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    intake = FakeIntake(RuntimeError("a defect"))
    async with open_door(tmp_path_factory.mktemp("broken"), intake=intake) as door:
        response = await door.post_update(b"{}")

    assert_problem(response, 500)
    assert "a defect" not in response.text


async def test_a_failure_after_the_answer_began_is_never_taken_for_a_whole_answer(
    door: Door, lines: Lines
) -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("cut")

    door.app.mount("/half", half)
    with pytest.raises(RuntimeError, match="cut"):
        await door.caller.get("/half/")
    [line] = lines("web.request")
    assert line["details"]["status"] == 200


async def test_every_request_has_an_id_of_its_own_that_no_caller_chooses(door: Door) -> None:
    given = {"X-Correlation-Id": "chosen", "traceparent": "00-1-1-01"}
    responses = [await door.caller.get("/health/live", headers=given) for _ in range(5)]

    ids = [response.headers["x-correlation-id"] for response in responses]
    assert len(set(ids)) == 5
    assert "chosen" not in ids


async def test_the_id_in_the_answer_is_the_one_in_the_log(door: Door, lines: Lines) -> None:
    response = await door.get("/stats")

    [line] = lines("web.request")
    assert line["correlation_id"] == response.headers["x-correlation-id"]


async def test_a_request_is_one_line_without_query_and_without_secrets(door: Door, lines: Lines) -> None:
    await door.caller.get(
        "/stats",
        params={"token": "t0ken-in-a-query"},
        headers={"X-API-Key": KEY, "X-Forwarded-For": "203.0.113.9"},
    )

    [line] = lines("web.request")
    assert line["level"] == "info"
    details = line["details"]
    assert details.pop("ms") >= 0
    assert details == {"method": "GET", "path": "/stats", "status": 200, "client": "192.0.2.7"}


async def test_what_is_asked_all_the_time_is_logged_quietly_as_long_as_it_succeeds(
    door: Door, lines: Lines
) -> None:
    await door.caller.get("/health/live")
    await door.post_update(b'{"update_id":1}')
    door.database.away = True
    await door.caller.get("/health/ready")

    assert [(line["level"], line["details"]["status"]) for line in lines("web.request")] == [
        ("debug", 200),
        ("debug", 200),
        ("info", 503),
    ]


async def test_a_path_cannot_fill_or_break_the_log(door: Door, lines: Lines) -> None:
    await door.caller.get("/" + "x" * 5000)
    await door.caller.get("/a%0Ab%1B")

    long, odd = lines("web.request")
    assert len(long["details"]["path"]) <= 200
    assert odd["details"]["path"] == "/a\nb\x1b"


@pytest.mark.parametrize("path", ["/health/live", "/stats", "/docs", "/nothing"])
async def test_every_answer_forbids_guessing_its_type(door: Door, path: str) -> None:
    response = await door.get(path)

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] in {"no-store", "no-cache"}
    if "json" in response.headers["content-type"]:
        assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/health/live", "/stats", "/gallery/sets", "/openapi.json", "/docs", "/nothing"]
)
async def test_head_is_get_without_the_body_everywhere(door: Door, path: str) -> None:
    full = await door.get(path)
    head = await door.caller.head(path, headers={"X-API-Key": KEY})

    assert head.status_code == full.status_code
    assert head.content == b""
    assert head.headers["content-type"] == full.headers["content-type"]
    assert int(head.headers["content-length"]) > 0
