"""What each portal's deals may hold, as far as it was asked lately."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.outcomes import Done
from services.bitrix24.questions import Question, ask, rows_of
from services.deals.mapping.schema import PortalSchema
from services.engine.clock import Clock

FRESH = 600.0  # seconds that what was read holds
AGAIN = 60.0  # seconds after which something that was missing is looked for anew
FIELDS, FUNNELS, STATUSES = "crm.deal.fields", "crm.category.list", "crm.status.list"
DEALS = 2  # entityTypeId
MOST_PAGES = 100  # of a dictionary


@dataclass(slots=True)
class _Known:
    schema: PortalSchema | None = None
    read_at: float = 0.0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Schemas:
    """Reads the portals' fields, funnels and stages. Many who ask at one moment are one question."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def of(self, portal: Portal, *, within: float = FRESH) -> PortalSchema:
        """A portal's, read at most `within` seconds ago. Raises what Portal.call does."""
        known = self._known.setdefault(portal.domain, _Known())
        async with known.reading:
            if known.schema is None or self._clock.monotonic() - known.read_at >= within:
                known.schema = await _read(portal)
                known.read_at = self._clock.monotonic()
            return known.schema

    def known(self, portal: Portal) -> PortalSchema | None:
        """What was read last, however long ago; nobody is asked. None: nothing yet."""
        known = self._known.get(portal.domain)
        return known.schema if known else None

    def forget(self, domain: str) -> None:
        """A portal's has changed: whoever asks next reads it."""
        self._known.pop(domain, None)


async def _read(portal: Portal) -> PortalSchema:
    plain = [Command(FIELDS), Command(FUNNELS, {"entityTypeId": DEALS})]
    fields, funnels = await ask(portal, [Question(each, _as_it_is) for each in plain])
    statuses = await _statuses(portal)
    try:
        return PortalSchema.of(fields, funnels, statuses)
    except ValueError as error:
        raise PortalUnavailable(f"{portal.domain} describes its deals in another shape: {error}") from error


def _as_it_is(result: Any) -> Any:
    return result


async def _statuses(portal: Portal) -> list[Any]:
    """All rows of all dictionaries; a portal may give them in pages."""
    rows: list[Any] = []
    start: int | None = 0
    for _ in range(MOST_PAGES):
        done: Done = await portal.call(STATUSES, {"start": start})
        rows += rows_of(done.result)
        start = done.next
        if not start:
            return rows
    raise PortalUnavailable(f"{STATUSES} does not end")
