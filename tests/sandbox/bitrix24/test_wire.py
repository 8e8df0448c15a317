"""Requests and answers."""

import httpx
import pytest

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.standin import Bitrix24
from tests.sandbox.bitrix24.conftest import BASE, DOMAIN, Caller

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_json_forms_and_multipart_say_the_same(client: httpx.AsyncClient, portal: Portal) -> None:
    await client.post("crm.deal.add", json={"fields": {"TITLE": "ё"}})
    await client.post("crm.deal.add", content="fields%5BTITLE%5D=%D1%91", headers=FORM)
    await client.post("crm.deal.add", files={"fields[TITLE]": (None, "ё")})
    await client.get("crm.deal.add", params={"fields[TITLE]": "ё"})
    assert [deal["TITLE"] for deal in portal.deals.values()] == ["ё"] * 4


async def test_the_body_wins_over_the_query(client: httpx.AsyncClient, portal: Portal) -> None:
    await client.post(
        "crm.deal.add?fields[TITLE]=query&fields[COMMENTS]=x", json={"fields": {"TITLE": "body"}}
    )
    assert (portal.deals[1]["TITLE"], portal.deals[1]["COMMENTS"]) == ("body", None)


async def test_broken_json_runs_the_call_without_parameters(
    client: httpx.AsyncClient, portal: Portal
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("crm.deal.add", content=b'{"fields": {"TITLE": "x"', headers=headers)
    assert answer.json()["result"] == 1
    assert portal.deals[1]["TITLE"] == "Сделка #1"


async def test_names_of_methods_and_parameters_may_be_in_any_letters(caller: Caller) -> None:
    number = await caller.ok("CRM.Deal.Add.json", FIELDS={"TITLE": "x"})
    assert (await caller.ok("crm.deal.get", ID=number))["TITLE"] == "x"


async def test_start_is_read_in_small_letters_only(caller: Caller, portal: Portal) -> None:
    for _ in range(60):
        portal.add_deal()
    assert (await caller.call("crm.deal.list", START=50)).json()["next"] == 50
    assert "next" not in (await caller.call("crm.deal.list", start=50)).json()


async def test_an_answer_tells_its_times(caller: Caller, portal: Portal) -> None:
    time = (await caller.call("server.time")).json()["time"]
    assert {"start", "finish", "duration", "processing", "operating", "operating_reset_at"} <= set(time)
    assert time["date_start"] == "2026-01-15T15:00:00+03:00"
    portal.operating.limit = None
    assert "operating" not in (await caller.call("server.time")).json()["time"]


async def test_refusals_have_the_codes_of_the_portal(caller: Caller) -> None:
    assert await caller.refused("crm.deal.get", id=9) == (400, "", "Not found")
    assert await caller.refused("crm.deal.get") == (400, "", "ID is not defined or invalid.")
    assert await caller.refused("crm.deal.add", fields="x") == (400, "", "Parameter 'fields' must be array.")
    assert (await caller.refused("crm.item.get", entityTypeId=2, id=9))[:2] == (400, "NOT_FOUND")
    assert (await caller.refused("crm.nothing"))[:2] == (404, "ERROR_METHOD_NOT_FOUND")


async def test_a_wrong_secret_opens_nothing(client: httpx.AsyncClient, portal: Portal) -> None:
    url = portal.url(BASE).replace("sandboxwebhookcode", "guess")
    answer = await client.post(f"{url}crm.deal.add", json={})
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CREDENTIALS")
    bare = await client.post(f"{BASE}/portal/{DOMAIN}/rest/crm.deal.add", json={})
    assert (bare.status_code, bare.json()["error"]) == (401, "NO_AUTH_FOUND")
    assert not portal.deals


async def test_portals_know_nothing_of_each_other(
    caller: Caller, client: httpx.AsyncClient, bitrix24: Bitrix24, portal: Portal
) -> None:
    other = bitrix24.add_portal("partner1.bitrix24.ru")
    await caller.ok("crm.deal.add", fields={"TITLE": "x"})
    answer = await client.post(f"{other.url(BASE)}crm.deal.list", json={})
    assert answer.json()["result"] == []
    assert len(portal.deals) == 1
    assert (await client.post(f"{BASE}/portal/nobody.bitrix24.ru/rest/1/x/crm.deal.list")).status_code == 404


async def test_a_renamed_portal_sends_everybody_to_its_new_address(
    client: httpx.AsyncClient, bitrix24: Bitrix24, portal: Portal
) -> None:
    bitrix24.rename(portal, "newname.bitrix24.ru")
    answer = await client.post("crm.deal.add.json", json={"fields": {"TITLE": "x"}})
    assert (answer.status_code, len(portal.deals)) == (302, 0)
    location = answer.headers["Location"]
    assert location == f"{portal.url(BASE)}crm.deal.add.json".replace(DOMAIN, "newname.bitrix24.ru")
    assert (await client.post(location, json={"fields": {"TITLE": "x"}})).json()["result"] == 1


async def test_a_portal_answers_under_its_own_host_too(client: httpx.AsyncClient, portal: Portal) -> None:
    answer = await client.post(f"http://{DOMAIN}/rest/1/sandboxwebhookcode/crm.deal.add", json={})
    assert answer.json()["result"] == 1


@pytest.mark.parametrize("method", ["scope", "methods", "profile", "app.info", "server.time", "user.current"])
async def test_methods_about_the_portal_answer(caller: Caller, method: str) -> None:
    assert await caller.ok(method)
