"""Telling a hub of deals, as portals and programs do, and what it has then."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec

from services.deals.model import TOPIC, Order, Result
from storage import deal_links, jobs
from storage.deal_links import DealLink
from tests.clock import HandClock
from tests.web.door import KEY, NOON, Door

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
