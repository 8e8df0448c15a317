"""What programs hand in that is wrong, odd or too much: a clear answer, and nothing half-made in silence."""

import asyncio
import json
from typing import Any

import pytest

from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from sandbox.bitrix24.user_fields import add_user_field
from tests.e2e.poll_forms import MATHS, PATH, a_form, at_work, finished, hand_in, requests, sound, standing
from tests.town import ADMIN, API_KEY, Outside, Town

ODD = "anna..s@example.com"  # the portal takes no two dots


async def test_an_unknown_form_fails_and_is_a_dead_job_with_its_reason(outside: Outside) -> None:
    async with at_work(outside) as town:
        response = await hand_in(town, a_form("s-1", MATHS, poll_id=77))
        assert response.status_code == 200
        failed: dict[str, Any] = {
            "status": "failed",
            "contact_id": None,
            "deal_ids": {},
            "unknown_programs": [],
        }
        assert response.json() == failed
        assert (await hand_in(town, a_form("s-1", MATHS, poll_id=77))).json() == failed
        assert (await standing(town, "s-1")).json() == failed
        [(topic, reason)] = await town.rows("SELECT topic, reason FROM jobs WHERE state = 'dead'")
        assert topic == "submissions"
        assert "no poll form for poll 77" in str(reason)
        assert not outside.portal.contacts
        assert not outside.portal.deals


@pytest.mark.parametrize(
    "contact",
    [
        {"phone": None, "email": None},
        {"phone": "", "email": ""},
        {"phone": "none", "email": "anna"},
        {"phone": "112", "email": None},
        {"phone": "1" * 40, "email": "a b@example.com"},
    ],
)
async def test_without_a_usable_phone_or_email_it_is_refused(
    outside: Outside, contact: dict[str, Any]
) -> None:
    async with at_work(outside) as town:
        response = await hand_in(town, a_form("s-1", MATHS, **contact))
        assert response.status_code == 422
        [error] = response.json()["errors"]
        assert error["where"] == "body.contact"
        assert (await standing(town, "s-1")).status_code == 404
        assert not await town.rows("SELECT id FROM jobs WHERE topic = 'submissions'")


@pytest.mark.parametrize(
    "change",
    [
        {"submission_id": ""},
        {"submission_id": "x" * 151},
        {"submission_id": "a\x00b"},
        {"submission_id": 5},
        {"poll_id": "1"},
        {"poll_id": 0},
        {"poll_id": 2**60},
        {"programs": "Maths"},
        {"programs": [""]},
        {"programs": ["x" * 256]},
        {"programs": [f"p{n}" for n in range(501)]},
        {"contact": None},
        {"contact": {"phone": "+79161234567"}},
        {"answers": ["a"]},
    ],
)
async def test_shapes_that_are_none_are_refused(outside: Outside, change: dict[str, Any]) -> None:
    async with at_work(outside) as town:
        response = await hand_in(town, a_form("s-1", MATHS) | change)
        assert response.status_code == 422, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["errors"]
        assert not await town.rows("SELECT id FROM submissions")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN'])
async def test_what_is_no_json_is_told_so(outside: Outside, body: bytes) -> None:
    async with at_work(outside) as town:
        assert (await hand_in(town, body)).status_code == 400


async def refusal_of(town: Town, body: bytes) -> bytes:
    """How an answer begins that comes before all of the body is sent."""
    host, port = town.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {PATH} HTTP/1.1\r\nHost: hub\r\nX-API-Key: {API_KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[:1000])
    try:
        return await reader.readexactly(12)
    finally:
        writer.close()


async def test_answers_beyond_the_limit_are_refused_and_long_ones_cut_with_a_remark(outside: Outside) -> None:
    async with at_work(outside) as town:
        too_much = a_form("s-1", MATHS, answers={"Текст": "я" * 5_300_000})
        body = json.dumps(too_much, ensure_ascii=False).encode()
        assert len(body) > 10_485_760
        assert await refusal_of(town, body) == b"HTTP/1.1 413"
        long = a_form("s-2", MATHS, answers={"Текст": "я" * 5_000_000})
        assert (await hand_in(town, json.dumps(long, ensure_ascii=False).encode())).status_code in {200, 202}
        await finished(town)
        [deal] = outside.portal.deals.values()
        assert deal["COMMENTS"].startswith("Текст: яяя")
        assert deal["COMMENTS"].endswith("[cut after 10000 of 5000007 characters]")
        assert len(deal["COMMENTS"]) < 10_100


async def test_references_in_texts_of_people_stay_texts(outside: Outside) -> None:
    trick = "$result[c0][ID] $next[a][b]"
    outside.portal.add_item(PROGRAMMES, TITLE=trick)
    async with at_work(outside) as town:
        form = a_form(trick, trick, MATHS, name=trick, last_name="$result[c0]", answers={trick: trick})
        await hand_in(town, form)
        await finished(town)
        answer = (await standing(town, trick)).json()
        assert answer["status"] == "success"
        assert set(answer["deal_ids"]) == {trick, MATHS}
        [contact] = outside.portal.contacts.values()
        assert (contact["NAME"], contact["LAST_NAME"]) == (trick, "$result[c0]")
        for deal in outside.portal.deals.values():
            assert deal["CONTACT_ID"] == contact["ID"]
            assert deal["TITLE"].endswith(f"— {trick} $result[c0]")
            assert deal["COMMENTS"] == f"{trick}: {trick}"
        assert sound(outside.portal)


