"""The two routes of deals: who may, which shapes, in which order it is looked, and what is answered when."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from services.deals.model import TOPIC, Order, Result
from services.engine.inbox import Topic
from services.engine.retry import OUTSIDE
from services.engine.work import Work
from storage import deal_links, jobs
from storage.deal_links import DealLink
from storage.records import Job
from tests.clock import HandClock
from tests.web.conftest import Lines
from tests.web.door import KEY, NOON, Door, assert_problem, open_door

PATH, TRANSFER = "/webhook/deal", "/api/v1/deals/transfer"
HOME, PARTNER, SHY = "portal.bitrix24.ru", "partner1.bitrix24.ru", "partner2.bitrix24.ru"
TOKEN, ROBOT, HOME_TOKEN = "token-of-partner1", "robots-of-partner1", "token-of-home"
SOURCES = {
    PARTNER: {
        "url": f"https://{PARTNER}/rest/1/codeofpartner1/",
        "application_token": TOKEN,
        "robot_token": ROBOT,
    },
    SHY: {"url": f"https://{SHY}/rest/1/codeofpartner2/"},  # has said no token
}
PORTALS: dict[str, Any] = {
    "BITRIX24_URL": f"https://{HOME}/rest/1/s3cr3tc0d3ofwebh00k/",
    "BITRIX24_APPLICATION_TOKEN": HOME_TOKEN,
    "BITRIX24_SOURCES": json.dumps(SOURCES),
}
JSON = {"Content-Type": "application/json"}
KEYED = {"X-API-Key": KEY}


async def never(job: Job, work: Work) -> None:
    raise AssertionError("no worker runs here")


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError("nobody asks a portal here, least of all at an address of a body")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def door(tmp_path: Path, clock: HandClock) -> AsyncIterator[Door]:
    """A hub with portals that nobody asks: what is taken waits."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as portal:
        clients = dict.fromkeys(SOURCES, portal)
        async with open_door(tmp_path, clock=clock, portal=portal, sources=clients, **PORTALS) as opened:
            opened.hub.inbox.register(Topic(TOPIC, never, 1, OUTSIDE))
            clock.in_flight = lambda: opened.database.in_flight
            yield opened


def event(number: object = 12, domain: object = PARTNER, **more: Any) -> dict[str, Any]:
    """An event as JSON; `token` is the application token with it."""
    auth = {"domain": domain, "application_token": more.pop("token", "")}
    whole = {"event": "ONCRMDEALUPDATE", "data": {"FIELDS": {"ID": number}}, "ts": 1766047124, "auth": auth}
    return whole | more


def form(number: object = 12, domain: str = PARTNER, token: str = TOKEN, ts: int = 1766047124) -> bytes:
    """The same as portals send it."""
    told = {
        "event": "ONCRMDEALUPDATE",
        "event_handler_id": 975,
        "data[FIELDS][ID]": number,
        "ts": ts,
        "auth[domain]": domain,
        "auth[client_endpoint]": "https://169.254.169.254/rest/",
        "auth[application_token]": token,
    }
    return urlencode(told).encode()


