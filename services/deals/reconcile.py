"""Reconcile: every so often both sides' changed deals are looked through, for what no event had told of.

Portals lose events and a funnel move sends none, so what a portal lists as changed decides. A pass asks it
for numbers and moments only; whatever nobody has looked at since becomes an order for the topic `deals`, and
the pass waits to see how these end. Each step is stored together with its orders, so a pass that was cut off
goes on behind it. A portal that is away delays its own deals alone: its cursor stays where the next pass
begins.
"""

from collections.abc import Coroutine
from typing import Any

import msgspec
import structlog

from services.deals.comparing import Compared, compared
from services.deals.passes import ACTOR, COUNTING, RECONCILE, Tallies, Tally, Wish, sum_of
from services.deals.sources import Sources
from services.deals.walk import Walk
from services.engine.clock import Clock
from services.engine.errors import HubError
from services.engine.inbox import DAY, Inbox, Topic
from services.engine.observability import Counters
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from storage import postponing
from storage.database import Database
from storage.records import Job

log = structlog.get_logger(__name__)

# What fails here is a fault of ours: portals that are away end no pass.
RETRY = RetryPolicy(attempts=3, window=600.0, delay=5.0, cap=60.0)


class Reconcile:
    """Works the topics `reconcile` and `reconcile.count`."""

    def __init__(
        self,
        sources: Sources,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        counters: Counters,
    ) -> None:
        self._portals = compared(sources)
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._counters = counters

    def topic(self) -> Topic:
        """For the schedule."""
        return Topic(RECONCILE, self.handle, 1, RETRY, DAY, own_keys=True)

    def counting(self) -> Topic:
        """The same for those who want to know only."""
        return Topic(COUNTING, self.count, 1, RETRY, DAY, own_keys=True)

    async def handle(self, job: Job, work: Work) -> dict[str, Any]:
        """One pass through all portals; what it found in each. A tick behind one that took long is none."""
        wish = msgspec.json.decode(job.payload, type=Wish)
        if wish.by == ACTOR and await self._is_done(job):
            return {}
        tallies: Tallies = {}
        for portal in self._portals:
            walk = self._walk(portal, job, wish)
            tallies[portal.domain] = await _reached(walk, walk.run())
            self._counters.deal_drift(portal.domain, walk.tally.missed)
        log.info("reconcile.over", details=sum_of(tallies))
        return _plain(tallies)

    async def count(self, job: Job, work: Work) -> dict[str, Any]:
        """What a pass would find."""
        wish = msgspec.json.decode(job.payload, type=Wish)
        walks = [self._walk(portal, job, wish) for portal in self._portals]
        return _plain({walk.domain: await _reached(walk, walk.count()) for walk in walks})

    def _walk(self, portal: Compared, job: Job, wish: Wish) -> Walk:
        return Walk(portal, self._database, self._clock, self._inbox, job, wish.since)

    async def _is_done(self, job: Job) -> bool:
        """Whether another pass came to its end after this one was due."""
        since = job.accepted_at
        return await self._database.read(lambda tx: postponing.done_since(tx, RECONCILE, since)) is not None


async def _reached(walk: Walk, way: Coroutine[Any, Any, None]) -> Tally:
    """What was found; as far as the portal answered."""
    try:
        await way
    except HubError as error:
        log.warning("reconcile.away", details={"portal": walk.domain, "reason": str(error)})
        return msgspec.structs.replace(walk.tally, away=str(error) or type(error).__name__)
    return walk.tally


def _plain(tallies: Tallies) -> dict[str, Any]:
    return {domain: msgspec.to_builtins(tally) for domain, tally in tallies.items()}
