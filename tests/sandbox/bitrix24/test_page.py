"""The page's JSON, the demo's portals, and the judge of doubles."""

import httpx
import pytest

from sandbox.bitrix24.doubles import doubles
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import HOME, PARTNER, POLL_FORMS, PROGRAMMES, seed_portals
from sandbox.bitrix24.standin import Bitrix24
from tests.clock import HandClock
from tests.sandbox.bitrix24.conftest import BASE, DOMAIN, FORMS, Caller

PAGE = f"{BASE}/portal/page/portals"
ONE = f"{PAGE}/{DOMAIN}"


async def test_the_page_and_its_parts_are_served(client: httpx.AsyncClient) -> None:
    page = await client.get(f"{BASE}/portal/")
    assert "page/static/main.js" in page.text
    for part in ("main.js", "words.js", "page.css"):
        assert (await client.get(f"{BASE}/portal/page/static/{part}")).status_code == 200
    assert (await client.get(PAGE)).json() == {"portals": [{"domain": DOMAIN, "deals": 0, "contacts": 0}]}


async def test_a_person_adds_changes_and_deletes_records(client: httpx.AsyncClient, portal: Portal) -> None:
    added = await client.post(f"{ONE}/records/3", json={"NAME": "Иван", "PHONE": "112", "EMAIL": ""})
    assert added.json() == {"id": 1}
    await client.put(f"{ONE}/records/3/1", json={"NAME": "Пётр", "PHONE": "113"})
    shown = (await client.get(ONE, params={"kind": 3, "q": "пётр"})).json()["records"]
    assert (shown[0]["name"], shown[0]["values"]["PHONE"]) == ("Пётр", "113")
    assert len(portal.contacts[1]["PHONE"]) == 1
    assert (await client.delete(f"{ONE}/records/3/1")).status_code == 204
    assert not portal.contacts
    gone = await client.delete(f"{ONE}/records/3/1")
    assert (gone.status_code, gone.json()) == (400, {"error": "it is not there any more"})


async def test_a_deal_edited_in_the_page_tells_of_it(client: httpx.AsyncClient, portal: Portal) -> None:
    portal.add_deal(TITLE="x")
    values = (await client.get(ONE)).json()["records"][0]["values"]
    await client.put(f"{ONE}/records/2/1", json=values)
    assert portal.events.fired == [("ONCRMDEALADD", 1)]
    await client.put(f"{ONE}/records/2/1", json=values | {"TITLE": "y", "STAGE_ID": "WON"})
    assert portal.events.fired[-1] == ("ONCRMDEALUPDATE", 1)
    assert (portal.deals[1]["TITLE"], portal.deals[1]["STAGE_ID"]) == ("y", "WON")


async def test_limits_and_faults_are_set(client: httpx.AsyncClient, portal: Portal) -> None:
    await client.put(f"{ONE}/limits", json={"rate": None, "latency": 0.5})
    assert (portal.bucket.rate, portal.bucket.burst, portal.latency) == (None, 50, 0.5)
    planned = await client.post(
        f"{ONE}/faults", json={"kind": "html", "method": "crm.deal.add", "times": None}
    )
    assert planned.status_code == 201
    assert [fault["kind"] for fault in (await client.get(ONE)).json()["faults"]] == ["html"]
    await client.delete(f"{ONE}/faults/{planned.json()['id']}")
    assert portal.faults.planned() == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/limits", {"rate": -1}),
        ("PUT", "/limits", {"speed": 1}),
        ("POST", "/faults", {"kind": "nonsense"}),
        ("POST", "/faults", {}),
        ("POST", "/records/77", {"TITLE": "x"}),
        ("POST", "/records/3", {"EMAIL": "nonsense"}),
        ("POST", "/records/3", []),
        ("GET", "?kind=x", None),
    ],
)
async def test_nonsense_is_told_apart(
    client: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await client.request(method, f"{ONE}{path}", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


async def test_the_page_is_told_only_what_is_new(caller: Caller, client: httpx.AsyncClient) -> None:
    shown = (await client.get(ONE)).json()
    assert (await client.get(ONE, params={"version": shown["version"]})).status_code == 204
    await caller.batch("crm.deal.add?fields[TITLE]=x", "crm.deal.get?id=9")
    news = (await client.get(ONE, params={"version": shown["version"]})).json()
    assert [one["code"] for one in news["calls"][0]["commands"]] == [None, ""]
    assert news["figures"]["commands"] == 2


async def test_doubles_are_found(caller: Caller, portal: Portal, client: httpx.AsyncClient) -> None:
    portal.add_deal(ORIGINATOR_ID="switchboard", ORIGIN_ID="poll:1")
    portal.add_deal(ORIGINATOR_ID="other", ORIGIN_ID="poll:1")
    portal.add_contact(NAME="a", PHONE="+7 916 123-45-67")
    assert doubles(portal) == []
    portal.add_deal(ORIGINATOR_ID="switchboard", ORIGIN_ID="poll:1")
    portal.add_contact(NAME="b", PHONE="8 916 1234567")
    assert len(doubles(portal)) == 2
    assert (await client.get(ONE)).json()["doubles"] == doubles(portal)


def test_the_demos_portals_are_the_same_each_time() -> None:
    first, second = Bitrix24(HandClock()), Bitrix24(HandClock())
    for bitrix24 in (first, second):
        seed_portals(bitrix24)
    home = first.portals[HOME]
    assert (len(home.deals), len(home.contacts)) == (60, 30)
    assert (len(home.items[POLL_FORMS]), len(home.items[PROGRAMMES])) == (5, 12)
    assert len(first.portals[PARTNER].deals) == 20
    assert (home.latency, home.command_latency, doubles(home)) == (0.15, 0.03, [])
    assert {deal["CATEGORY_ID"] for deal in home.deals.values()} == {"0", "1"}
    assert home.deals == second.portals[HOME].deals
    assert home.contacts == second.portals[HOME].contacts


async def test_records_of_smart_processes_are_listed(client: httpx.AsyncClient, portal: Portal) -> None:
    await client.post(f"{ONE}/records/{FORMS}", json={"TITLE": "Анкета"})
    shown = (await client.get(ONE, params={"kind": FORMS})).json()
    assert [record["name"] for record in shown["records"]] == ["Анкета"]
