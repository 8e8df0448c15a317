"""A hub between a partner's portal and the home portal, for what the reconcile finds."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.bitrix24 import writing
from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.portal import Portal
from tests.town import Outside, Town, portal_settings

PERSON = 7  # who works in the portals
PARTNER = "partner1.bitrix24.ru"
EVERY = 30  # seconds between two passes


def partner_of(outside: Outside, domain: str = PARTNER) -> Portal:
    """The partner's portal; it is there from the first question on."""
    return outside.bitrix24.portals.get(domain) or outside.bitrix24.add_portal(domain)


@asynccontextmanager
async def at_work(outside: Outside, *domains: str, **more: str) -> AsyncIterator[Town]:
    """A hub with the home portal and these partners."""
    named = {domain: partner_of(outside, domain) for domain in domains or (PARTNER,)}
    sources = {
        domain: {"url": portal.url(outside.sandbox), "application_token": f"token-of-{domain}"}
        for domain, portal in named.items()
    }
    settings = portal_settings(outside.portal, outside.sandbox) | {
        "BITRIX24_SOURCES": json.dumps(sources),
        "DEALS_SYNC_INTERVAL": str(EVERY),
    }
    async with outside.hub(**(settings | more)) as town:  # type: ignore[arg-type]
        yield town


def change(portal: Portal, deal_id: int, **fields: Any) -> None:
    """Somebody edits a deal in the portal."""
    writing.update(portal, portal.entities[DEAL], deal_id, fields, PERSON)


async def orders(town: Town) -> list[dict[str, Any]]:
    """All that the topic `deals` was given, oldest first."""
    rows = await town.rows("SELECT payload FROM jobs WHERE topic = 'deals' ORDER BY id")
    return [json.loads(str(payload)) for (payload,) in rows]


async def passes(town: Town) -> list[dict[str, Any]]:
    """What each pass that came to its end found, by domain, oldest first; a tick's too that was none."""
    rows = await town.rows(
        "SELECT result FROM jobs WHERE topic = 'reconcile' AND state = 'done' ORDER BY finished_at, id"
    )
    return [json.loads(str(result)) for (result,) in rows]


async def pass_by(town: Town, domain: str = PARTNER) -> dict[str, Any]:
    """Let the next pass come and end; what it found in a portal."""
    done = len(await passes(town))
    while len(found := await passes(town)) == done:
        await town.clock.advance(5)  # type: ignore[attr-defined]
    return counted(found[-1], domain)


def counted(found: dict[str, Any], domain: str = PARTNER) -> dict[str, Any]:
    """What a pass found in a portal, without what it did not find."""
    return {name: number for name, number in found[domain].items() if number}