async def tell(door: Door, body: object, address: str = PATH, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await door.caller.post(address, content=content, headers=JSON | named)


async def portal_tells(door: Door, *args: Any, **more: Any) -> httpx.Response:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return await door.caller.post(PATH, content=form(*args, **more), headers=kind)


async def program_tells(door: Door, clock: HandClock, body: object, address: str = PATH) -> httpx.Response:
    """With a key, until the answer is there."""
    return await clock.run(tell(door, body, address, **KEYED))


async def end_of(waiting: "asyncio.Task[httpx.Response]") -> httpx.Response:
    return await waiting


def orders(door: Door) -> list[Order]:
    return [
        msgspec.json.decode(row[0], type=Order) for row in door.sql("SELECT payload FROM jobs ORDER BY id")
    ]


async def link(door: Door, number: int = 12, target: int = 900, deleted_at: datetime | None = None) -> None:
    row = DealLink(PARTNER, number, target, {}, "s", {}, "t", "1", 0, None, NOON, NOON, deleted_at)
    await door.hub.database.write(lambda tx: deal_links.put(tx, row))


async def work(door: Door, clock: HandClock, result: Result | None) -> None:
    """Finish what waits, as a worker would; None gives it up."""
    now = clock.now()

    def unit(tx: Any) -> None:
        until = now + timedelta(seconds=30)
        for job in jobs.claim(tx, TOPIC, owner="p.1", now=now, lease_until=until, most=100):
            if result is None:
                jobs.bury(tx, job, at=now, reason="no")
            else:
                jobs.finish(tx, job, at=now, result=msgspec.to_builtins(result))

    await door.hub.database.write(unit)


def answer(response: httpx.Response) -> tuple[int, Any]:
    """The status, and the answer without its time, which is in the right form."""
    body = response.json()
    datetime.fromisoformat(body.pop("timestamp"))
    return response.status_code, body


def said(status: str, source: int = 12, target: int | None = None) -> dict[str, Any]:
    return {"status": status, "source_deal_id": source, "target_deal_id": target}


# --- a portal's own events


async def test_a_portals_event_is_kept_and_answered_at_once(door: Door, clock: HandClock) -> None:
    began = clock.monotonic()
    assert answer(await portal_tells(door)) == (200, said("accepted"))
    assert clock.monotonic() == began
    assert door.sql("SELECT topic, key FROM jobs") == [(TOPIC, f"deal:{PARTNER}:12")]
    assert orders(door) == [Order(PARTNER, 12)]


async def test_of_a_thousand_events_of_one_deal_few_jobs_are_made(door: Door) -> None:
    answers = await asyncio.gather(*(portal_tells(door, ts=number) for number in range(1000)))
    assert {each.status_code for each in answers} == {200}
    assert len(orders(door)) == 1


async def test_the_same_number_at_two_partners_is_two_deals(tmp_path: Path, clock: HandClock) -> None:
    both = SOURCES | {SHY: SOURCES[SHY] | {"application_token": "token-of-partner2"}}
    more = PORTALS | {"BITRIX24_SOURCES": json.dumps(both)}
    async with open_door(tmp_path, clock=clock, **more) as door:
        door.hub.inbox.register(Topic(TOPIC, never, 1, OUTSIDE))
        await asyncio.gather(portal_tells(door), portal_tells(door, 12, SHY, "token-of-partner2"))
        assert set(orders(door)) == {Order(PARTNER, 12), Order(SHY, 12)}


async def test_a_robot_proves_itself_by_its_address(door: Door) -> None:
    document = {"document_id[]": ["crm", "CCrmDocumentDeal", "DEAL_7"], "auth[domain]": PARTNER}
    body = urlencode(document, doseq=True).encode()
    address = f"{PATH}?token={ROBOT}"
    assert answer(await door.caller.post(address, content=body)) == (200, said("accepted", 7))
    assert orders(door) == [Order(PARTNER, 7)]
    for wrong in (PATH, f"{PATH}?token=", f"{PATH}?token={TOKEN}", f"{PATH}?token={ROBOT}x"):
        assert_problem(await door.caller.post(wrong, content=body), 401)


async def test_no_token_is_kept_and_none_is_logged(door: Door, lines: Lines) -> None:
    await portal_tells(door)
    await door.caller.post(f"{PATH}?token={ROBOT}", content=form(token=""))
    kept = door.file.read_bytes() + door.file.with_name("hub.db-wal").read_bytes()
    for token in (TOKEN, ROBOT, "169.254"):
        assert token.encode() not in kept
    assert not [line for line in lines("web.request") if TOKEN in str(line) or ROBOT in str(line)]


async def test_the_home_portals_event_marks_the_twin(door: Door) -> None:
    await link(door, 12, 900)
    assert answer(await portal_tells(door, 900, HOME, HOME_TOKEN)) == (200, said("accepted"))
    assert orders(door) == [Order(PARTNER, 12, "home")]
    assert door.sql("SELECT key FROM jobs") == [(f"deal:{PARTNER}:12",)]


async def test_a_deal_at_home_that_is_no_twin_is_skipped(door: Door) -> None:
    assert answer(await portal_tells(door, 900, HOME, HOME_TOKEN)) == (200, said("skipped", 900))
    assert orders(door) == []


async def test_an_event_of_something_else_is_skipped(door: Door, clock: HandClock) -> None:
    other = event(event="ONCRMCONTACTUPDATE", token=TOKEN)
    assert answer(await tell(door, other)) == (200, said("skipped"))
    assert answer(await program_tells(door, clock, other)) == (200, said("skipped"))
    assert orders(door) == []


# --- programs


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Result("success", 900, "created"), said("success", 12, 900)),
        (Result("skipped", None, "deleted"), said("skipped")),
        (Result("failed"), said("failed")),
        (None, said("failed")),
    ],
)
async def test_a_program_hears_what_became_of_the_deal(
    door: Door, clock: HandClock, result: Result | None, told: dict[str, Any]
) -> None:
    waiting, began = asyncio.create_task(tell(door, event(), **KEYED)), clock.monotonic()
    await clock.advance(1.0)
    assert not waiting.done()
    assert orders(door) == [Order(PARTNER, 12, asked=True)]
    await work(door, clock, result)
    assert answer(await clock.run(end_of(waiting))) == (200, told)
    assert clock.monotonic() - began < 2.0


