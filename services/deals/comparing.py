"""Which deals of a portal have changed, and which of those nobody has looked at since.

A list says little: a number and when the deal was changed, by the portal's clock and in whole seconds. So a
deal counts as looked at only when its twin was written well after that; the rest is for its transfer to tell.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.matching import ORIGINATOR
from services.deals.model import Deal, DealKey, Order, Side
from services.deals.sources import Sources
from storage import deal_links
from storage.database import Transaction
from storage.deal_links import DealLink

METHOD = "crm.deal.list"
# How long a deal may take from the read at the source to the link's row, with what two clocks differ by.
MARGIN = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Changed:
    """A deal of the list: its number in that portal, its newest change, and the source's deal it is about."""

    id: int
    at: datetime
    key: DealKey


@dataclass(frozen=True, slots=True)
class Compared:
    """A portal whose deals are compared, of the home portal only twins; `domains` are all sources'."""

    portal: Portal
    side: Side
    domains: frozenset[str]

    @property
    def domain(self) -> str:
        """The portal's."""
        return self.portal.domain

    async def changed(self, since: datetime, *, after: int) -> AsyncIterator[Changed]:
        """What was changed later, by number; from the number `after` on.

        The portal drops a filter by a field it does not know in silence, so each row is looked at again.
        Raises what Portal.list_all does.
        """
        async for row in self.portal.list_all(METHOD, self._asked(since, after)):
            found = self._read(row)
            if found and found.at > since:
                yield found

    def _asked(self, since: datetime, after: int) -> dict[str, Any]:
        wanted: dict[str, Any] = {">DATE_MODIFY": since.isoformat(timespec="seconds"), ">ID": after}
        select = ["ID", "DATE_MODIFY"]
        if self.side == "home":
            wanted["=ORIGINATOR_ID"] = ORIGINATOR
            select += ["ORIGINATOR_ID", "ORIGIN_ID"]
        return {"filter": wanted, "select": select}

    def _read(self, row: dict[str, Any]) -> Changed | None:
        deal = Deal(row)
        number = deal.id
        try:
            at = deal.modified_at
        except ValueError:
            at = None
        if number is None or at is None:
            raise PortalUnavailable(f"{METHOD} does not say when a deal was changed")
        key = DealKey(self.domain, number) if self.side == "source" else self._origin(deal)
        return Changed(number, at, key) if key else None

    def _origin(self, twin: Deal) -> DealKey | None:
        """The source's deal whose twin this is; None when it is none of ours, or its source is gone."""
        originator, origin = twin.origin
        key = DealKey.of_origin(origin)
        is_ours = originator == ORIGINATOR and key is not None and key.domain in self.domains
        return key if is_ours else None

    def orders(self, tx: Transaction, rows: Sequence[Changed]) -> list[tuple[Changed, Order]]:
        """The transfers that those need which nobody has looked at since their change."""
        links = _links(tx, rows)
        made = ((row, self._order(row, links.get(row.key))) for row in rows)
        return [(row, order) for row, order in made if order]

    def _order(self, row: Changed, link: DealLink | None) -> Order | None:
        if link is None:  # also for a twin whose link got lost: its source's deal finds it by its origin
            return Order(row.key.domain, row.key.id)
        if self.side == "home" and link.target_deal_id != row.id:
            return None  # somebody copied the twin, origin and all
        is_known = row.at <= link.updated_at - MARGIN and link.deleted_at is None
        return None if is_known else Order(row.key.domain, row.key.id, self.side)


def compared(sources: Sources) -> list[Compared]:
    """The sources, and behind them the home portal: what sources have changed is there by then."""
    domains = frozenset(sources.portals)
    found = [Compared(portal, "source", domains) for portal in sources.portals.values()]
    return [*found, Compared(sources.home, "home", domains)]


def _links(tx: Transaction, rows: Sequence[Changed]) -> dict[DealKey, DealLink]:
    wanted: dict[str, list[int]] = {}
    for row in rows:
        wanted.setdefault(row.key.domain, []).append(row.key.id)
    return {
        DealKey(domain, number): link
        for domain, numbers in wanted.items()
        for number, link in deal_links.of_sources(tx, domain, numbers).items()
    }
