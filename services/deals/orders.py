"""Having a deal looked at: a job of the topic `deals`, or the one that waits for that already."""

from collections.abc import Sequence

import msgspec

from services.deals.model import TOPIC, Order
from services.engine.inbox import Inbox, Offer
from services.engine.work import Work
from storage import portal_events
from storage.database import Database, Transaction
from storage.portal_events import NewEvent, Taken
from storage.records import NewJob


class Orders:
    """Stores orders. However many come of one deal at once, few jobs are made of them."""

    def __init__(self, database: Database, inbox: Inbox) -> None:
        self._database = database
        self._inbox = inbox

    async def take(self, order: Order, *, hash: str | None = None, heard: str | None = None) -> Taken:
        """Make sure that a job will read the deal from now on; durable when this returns.

        `hash` is that of the event behind it, `heard` the source portal to be noted for it (see NewEvent).
        Raises StorageUnavailable.
        """
        event = NewEvent(self._job(order), hash, heard)
        taken = await self._database.write_row(portal_events.accept, event)
        if taken.new:
            self._inbox.wake(TOPIC)
        return taken

    async def take_all(self, orders: Sequence[Order]) -> list[Taken]:
        """The same for several that no event is behind; when one fails others may be stored."""
        events = [NewEvent(self._job(order)) for order in orders]
        taken = await self._database.write_rows(portal_events.accept, events)
        self._inbox.wake(TOPIC)
        return taken

    def take_in(self, tx: Transaction, work: Work, orders: Sequence[Order]) -> None:
        """The same within another job's transaction."""
        portal_events.accept(tx, [NewEvent(self._job(order)) for order in orders])
        work.afterwards(lambda: self._inbox.wake(TOPIC))

    def _job(self, order: Order) -> NewJob:
        payload = msgspec.json.encode(order).decode()
        return self._inbox.new_job(TOPIC, Offer(order.key.job_key, None, payload))