async def test_a_program_waits_so_long_and_is_then_told_that_it_is_kept(door: Door, clock: HandClock) -> None:
    began = clock.monotonic()
    assert answer(await program_tells(door, clock, event())) == (202, said("accepted"))
    assert clock.monotonic() - began == pytest.approx(5.0)
    await link(door)
    assert answer(await program_tells(door, clock, event(ts=2))) == (202, said("accepted", 12, 900))


async def test_what_was_told_before_is_a_duplicate_and_read_once_more(door: Door, clock: HandClock) -> None:
    await portal_tells(door)
    await work(door, clock, Result("success", 900, "created"))
    await link(door)
    began = clock.monotonic()
    assert answer(await program_tells(door, clock, event())) == (200, said("duplicate", 12, 900))
    assert clock.monotonic() == began
    assert orders(door)[1:] == [Order(PARTNER, 12, asked=True)]
    assert answer(await portal_tells(door)) == (200, said("accepted"))


async def test_a_duplicate_whose_twin_is_not_known_waits_for_it(door: Door, clock: HandClock) -> None:
    await portal_tells(door)
    waiting = asyncio.create_task(tell(door, event(), **KEYED))
    await clock.advance(0.5)
    await work(door, clock, Result("success", 900, "created"))
    await work(door, clock, Result("success", 900, "unchanged"))  # one at a time
    assert answer(await clock.run(end_of(waiting))) == (200, said("duplicate", 12, 900))


async def test_a_repetition_about_a_deleted_deal_is_no_duplicate(door: Door, clock: HandClock) -> None:
    await portal_tells(door)
    await work(door, clock, Result("success", 900, "created"))
    await link(door, deleted_at=NOON)
    waiting = asyncio.create_task(tell(door, event(), **KEYED))
    await clock.advance(0.5)
    await work(door, clock, Result("skipped", 900, "deleted"))
    assert answer(await clock.run(end_of(waiting))) == (200, said("skipped", 12, 900))


# --- in which order it is looked

LOOKALIKES = [
    "evil-bitrix24.ru",
    "bitrix24.ru.evil.com",
    "bitrix24.ru",
    f"{PARTNER}.",
    f"{PARTNER}:80",
    "localhost",
]


@pytest.mark.parametrize("key", [None, "unknown", KEY])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (event(0, "evil.com"), 422),
        (event(-1, "evil.com"), 422),
        (event("twelve", "evil.com"), 422),
        (event("9" * 20, "evil.com"), 422),
        (event(None), 422),
        (event(12, ""), 422),
        (event(data={}), 422),
        *((event(12, domain, token=TOKEN), 403) for domain in LOOKALIKES),
        (event(12, "partner3.bitrix24.ru", token=TOKEN), 422),
    ],
)
async def test_shape_then_domain_come_before_any_key(
    door: Door, key: str | None, body: object, status: int
) -> None:
    assert_problem(await tell(door, body, **({"X-API-Key": key} if key else {})), status)
    assert orders(door) == []


