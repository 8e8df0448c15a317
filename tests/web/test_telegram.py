"""The webhook: stored first, answered second, and only for Telegram."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.engine.errors import Refused
from storage.errors import StorageUnavailable
from tests.web.door import SECRET, SECRET_HEADER, WEBHOOK, Door, FakeIntake, assert_problem, open_door

UPDATE = json.dumps(
    {"update_id": 41, "message": {"message_id": 1, "chat": {"id": 5}, "text": "привет"}}
).encode()
HEADER = next(iter(SECRET_HEADER))


async def test_an_update_is_in_the_inbox_when_telegram_reads_an_answer_with_nothing_in_it(door: Door) -> None:
    response = await door.post_update(UPDATE)

    assert response.status_code == 200
    assert response.content == b""
    assert door.sql("SELECT topic, key, payload FROM jobs") == [("telegram", "chat:5", UPDATE.decode())]


async def test_the_same_update_again_is_answered_200_and_stored_once(door: Door) -> None:
    for _ in range(3):
        assert (await door.post_update(UPDATE)).status_code == 200

    assert door.sql("SELECT count(*) FROM jobs") == [(1,)]


@pytest.mark.parametrize(
    "given_headers",
    [
        {},
        {HEADER: ""},
        {HEADER: SECRET + "x"},
        {HEADER: SECRET[:-1]},
        {HEADER: SECRET.upper()},
        {HEADER: "секрет"},
        {"X-API-Key": "the-first-key-of-these-tests-0123456789"},
    ],
    ids=["none", "empty", "longer", "shorter", "another case", "not ASCII", "an API key"],
)
async def test_without_the_right_secret_nothing_is_stored_and_a_fault_is_counted(
    door: Door, given_headers: dict[str, str]
) -> None:
    headers = [(name.encode(), value.encode()) for name, value in given_headers.items()]
    response = await door.caller.post(WEBHOOK, content=UPDATE, headers=headers)

    assert_problem(response, 401)
    assert response.headers["www-authenticate"]
    assert door.sql("SELECT count(*) FROM jobs") == [(0,)]
    assert await door.hub.faults.totals() == {"telegram.webhook_secret": 1}


async def test_the_counted_fault_names_the_caller_and_never_what_it_sent(door: Door) -> None:
    guess = "guessed-secret-0123456789"
    forwarded = {HEADER: guess, "X-Forwarded-For": "203.0.113.9"}
    await door.caller.post(WEBHOOK, content=UPDATE, headers=forwarded)

    [fault] = await door.hub.faults.newest()
    assert "192.0.2.7" in fault.sample
    assert "203.0.113.9" not in fault.sample
    assert guess not in fault.sample


@pytest.mark.parametrize("secret", [None, ""], ids=["none", "empty"])
async def test_outside_of_webhook_mode_the_address_does_not_exist(tmp_path: Path, secret: str | None) -> None:
    async with open_door(tmp_path, secret=secret) as door:
        for headers in ({}, {HEADER: ""}, SECRET_HEADER):
            assert_problem(await door.caller.post(WEBHOOK, content=UPDATE, headers=headers), 404)
        assert_problem(await door.caller.get(WEBHOOK), 404)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"message":{}}', b'{"update_id":"1"}', b"\xff\xfe", b"x" * 1000]
)
async def test_a_body_that_is_no_update_is_a_problem_and_a_counted_fault(door: Door, body: bytes) -> None:
    assert_problem(await door.post_update(body), 400)

    assert door.sql("SELECT count(*) FROM jobs") == [(0,)]
    assert await door.hub.faults.totals() == {"telegram.malformed_update": 1}


async def test_a_refusal_of_the_intake_is_answered_400_without_its_words(tmp_path: Path) -> None:
    async with open_door(tmp_path, intake=FakeIntake(Refused("because of /etc/hub.db"))) as door:
        document = assert_problem(await door.post_update(UPDATE), 400)

    assert "hub.db" not in json.dumps(document)


async def test_an_update_that_cannot_be_stored_is_answered_503_with_the_time_to_come_again(
    door: Door,
) -> None:
    door.database.away = True
    response = await door.post_update(UPDATE)

    document = assert_problem(response, 503)
    assert int(response.headers["retry-after"]) >= 1
    assert "away" not in document["detail"]

    door.database.away = False
    assert (await door.post_update(UPDATE)).status_code == 200
    assert door.sql("SELECT count(*) FROM jobs") == [(1,)]


async def test_what_the_intake_says_about_its_outage_is_for_the_log_alone(tmp_path: Path) -> None:
    async with open_door(tmp_path, intake=FakeIntake(StorageUnavailable("disk /dev/sda1 is full"))) as door:
        response = await door.post_update(UPDATE)

    assert_problem(response, 503)
    assert "sda1" not in response.text


async def test_anything_but_post_is_a_problem_that_names_what_is_taken(door: Door) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
        response = await door.caller.request(method, WEBHOOK, headers=SECRET_HEADER)
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
    assert_problem(await door.caller.put(WEBHOOK), 405)


async def test_the_intake_gets_the_very_bytes_that_came(tmp_path: Path) -> None:
    intake = FakeIntake()
    body = b' {"update_id" : 1,\n"x":"\\u043f"} '
    async with open_door(tmp_path, intake=intake) as door:
        await door.post_update(body)

    assert intake.taken == [body]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_nearly_updates = st.fixed_dictionaries(
    {"update_id": st.integers() | _json},
    optional={
        kind: st.fixed_dictionaries(
            {}, optional={"chat": st.fixed_dictionaries({"id": _json}), "from": _json}
        )
        for kind in ("message", "callback_query", "unheard_of")
    },
)
_nested = st.integers(1, 20_000).map(lambda depth: b'{"update_id":1,"message":' + b"[" * depth)
_cut = st.tuples(st.integers(0, len(UPDATE)), st.binary(max_size=3))
_bodies = (
    st.binary(max_size=200)
    | _json.map(lambda value: json.dumps(value).encode())
    | _nearly_updates.map(lambda value: json.dumps(value).encode())
    | _nested
    | _nested.map(lambda opened: opened + b"]" * opened.count(b"[") + b"}")
    | _cut.map(lambda cut: UPDATE[: cut[0]] + cut[1] + UPDATE[cut[0] :])
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(bodies=st.lists(_bodies, min_size=1, max_size=6))
async def test_no_body_whatever_makes_the_webhook_fail(door: Door, bodies: list[bytes]) -> None:
    for body in bodies:
        response = await door.post_update(body)
        assert response.status_code in {200, 400}, body
        if response.status_code == 400:
            assert_problem(response, 400)
        else:
            assert response.content == b""
            update: Any = json.loads(body)
            assert isinstance(update["update_id"], int)
