"""The journal: who did what to which item, and because of which job."""

from typing import Any

from services.engine.clock import Clock
from services.flow.items import Item
from services.flow.places import Asker
from storage import journal
from storage.database import Transaction
from storage.records import Job


class Journal:
    """Writes journal rows in the transaction of what they record."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def added(self, tx: Transaction, job: Job, item: Item, by: Asker, details: Any) -> None:
        """An item was added."""
        journal.add(
            tx,
            at=self._clock.now(),
            actor=f"user:{by.user_id}" if by.user_id is not None else "anonymous",
            action="add",
            kind=item.kind,
            key=item.key,
            after=details,
            job_id=job.id,
            correlation_id=job.correlation_id,
        )