@pytest.mark.parametrize(
    ("domain", "token"),
    [
        (PARTNER, ""),
        (PARTNER, "wrong"),
        (PARTNER, HOME_TOKEN),
        (PARTNER, ROBOT),
        (HOME, TOKEN),
        (SHY, ""),
        (SHY, TOKEN),
    ],
)
async def test_a_token_opens_for_its_own_portal_alone(door: Door, domain: str, token: str) -> None:
    document = assert_problem(await portal_tells(door, 12, domain, token), 401)
    assert domain not in str(document)
    assert orders(door) == []


async def test_without_a_configured_robot_token_an_empty_one_is_none(door: Door) -> None:
    for address in (PATH, f"{PATH}?token=", f"{PATH}?token=x"):
        assert_problem(await door.caller.post(address, content=form(12, SHY, "")), 401)


@pytest.mark.parametrize("scope", ["read", "enterprise:7"])
async def test_a_key_needs_the_scope_webhook_also_beside_a_good_token(
    door: Door, clock: HandClock, scope: str
) -> None:
    key = (await door.key(scope)).text
    assert_problem(await tell(door, event(token=TOKEN), X_API_Key=key), 403)
    assert_problem(await tell(door, event(token=TOKEN), Authorization="Bearer unknown"), 401)
    assert orders(door) == []
    webhook = (await door.key("webhook")).text
    response = await clock.run(tell(door, event(), Authorization=f"Bearer {webhook}"))
    assert response.status_code == 202


async def test_a_key_opens_no_domain_that_is_not_allowed(door: Door) -> None:
    assert_problem(await tell(door, event(12, "evil-bitrix24.ru"), **KEYED), 403)


async def test_more_than_the_limit_is_refused_before_anything_else(tmp_path: Path) -> None:
    async with open_door(tmp_path, MAX_REQUEST_BYTES="20000", **PORTALS) as door:
        assert_problem(await tell(door, b"{" + b" " * 20_000), 413)

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(30):
                yield b" " * 1000

        assert_problem(await door.caller.post(PATH, content=parts()), 413)


async def test_without_sources_no_domain_is_configured_the_home_portals_neither(tmp_path: Path) -> None:
    alone = {name: value for name, value in PORTALS.items() if name != "BITRIX24_SOURCES"}
    async with open_door(tmp_path, **alone) as door:
        assert_problem(await tell(door, b"{}"), 422)
        assert_problem(await tell(door, event(12, "evil.com")), 403)
        for domain in (PARTNER, HOME):
            document = assert_problem(await portal_tells(door, 12, domain, HOME_TOKEN), 422)
            assert "BITRIX24_SOURCES" in document["detail"]
        wanted = {"domain": PARTNER, "ids": [12]}
        assert_problem(await tell(door, wanted, TRANSFER, **KEYED), 422)


async def test_while_the_database_is_away_nothing_is_accepted(door: Door) -> None:
    door.database.away = True
    assert_problem(await portal_tells(door), 503)
    door.database.away = False
    assert orders(door) == []


# --- having deals transferred


async def test_deals_are_transferred_when_asked_and_answered_in_their_order(
    door: Door, clock: HandClock
) -> None:
    await link(door, 3, 903)
    wanted = {"domain": PARTNER.upper(), "ids": [5, 3, 5]}
    began = clock.monotonic()
    response = await program_tells(door, clock, wanted, TRANSFER)
    assert response.status_code == 202
    for each in response.json()["results"]:
        assert datetime.fromisoformat(each.pop("timestamp"))
    assert clock.monotonic() - began == pytest.approx(5.0)
    results = [{k: v for k, v in each.items() if k != "timestamp"} for each in response.json()["results"]]
    assert results == [said("accepted", 5), said("accepted", 3, 903), said("accepted", 5)]
    assert orders(door) == [Order(PARTNER, 5, asked=True), Order(PARTNER, 3, asked=True)]


