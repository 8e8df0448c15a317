"""What strangers and broken senders post about deals, told to a hub at work: no second twin, ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.user_fields import add_user_field
from tests.e2e.likeness import with_more_rules
from tests.e2e.partner import HOME_TOKEN, PARTNER, TOKEN, delete, edit, exchanging, new_partner, transferred
from tests.e2e.poll_forms import sound
from tests.town import HOME_PORTAL, Outside, Town

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EVENTS = 1000
TOO_LARGE = 11 * 2**20  # bytes
TAKEN = 10 * 2**20  # MAX_REQUEST_BYTES by default
PIECE = 2**16
LOOKALIKES = (
    f"{PARTNER}.evil.com",
    f"{PARTNER}.",
    f"{PARTNER}@evil.com",
    "рartner1.bitrix24.ru",  # the first letter is Cyrillic
    "partner1-bitrix24.ru",
)
REFUSED = [
    pytest.param({"token": "wrong"}, 401, id="a wrong token"),
    pytest.param({"token": ""}, 401, id="no token"),
    pytest.param({"token": HOME_TOKEN}, 401, id="another portal's token"),
    pytest.param({"domain": HOME_PORTAL}, 401, id="the token at another portal"),
    pytest.param({"domain": "evil.com"}, 403, id="a foreign domain"),
    pytest.param({"domain": f"evil-{PARTNER}"}, 422, id="a portal that nobody configured"),
    *(pytest.param({"domain": domain}, 403, id=f"domain {domain!a}") for domain in LOOKALIKES),
    *(
        pytest.param({"number": number}, 422, id=f"ID {number}")
        for number in ("0", "-1", "one", "9" * 20, "")
    ),
]


def form(number: object = 1, domain: str = PARTNER, token: str = TOKEN, ts: int = 1766047124) -> bytes:
    """An event as portals send it."""
    told = {
        "event": "ONCRMDEALUPDATE",
        "data[FIELDS][ID]": number,
        "ts": ts,
        "auth[domain]": domain,
        "auth[application_token]": token,
    }
    return urlencode(told).encode()


async def told(town: Town, body: Any) -> httpx.Response:
    """Post it as a portal does."""
    async with httpx.AsyncClient(base_url=town.address, timeout=30) as client:
        return await client.post("/webhook/deal", content=body, headers=FORM)


async def answer_to_too_much(town: Town, *, announced: bool) -> bytes:
    """The answer to eleven megabytes: to their announcement, or to what passes the ten that are taken."""
    url, kind = httpx.URL(town.address), FORM["Content-Type"]
    length = f"Content-Length: {TOO_LARGE}" if announced else "Transfer-Encoding: chunked"
    head = ["POST /webhook/deal HTTP/1.1", "Host: hub", f"Content-Type: {kind}", length, "", ""]
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write("\r\n".join(head).encode())
    if not announced:
        for size in (*[PIECE] * (TAKEN // PIECE), 1):
            writer.write(f"{size:x}\r\n".encode() + bytes(size) + b"\r\n")
    line = await reader.readline()
    writer.close()
    return line


@asynccontextmanager
async def listening(outside: Outside, partner: Portal, **more: str) -> AsyncIterator[Town]:
    """A hub that hears of the partner's deals from the test alone."""
    async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400", **more) as town:
        partner.events.handlers.clear()
        await town.clock.advance(10.0)  # type: ignore[attr-defined]  # the first pass is over
        yield town


@pytest.mark.parametrize(("wrong", "status"), REFUSED)
async def test_what_is_refused_asks_no_portal_and_leaves_no_job(
    outside: Outside, wrong: dict[str, Any], status: int
) -> None:
    partner = new_partner(outside)
    async with listening(outside, partner) as town:
        partner.add_deal(TITLE="Курс")
        asked = partner.ledger.requests + outside.portal.ledger.requests
        assert (await told(town, form(**wrong))).status_code == status
        await transferred(town)
        assert await town.rows("SELECT key FROM jobs WHERE topic = 'deals'") == []
        assert partner.ledger.requests + outside.portal.ledger.requests == asked
        assert (await told(town, form())).status_code == 200  # the same without what is wrong
        await transferred(town)
    assert len(outside.portal.deals) == 1


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
async def test_eleven_megabytes_are_refused_and_the_next_event_is_taken(
    outside: Outside, announced: bool
) -> None:
    partner = new_partner(outside)
    async with listening(outside, partner) as town:
        partner.add_deal(TITLE="Курс")
        assert b" 413 " in await answer_to_too_much(town, announced=announced)
        assert (await told(town, form())).status_code == 200
        await transferred(town)
    assert len(outside.portal.deals) == 1


async def test_an_event_of_a_deal_that_is_gone_or_never_was_makes_no_twin(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with listening(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        delete(partner, number)
        for gone in (number, 404):
            assert (await told(town, form(gone))).status_code == 200
        await transferred(town)
        assert not home.deals
        results = await town.rows("SELECT result FROM jobs WHERE topic = 'deals'")
        assert [("deleted" in str(result)) for (result,) in results] == [True, True]


async def test_a_thousand_events_of_one_deal_at_once_are_one_twin_and_few_reads(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        for place in range(EVENTS - 1):
            edit(partner, number, TITLE=f"Курс {place}")
        await transferred(town)
        jobs = await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'deals'")
        reads = len(partner.ledger.of("crm.deal.get"))
        print(f"{len(partner.events.fired)} events of one deal: {jobs} jobs, {reads} reads")
        assert [deal["TITLE"] for deal in home.deals.values()] == [f"Курс {EVENTS - 2}"]
        assert len(home.ledger.of("crm.deal.add")) == 1
        assert len(partner.events.fired) == EVENTS
        assert reads <= EVENTS // 20
    assert sound(home)


async def test_an_amount_with_its_currency_goes_into_a_money_field_and_into_a_plain_number(
    outside: Outside,
) -> None:
    partner, home = new_partner(outside), outside.portal
    for portal, name, kind in (
        (partner, "UF_CRM_PRICE", "money"),
        (home, "UF_CRM_MONEY", "money"),
        (home, "UF_CRM_NUMBER", "double"),
    ):
        add_user_field(portal, {"FIELD_NAME": name, "USER_TYPE_ID": kind})
    rules = "".join(f'[fields.UF_CRM_{name}]\nsource = "UF_CRM_PRICE"\n' for name in ("MONEY", "NUMBER"))
    more = {"MAPPING_FILE": with_more_rules(outside.folder, rules)}
    async with listening(outside, partner, **more) as town:
        partner.add_deal(TITLE="Курс", UF_CRM_PRICE="1000.00|RUB")
        await told(town, form())
        await transferred(town)
        [twin] = home.deals.values()
        assert twin["UF_CRM_MONEY"] in ("1000|RUB", "1000.00|RUB")
        assert twin["UF_CRM_NUMBER"] == "1000.00"
        home.ledger.clear()
        await told(town, form(ts=2))
        await transferred(town)
        assert home.ledger.of("crm.deal.update") == []
