"""The two routes of poll forms: who may, which shapes, and what is answered when."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.programmes.forms import HandedIn, Standing, SubmissionDiffers
from storage import jobs
from storage.errors import StorageUnavailable
from tests.clock import HandClock
from tests.web.door import KEY, Door, assert_problem, open_door

PATH = "/api/v1/integration/poll-form"
PORTAL: dict[str, Any] = {
    "BITRIX24_URL": "https://portal.bitrix24.ru/rest/1/s3cr3tc0d3ofwebh00k/",
    "POLL_FORM_ENTITY_TYPE_ID": "1036",
    "PROGRAM_ENTITY_TYPE_ID": "1040",
}
NOTHING_YET: dict[str, Any] = {
    "status": "accepted",
    "contact_id": None,
    "deal_ids": {},
    "unknown_programs": [],
}


def form(submission_id: str = "s-1", **more: Any) -> dict[str, Any]:
    whole = {
        "submission_id": submission_id,
        "poll_id": 17,
        "contact": {"name": "Анна", "phone": "+7 916 123-45-67"},
        "programs": ["Физика"],
    }
    return whole | more


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError("no worker runs here, so nobody asks the portal")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def door(tmp_path: Path, clock: HandClock) -> AsyncIterator[Door]:
    """A hub with a portal that nobody asks: what is handed in waits."""
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as portal,
        open_door(tmp_path, clock=clock, portal=portal, **PORTAL) as opened,
    ):
        clock.in_flight = lambda: opened.database.in_flight
        yield opened


async def post(door: Door, body: Any, key: str = KEY) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return await door.caller.post(PATH, content=content, headers={"X-API-Key": key} if key else {})


async def all_of(tasks: Iterable["asyncio.Task[httpx.Response]"]) -> list[httpx.Response]:
    return await asyncio.gather(*tasks)


async def hand_in(door: Door, clock: HandClock, body: Any) -> tuple[httpx.Response, float]:
    """The answer, and how many seconds it took."""
    began = clock.monotonic()
    return await clock.run(post(door, body)), clock.monotonic() - began


async def test_whoever_hands_one_in_waits_so_long_and_is_then_told_that_it_is_kept(
    door: Door, clock: HandClock
) -> None:
    response, seconds = await hand_in(door, clock, form())
    assert (response.status_code, response.json()) == (202, NOTHING_YET)
    assert seconds == pytest.approx(5.0)
    [(topic, key, correlation_id)] = door.sql("SELECT topic, key, correlation_id FROM jobs")
    assert (topic, key) == ("submissions", "submission:s-1")
    assert response.headers["x-correlation-id"] == correlation_id
    found = await door.get(f"{PATH}/s-1")
    assert (found.status_code, found.json()) == (200, NOTHING_YET)


async def test_the_same_again_is_no_second_job_in_whatever_order_its_fields_come(
    door: Door, clock: HandClock
) -> None:
    body = form(answers={"a": 1, "b": [1, {"x": 1, "y": 2}]})
    turned = {name: body[name] for name in reversed(body)} | {"answers": {"b": [1, {"y": 2, "x": 1}], "a": 1}}
    for each in (body, turned):
        response, _ = await hand_in(door, clock, each)
        assert response.status_code == 202
    assert len(door.sql("SELECT id FROM jobs")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"poll_id": 18},
        {"programs": ["Физика", "Химия"]},
        {"programs": []},
        {"answers": {"a": 1}},
        {"contact": {"name": "Анна", "phone": "+7 916 123-45-68"}},
        {"contact": {"name": "Анна", "phone": "+7 916 123-45-67", "email": "a@example.com"}},
    ],
)
async def test_another_form_under_a_known_id_is_refused(
    door: Door, clock: HandClock, change: dict[str, Any]
) -> None:
    await hand_in(door, clock, form())
    response, seconds = await hand_in(door, clock, form(**change))
    assert_problem(response, 409)
    assert seconds == 0
    assert len(door.sql("SELECT id FROM jobs")) == 1


async def test_many_at_one_moment_with_one_id_are_one(door: Door, clock: HandClock) -> None:
    answers = await clock.run(all_of(asyncio.create_task(post(door, form())) for _ in range(10)))
    assert {each.status_code for each in answers} == {202}
    assert len(door.sql("SELECT id FROM jobs")) == 1


async def test_whoever_waits_hears_at_once_when_it_is_done_or_given_up(door: Door, clock: HandClock) -> None:
    waiting = asyncio.create_task(post(door, form(submission_id="s-2")))
    began = clock.monotonic()
    await clock.advance(1.0)
    assert not waiting.done()
    [(number,)] = door.sql("SELECT id FROM jobs")
    give_up = "UPDATE jobs SET state = 'dead', finished_at = accepted_at"
    await door.hub.database.write(lambda tx: tx.exec_driver_sql(give_up))
    state = await door.hub.database.read(lambda tx: jobs.state(tx, number))
    assert state
    [response] = await clock.run(all_of([waiting]))
    assert (response.status_code, response.json()["status"]) == (200, "failed")
    assert clock.monotonic() - began < 2.0


async def test_too_many_do_not_wait_and_are_kept_all_the_same(door: Door, clock: HandClock) -> None:
    began = clock.monotonic()
    tasks = [asyncio.create_task(post(door, form(f"s-{n}"))) for n in range(70)]
    await clock.advance(0)
    at_once = [each for each in tasks if each.done()]
    assert [each.result().status_code for each in at_once] == [202] * 6
    answers = await clock.run(all_of(tasks))
    assert {each.status_code for each in answers} == {202}
    assert clock.monotonic() - began == pytest.approx(5.0)
    assert len(door.sql("SELECT id FROM submissions")) == 70


async def test_without_waiting_it_is_accepted_at_once(tmp_path: Path, clock: HandClock) -> None:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as portal,
        open_door(tmp_path, clock=clock, portal=portal, WEBHOOK_WAIT_SECONDS="0", **PORTAL) as door,
    ):
        assert (await post(door, form())).status_code == 202


@pytest.mark.parametrize("scope", ["read", "enterprise:7"])
async def test_handing_in_needs_a_key_for_it(door: Door, scope: str) -> None:
    assert_problem(await post(door, form(), key=""), 401)
    assert_problem(await post(door, form(), key="unknown"), 401)
    assert_problem(await post(door, form(), key=(await door.key(scope)).text), 403)
    assert door.sql("SELECT id FROM submissions") == []


async def test_asking_needs_a_key_to_read(door: Door, clock: HandClock) -> None:
    webhook, read = await door.key("webhook"), await door.key("read")
    response = await clock.run(post(door, form(), key=webhook.text))
    assert response.status_code == 202
    for key, status in ((webhook, 403), (read, 200)):
        answer = await door.caller.get(f"{PATH}/s-1", headers={"X-API-Key": key.text})
        assert answer.status_code == status


@pytest.mark.parametrize("submission_id", ["a/b/c", "x y?z#1", "%2e%2e", "Заявка №1", "..", "s" * 150, "💐"])
async def test_any_name_can_be_asked_for(door: Door, clock: HandClock, submission_id: str) -> None:
    await hand_in(door, clock, form(submission_id))
    written = "".join(f"%{byte:02x}" for byte in submission_id.encode())
    response = await door.get(f"{PATH}/{written}")
    assert (response.status_code, response.json()) == (200, NOTHING_YET)


@pytest.mark.parametrize("submission_id", ["s-2", "S-1", "%00", "%ff", "s-1%2f", "x" * 3000])
async def test_what_nobody_handed_in_is_not_known(door: Door, clock: HandClock, submission_id: str) -> None:
    await hand_in(door, clock, form())
    assert_problem(await door.get(f"{PATH}/{submission_id}"), 404)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"submission_id": ""}, "body.submission_id"),
        ({"submission_id": "x" * 151}, "body.submission_id"),
        ({"submission_id": "a\nb"}, "body.submission_id"),
        ({"submission_id": 5}, "body.submission_id"),
        ({"submission_id": None}, "body.submission_id"),
        ({"poll_id": "17"}, "body.poll_id"),
        ({"poll_id": 17.0}, "body.poll_id"),
        ({"poll_id": True}, "body.poll_id"),
        ({"poll_id": 0}, "body.poll_id"),
        ({"poll_id": 2**53}, "body.poll_id"),
        ({"programs": "Физика"}, "body.programs"),
        ({"programs": [" \t\u200b"]}, "body.programs.0"),
        ({"programs": ["Физика", 5]}, "body.programs.1"),
        ({"programs": ["x" * 256]}, "body.programs.0"),
        ({"programs": ["x"] * 501}, "body.programs"),
        ({"contact": None}, "body.contact"),
        ({"contact": {"phone": "+79161234567"}}, "body.contact.name"),
        ({"contact": {"name": " ", "phone": "+79161234567"}}, "body.contact.name"),
        ({"contact": {"name": "x" * 101, "phone": "+79161234567"}}, "body.contact.name"),
        ({"contact": {"name": "Анна", "phone": 79161234567}}, "body.contact.phone"),
        ({"contact": {"name": "Анна"}}, "body.contact"),
        ({"contact": {"name": "Анна", "phone": "", "email": None}}, "body.contact"),
        ({"contact": {"name": "Анна", "phone": "позвоните", "email": "anna"}}, "body.contact"),
        ({"answers": ["a"]}, "body.answers"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_kept(
    door: Door, change: dict[str, Any], where: str
) -> None:
    document = assert_problem(await post(door, form(**change)), 422)
    assert [each["where"] for each in document["errors"]] == [where]
    assert door.sql("SELECT id FROM submissions") == []


@pytest.mark.parametrize("name", ["submission_id", "poll_id", "contact", "programs"])
async def test_a_missing_field_is_named(door: Door, name: str) -> None:
    body = form()
    del body[name]
    document = assert_problem(await post(door, body), 422)
    assert [each["where"] for each in document["errors"]] == [f"body.{name}"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"poll_id": "\\ud800"}', b"poll_id=17"]
)
async def test_what_is_no_json_is_told_so(door: Door, body: bytes) -> None:
    assert_problem(await post(door, body), 400)


async def test_what_is_sent_wrong_is_not_repeated_in_the_answer(door: Door) -> None:
    response = await post(door, form(contact={"name": "Анна", "phone": "по-тихому", "email": "secret"}))
    assert_problem(response, 422)
    assert "secret" not in response.text
    assert "тихому" not in response.text


async def test_odd_answers_are_kept(door: Door, clock: HandClock) -> None:
    odd = b'{"a": 1e999, "b": NaN, "c": 123456789012345678901234567890, "d": "\\u0000", "": {"": [[]]}}'
    body = json.dumps(form(answers=None)).encode().replace(b'"answers": null', b'"answers": ' + odd)
    response, _ = await hand_in(door, clock, body)
    assert response.status_code == 202
    response, _ = await hand_in(door, clock, body)
    assert response.status_code == 202


async def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as portal,
        open_door(tmp_path, portal=portal, MAX_REQUEST_BYTES="20000", **PORTAL) as door,
    ):
        assert_problem(await post(door, form(answers={"a": "x" * 20_000})), 413)
        assert door.sql("SELECT id FROM submissions") == []


async def test_without_smart_processes_it_is_off_and_says_why(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        for response in (await post(door, form()), await door.get(f"{PATH}/s-1")):
            document = assert_problem(response, 503)
            assert "POLL_FORM_ENTITY_TYPE_ID" in document["detail"]
        assert_problem(await post(door, form(), key=""), 401)


async def test_while_the_database_is_away_it_is_not_accepted(door: Door) -> None:
    door.database.away = True
    for response in (await post(door, form()), await door.get(f"{PATH}/s-1")):
        assert_problem(response, 503)
        assert int(response.headers["retry-after"]) > 0
    door.database.away = False
    assert door.sql("SELECT id FROM submissions") == []


class Told:
    """Takes every form and tells what it was made with."""

    def __init__(self, outcome: Standing | Exception) -> None:
        self.outcome = outcome
        self.taken: list[HandedIn] = []

    async def hand_in(self, form: HandedIn) -> Standing:
        self.taken.append(form)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def standing(self, submission_id: str) -> Standing | None:
        return self.outcome if isinstance(self.outcome, Standing) else None


@pytest.mark.parametrize(
    ("status", "code"), [("success", 200), ("duplicate", 200), ("failed", 200), ("accepted", 202)]
)
async def test_the_answer_has_the_shape_that_programs_rely_on(tmp_path: Path, status: Any, code: int) -> None:
    told = Told(Standing(status, 5, {"Физика": 7}, ["Химия"]))
    async with open_door(tmp_path, poll_forms=told) as door:
        response = await post(door, form(contact={"name": "Анна", "email": "A@example.com"}))
        shape = {"status": status, "contact_id": 5, "deal_ids": {"Физика": 7}, "unknown_programs": ["Химия"]}
        assert (response.status_code, response.json()) == (code, shape)
        assert (await door.get(f"{PATH}/s-1")).json() == shape
    [taken] = told.taken
    assert taken == HandedIn("s-1", 17, "Анна", "", "", "A@example.com", ["Физика"], {})


@pytest.mark.parametrize(
    ("failure", "code"), [(SubmissionDiffers("s-1"), 409), (StorageUnavailable("away"), 503)]
)
async def test_what_goes_wrong_is_a_problem_document(tmp_path: Path, failure: Exception, code: int) -> None:
    async with open_door(tmp_path, poll_forms=Told(failure)) as door:
        assert_problem(await post(door, form()), code)