async def test_all_that_ends_in_time_is_told(door: Door, clock: HandClock) -> None:
    wanted, began = {"domain": PARTNER, "ids": list(range(1, 51))}, clock.monotonic()
    waiting = asyncio.create_task(tell(door, wanted, TRANSFER, **KEYED))
    await clock.advance(1.0)
    await work(door, clock, Result("success", 900, "created"))
    response = await clock.run(end_of(waiting))
    assert response.status_code == 200
    results = response.json()["results"]
    assert [each["source_deal_id"] for each in results] == list(range(1, 51))
    assert {each["status"] for each in results} == {"success"}
    assert clock.monotonic() - began < 2.0


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"domain": ""}, "body.domain"),
        ({"domain": 5}, "body.domain"),
        ({"ids": 5}, "body.ids"),
        ({"ids": [0]}, "body.ids.0"),
        ({"ids": [1, -1]}, "body.ids.1"),
        ({"ids": ["1"]}, "body.ids.0"),
        ({"ids": [True]}, "body.ids.0"),
        ({"ids": [2**53]}, "body.ids.0"),
        ({"ids": list(range(1, 52))}, "body.ids"),
    ],
)
async def test_what_cannot_be_transferred_is_named(door: Door, change: dict[str, Any], where: str) -> None:
    response = await tell(door, {"domain": PARTNER, "ids": [1]} | change, TRANSFER, **KEYED)
    assert [each["where"] for each in assert_problem(response, 422)["errors"]] == [where]


@pytest.mark.parametrize(
    ("domain", "status"), [("evil-bitrix24.ru", 403), ("p3.bitrix24.ru", 422), (HOME, 422)]
)
async def test_deals_are_transferred_from_sources_alone(door: Door, domain: str, status: int) -> None:
    assert_problem(await tell(door, {"domain": domain, "ids": [1]}, TRANSFER, **KEYED), status)
    assert_problem(await tell(door, {"domain": domain, "ids": [1]}, TRANSFER), 401)


# --- what is counted


async def test_calls_are_counted_by_configured_domains_answers_and_refusals(
    door: Door, clock: HandClock
) -> None:
    await portal_tells(door)
    await portal_tells(door, 12, PARTNER, "wrong")
    await program_tells(door, clock, event(ts=5))
    for body in (b"", event(12, "evil.com"), event(12, "p3.bitrix24.ru"), event(0)):
        await tell(door, body)
    await tell(door, event(), X_API_Key="unknown")
    door.database.away = True
    await portal_tells(door, 13)
    door.database.away = False

    text = (await door.get("/metrics")).text
    found = {(one.name, *one.labels.values()): one.value for family in parsed(text) for one in family.samples}
    counted = {
        key: value for key, value in found.items() if key[0].startswith("webhook_") and "bucket" not in key[0]
    }
    seconds = counted.pop(("webhook_processing_duration_seconds_sum",))
    assert counted == {
        ("webhook_received_total", PARTNER): 5,
        ("webhook_received_total", "other"): 4,
        ("webhook_processed_total", "accepted"): 2,
        ("webhook_errors_total", "shape"): 2,
        ("webhook_errors_total", "domain"): 1,
        ("webhook_errors_total", "not_configured"): 1,
        ("webhook_errors_total", "unauthorized"): 2,
        ("webhook_errors_total", "storage"): 1,
        ("webhook_processing_duration_seconds_count",): 9,
    }
    assert seconds == pytest.approx(5.0)


async def test_that_a_source_was_heard_is_noted_once_a_minute(door: Door, clock: HandClock) -> None:
    insert = f"INSERT INTO reconcile_cursors (source_domain, since) VALUES ('{PARTNER}', '{NOON}')"
    await door.hub.database.write(lambda tx: tx.exec_driver_sql(insert))
    heard = []
    for seconds in (0, 30, 40):
        await clock.advance(seconds)
        await portal_tells(door, ts=seconds)
        heard += door.sql("SELECT heard_at FROM reconcile_cursors")
    assert heard[0][0] is not None
    assert heard[0] == heard[1] != heard[2]