async def test_an_email_that_the_portal_refuses_costs_nobody_the_contact(outside: Outside) -> None:
    async with at_work(outside) as town:
        requests(outside.portal)
        answer = (await hand_in(town, a_form("s-1", MATHS, email=ODD))).json()
        assert answer["status"] == "success"
        assert requests(outside.portal) == 3  # the second writes what the first could not
        [contact] = outside.portal.contacts.values()
        assert contact["PHONE"][0]["VALUE"] == "+79161234567"
        assert not contact.get("EMAIL")
        [deal] = outside.portal.deals.values()
        assert deal["COMMENTS"] == f"E-mail in the form: {ODD}"
        [(kind, after)] = await town.rows("SELECT kind, after FROM journal WHERE action = 'refused'")
        assert (kind, "некорректный адрес" in str(after)) == ("submission", True)
        assert ODD not in str(after)
        assert sound(outside.portal)


async def test_an_email_that_is_refused_and_all_there_is_fails_with_the_portals_reason(
    outside: Outside,
) -> None:
    async with at_work(outside) as town:
        answer = (await hand_in(town, a_form("s-1", MATHS, phone=None, email=ODD))).json()
        assert answer == {"status": "failed", "contact_id": None, "deal_ids": {}, "unknown_programs": []}
        [(reason,)] = await town.rows("SELECT reason FROM jobs WHERE state = 'dead'")
        assert "некорректный адрес" in str(reason)
        assert not outside.portal.contacts
        assert not outside.portal.deals


async def test_without_programmes_there_is_a_contact_and_no_deal(outside: Outside) -> None:
    async with at_work(outside) as town:
        answer = (await hand_in(town, a_form("s-1"))).json()
        assert answer == {"status": "success", "contact_id": 1, "deal_ids": {}, "unknown_programs": []}


@pytest.mark.parametrize("name", ["UF_CRM_5_POLL", "ufCrm_5_POLL"])
async def test_a_form_is_found_by_its_own_field_and_not_by_its_number(outside: Outside, name: str) -> None:
    portal = outside.portal
    add_user_field(portal, {"FIELD_NAME": "UF_CRM_5_POLL", "USER_TYPE_ID": "integer"}, POLL_FORMS)
    async with at_work(outside, POLL_FORM_ID_FIELD=name) as town:
        other = portal.add_item(POLL_FORMS, TITLE="Анкета", UF_CRM_5_POLL="900")
        answer = (await hand_in(town, a_form("s-1", MATHS, poll_id=900))).json()
        assert answer["status"] == "success"
        [deal] = portal.deals.values()
        assert str(deal[f"PARENT_ID_{POLL_FORMS}"]) == str(other)
        assert (await hand_in(town, a_form("s-2", MATHS, poll_id=other))).json()["status"] == "failed"


@pytest.mark.parametrize("name", ["UF_CRM_5_NONE", "noSuchField"])
async def test_a_field_that_forms_do_not_have_is_told_to_whoever_looks(outside: Outside, name: str) -> None:
    async with at_work(outside, POLL_FORM_ID_FIELD=name) as town:
        assert (await hand_in(town, a_form("s-1", MATHS))).json()["status"] == "failed"
        [(reason,)] = await town.rows("SELECT reason FROM jobs WHERE state = 'dead'")
        assert name in str(reason)


async def test_an_email_that_was_refused_is_told_though_the_answer_got_lost(outside: Outside) -> None:
    async with at_work(outside) as town:
        outside.portal.faults.plan("lost_answer", method="crm.contact.add", inside=True, after=1)
        await hand_in(town, a_form("s-1", MATHS, email=ODD))
        await finished(town)
        assert (await standing(town, "s-1")).json()["status"] == "success"
        [deal] = outside.portal.deals.values()
        assert deal["COMMENTS"] == f"E-mail in the form: {ODD}"
        assert sound(outside.portal)


async def test_deals_are_told_by_the_titles_as_they_were_given(outside: Outside) -> None:
    given, other = " математика\u00a0  БАЗА\t", "  Химия "
    async with at_work(outside) as town:
        answer = (await hand_in(town, a_form("s-1", given, MATHS, other, other.upper()))).json()
        assert (list(answer["deal_ids"]), answer["unknown_programs"]) == ([given], [other])
        [deal] = outside.portal.deals.values()
        assert deal["TITLE"] == f"{MATHS} — Анна Смирнова"
        assert "<b>Химия</b>" in town.last(ADMIN).text or "Химия" in town.last(ADMIN).text.split("\n")


async def test_names_of_any_signs_reach_the_portal_whole(outside: Outside) -> None:
    name = "Анна \N{WOMAN}\u200d\N{GIRL} 𠮷"
    async with at_work(outside) as town:
        assert (await hand_in(town, a_form("s-1", MATHS, name=name))).json()["status"] == "success"
        [contact] = outside.portal.contacts.values()
        assert contact["NAME"] == name
