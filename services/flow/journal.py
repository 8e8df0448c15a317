"""The journal: who did what to which item, and because of which job."""

from datetime import datetime
from typing import Any

from services.engine.clock import Clock
from services.engine.observability import current_correlation_id
from services.flow.items import Item
from services.flow.places import Asker
from storage import journal
from storage.database import Transaction
from storage.records import Job


class Journal:
    """Writes journal rows in the transaction of what they record."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(
        self,
        tx: Transaction,
        job: Job | None,
        actor: str,
        action: str,
        kind: str,
        key: str,
        *,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Something was done to the thing of that kind and key. `before` and `after` are JSON."""
        journal.add(
            tx,
            at=self._clock.now(),
            actor=actor,
            action=action,
            kind=kind,
            key=key,
            before=before,
            after=after,
            job_id=job.id if job else None,
            correlation_id=job.correlation_id if job else current_correlation_id(),
        )

    def added_since(self, tx: Transaction, kind: str, key: str, since: datetime | None) -> bool:
        """Whether somebody added an item after that moment."""
        story = journal.of_item(tx, kind, key)
        return any(entry.action == "add" and (since is None or entry.at > since) for entry in story)

    def added(self, tx: Transaction, job: Job, item: Item, by: Asker, details: Any) -> None:
        """An item was added."""
        self.record(tx, job, actor_of(by), "add", item.kind, item.key, after=details)

    def refused(self, tx: Transaction, job: Job, by: Asker, kind: str, key: str, reason: str) -> None:
        """Somebody tried to decide who may not, or by a button that is none."""
        self.record(tx, job, actor_of(by), "refused", kind, key, after={"reason": reason})


def actor_of(asker: Asker) -> str:
    """A person as the journal names actors; parts of the hub and programs have names of their own."""
    return f"user:{asker.user_id}" if asker.user_id is not None else "anonymous"
