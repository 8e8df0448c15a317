"""Where portals and programs tell that deals have changed: stored first, answered second, worked third."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from services.bitrix24.events import PortalEvent
from services.deals.gate import Gate
from services.deals.model import Order, Result
from services.deals.orders import Orders
from services.engine.clock import Clock
from services.engine.inbox import Inbox
from storage import deal_links
from storage.database import Database
from storage.deal_links import DealLink
from storage.portal_events import Taken
from storage.records import JobState

HEARD_EVERY = 60.0  # seconds after which it is noted again that a portal's events come

Status = Literal["success", "skipped", "duplicate", "accepted", "failed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a deal of a source stands; `target_deal_id` is its twin's, None while there is none known."""

    status: Status
    source_deal_id: int
    target_deal_id: int | None
    timestamp: datetime


class DealIntake:
    """Takes events that were let in. Raises StorageUnavailable."""

    def __init__(
        self, database: Database, clock: Clock, inbox: Inbox, orders: Orders, gate: Gate, wait: float
    ) -> None:
        """`wait`: seconds that a program waits for the result."""
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._orders = orders
        self._gate = gate
        self._wait = wait
        self._noted: dict[str, float] = {}

    async def receive(self, event: PortalEvent) -> Standing:
        """A portal's own event: kept, and nobody waits. What is no deal of ours is skipped."""
        order = await self._order(event)
        if order is None:
            return self._standing("skipped", event.id)
        await self._orders.take(order, hash=event.hash, heard=self._heard(event.domain))
        return self._standing("accepted", order.id)

    async def hand_in(self, event: PortalEvent) -> Standing:
        """The same told by a program, which waits a little for what becomes of it.

        An event that came before is told as `duplicate`, at once when the twin is known.
        """
        order = await self._order(event, asked=True)
        if order is None:
            return self._standing("skipped", event.id)
        taken = await self._orders.take(order, hash=event.hash, heard=self._heard(event.domain))
        link = await self._link(order) if taken.known else None
        if link and link.deleted_at is None:
            return self._standing("duplicate", order.id, link.target_deal_id)
        return await self._result(order, taken, self._clock.monotonic() + self._wait)

    async def transfer(self, domain: str, ids: Sequence[int]) -> list[Standing]:
        """Have these deals of a source looked at now; how each stands after a little, in their order."""
        until = self._clock.monotonic() + self._wait
        orders = [Order(domain, number, asked=True) for number in ids]
        taken = await self._orders.take_all(orders)
        return [await self._result(*each, until) for each in zip(orders, taken, strict=True)]

    async def _order(self, event: PortalEvent, *, asked: bool = False) -> Order | None:
        """What an event asks for; None when it is about no deal, or about one at home that is no twin."""
        if not event.is_deal:
            return None
        if self._gate.is_source(event.domain):
            return Order(event.domain, event.id, asked=asked)
        link = await self._database.read(lambda tx: deal_links.of_target(tx, event.id))
        if link is None or not self._gate.is_source(link.source_domain):
            return None
        return Order(link.source_domain, link.source_deal_id, "home", asked)

    async def _result(self, order: Order, taken: Taken, until: float) -> Standing:
        state = await self._inbox.wait(taken.job_id, max(until - self._clock.monotonic(), 0.0))
        status, target = _told(state)
        if status == "success" and taken.known:
            status = "duplicate"
        if target is None and (link := await self._link(order)):
            target = link.target_deal_id
        return self._standing(status, order.id, target)

    async def _link(self, order: Order) -> DealLink | None:
        return await self._database.read(lambda tx: deal_links.of_source(tx, order.domain, order.id))

    def _heard(self, domain: str) -> str | None:
        """The domain, when it is to be noted that something came from there: not with each event."""
        now = self._clock.monotonic()
        if not self._gate.is_source(domain) or now - self._noted.get(domain, -HEARD_EVERY) < HEARD_EVERY:
            return None
        self._noted[domain] = now
        return domain

    def _standing(self, status: Status, source: int, target: int | None = None) -> Standing:
        return Standing(status, source, target, self._clock.now())


def _told(state: JobState | None) -> tuple[Status, int | None]:
    """What a job says that is waited for no longer."""
    if state is None:
        return "accepted", None
    if state.state != "done" or not isinstance(state.result, Mapping):
        return "failed", None
    result = msgspec.convert(state.result, Result)
    return result.status, result.target
