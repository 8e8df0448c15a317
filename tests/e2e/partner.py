"""A partner's portal whose deals get twins in the home portal, and a hub that hears of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from sandbox.bitrix24 import writing
from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.portal import WEBHOOK_USER, Portal
from sandbox.bitrix24.user_fields import add_user_field
from services.deals.model import Order, Result
from tests.town import Outside, Town, TownClock, portal_settings

PARTNER, OTHER = "partner1.bitrix24.ru", "partner2.bitrix24.ru"
TOKEN = "a-token-of-the-partners-portal-01"
HOME_TOKEN = "a-token-of-the-home-portal-0001"


def new_partner(outside: Outside, domain: str = PARTNER, **options: Any) -> Portal:
    """A source with the funnel and the fields that the built-in mapping knows; home gets what it needs."""
    partner = outside.bitrix24.add_portal(domain, **options)
    partner.dictionaries.add_funnel(1, "Обучение")
    _with_fields(partner, UF_CRM_SOURCE_ID="string", UF_CRM_CONTRACT="string")
    _with_fields(
        outside.portal, UF_CRM_PARTNER_ID="string", UF_CRM_ESB_CONTRACT="string", UF_CRM_IMPORT_DATE="date"
    )
    return partner


def _with_fields(portal: Portal, **fields: str) -> None:
    for name, kind in fields.items():
        if name not in portal.entities[DEAL].fields:
            add_user_field(portal, {"FIELD_NAME": name, "USER_TYPE_ID": kind})


@asynccontextmanager
async def exchanging(outside: Outside, *partners: Portal, **more: Any) -> AsyncIterator[Town]:
    """A hub with these sources; all portals tell it of their deals."""
    sources = {
        each.domain: {"url": each.url(outside.sandbox), "application_token": TOKEN} for each in partners
    }
    settings = portal_settings(outside.portal, outside.sandbox) | {
        "BITRIX24_SOURCES": msgspec.json.encode(sources).decode(),
        "BITRIX24_APPLICATION_TOKEN": HOME_TOKEN,
    }
    async with outside.hub(**(settings | more)) as town:
        for each in partners:
            each.events.handlers.clear()
            each.events.subscribe(f"{town.address}/webhook/deal", TOKEN)
        outside.portal.events.handlers.clear()
        outside.portal.events.subscribe(f"{town.address}/webhook/deal", HOME_TOKEN)
        yield town


def edit(portal: Portal, number: int, **fields: Any) -> None:
    """Somebody changes a deal in the portal."""
    writing.update(portal, portal.entities[DEAL], number, fields, WEBHOOK_USER)


def move(portal: Portal, number: int, **fields: Any) -> None:
    """Somebody moves a deal to another funnel, which no event tells webhooks of."""
    writing.update(portal, portal.entities[DEAL], number, fields, WEBHOOK_USER, modern=True)


def delete(portal: Portal, number: int) -> None:
    """Somebody deletes a deal."""
    writing.delete(portal, portal.entities[DEAL], number)


async def transferred(town: Town, seconds: float = 3600.0) -> None:
    """Let time go on until no portal tells of anything and no deal waits, for so long at most."""
    assert isinstance(town.clock, TownClock)
    until, quiet = town.clock.monotonic() + seconds, 0
    while town.clock.monotonic() < until:
        await town.rest()
        await asyncio.sleep(0.005)
        waiting = await town.scalar(
            "SELECT count(*) FROM jobs WHERE topic = 'deals' AND state IN ('waiting', 'claimed')"
        )
        quiet = 0 if waiting else quiet + 1
        if quiet == 3:
            return
        if waiting:
            await town.clock.advance(1.0)
    raise AssertionError(await town.rows("SELECT key, state, reason FROM jobs WHERE topic = 'deals'"))


async def looked_at(town: Town, number: int, domain: str = PARTNER, **more: Any) -> Result:
    """Order a look at a deal; what it came to."""
    taken = await town.switchboard.hub.deal_orders.take(Order(domain, number, **more))
    await transferred(town)
    state, result, reason = (
        await town.rows("SELECT state, result, reason FROM jobs WHERE id = :id", id=taken.job_id)
    )[0]
    assert state == "done", reason
    return msgspec.convert(msgspec.json.decode(str(result)), Result)


async def story(town: Town, *actions: str) -> list[tuple[str, str, Any, Any]]:
    """What the journal tells of deals: action, key, before and after."""
    told = await town.rows('SELECT action, key, "before", after FROM journal ORDER BY id')
    read = [(str(action), str(key), _json(before), _json(after)) for action, key, before, after in told]
    return [each for each in read if not actions or each[0] in actions]


def _json(text: object) -> Any:
    return None if text is None else msgspec.json.decode(str(text))
