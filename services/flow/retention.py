"""Keeps the database from growing for ever: what is done long ago goes, what ran out is closed."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.approvals import REJECTED_FOR
from services.flow.samples import KEPT as SAMPLES_KEPT
from services.flow.sightings import KEPT as SIGHTINGS_KEPT
from storage import confirmations, leases, retention, samples, sightings
from storage.database import Database, Transaction
from storage.records import Job
from storage.retention import Old

UNIT = 500  # rows that one transaction deletes at most
LOOK = 10_000  # keys that one look gives
PAUSE = 0.05  # seconds between two transactions, for everybody else's
TICKS_KEPT = timedelta(days=2)  # jobs that come by the minute and tell nobody anything
REACTIONS_KEPT = timedelta(days=30)
INVALIDATIONS_KEPT = timedelta(hours=1)
KNOWN_FOR = timedelta(days=30)  # so long a submission's id has the same answer at least
EVENTS_KEPT = timedelta(days=30)  # so long a portal's event is known when it comes again
QUESTIONS_KEPT = timedelta(days=1)  # so that a late press is told that its question is over


class Retention:
    """The handlers of the topics `retention` and `sweep`. Both may be repeated at will."""

    def __init__(
        self, database: Database, clock: Clock, *, days: int, ticking: Callable[[], Sequence[str]]
    ) -> None:
        """`days` that finished work is kept; `ticking()` names the topics of the schedule."""
        self._database = database
        self._clock = clock
        self._kept = timedelta(days=days)
        self._ticking = ticking

    async def retain(self, job: Job, work: Work) -> dict[str, int]:
        """Delete what is older than it is kept; how many rows of each table.

        Proposals, approvals, inquiries and notices first: a message that one points at stays as long as
        it does.
        """
        now = self._clock.now()
        before = now - self._kept
        ticks = retention.done_jobs(now - TICKS_KEPT, now=now, topics=self._ticking())
        decided = retention.decided_approvals(min(before, now - REJECTED_FOR))
        closed = retention.closed_inquiries(before)
        told = retention.ended_notices(before)
        handed_in = retention.done_submissions(min(before, now - KNOWN_FOR))
        events = retention.portals_events(now - EVENTS_KEPT)
        first = (*decided, *closed, *told, *handed_in)
        counted = (*(old.name for old in first), "messages", events.name, "jobs")
        deleted = {"proposals": 0} | dict.fromkeys(counted, 0)
        for old in (
            retention.closed_proposals(before),
            *first,
            *retention.ended_messages(before),
            events,
            retention.done_jobs(before, now=now),
            ticks,
        ):
            deleted[old.name] += await self._delete(old)
        return deleted

    async def sweep(self, job: Job, work: Work) -> dict[str, int]:
        """Close proposals that ran out and forget what is of no use any more; how many of each."""
        now = self._clock.now()
        expire = partial(retention.expire_proposals, now=now, most=UNIT)
        drop = partial(retention.drop_invalidations, before=now - INVALIDATIONS_KEPT, most=UNIT)
        unsee = partial(sightings.forget, before=now - SIGHTINGS_KEPT, most=UNIT)
        unsample = partial(samples.drop, before=now - SAMPLES_KEPT, most=UNIT)
        unhold = partial(leases.forget, before=now, most=UNIT)
        unask = partial(confirmations.forget, before=now - QUESTIONS_KEPT, most=UNIT)
        reactions_before = now - REACTIONS_KEPT
        return {
            "proposals": await self._while_full(expire),
            "invalidations": await self._while_full(drop),
            "sightings": await self._while_full(unsee),
            "samples": await self._while_full(unsample),
            "confirmations": await self._while_full(unask),
            "leases": await self._while_full(unhold),
            "reactions": await self._database.write(
                lambda tx: retention.forget_reactions(tx, reactions_before)
            ),
        }

    async def _delete(self, old: Old) -> int:
        deleted = 0
        while True:
            keys = await self._database.read(lambda tx: old.find(tx, LOOK))
            dropped = await self._drop(old, keys)
            deleted += dropped
            if len(keys) < LOOK or not dropped:
                return deleted
            await self._clock.sleep(PAUSE)

    async def _drop(self, old: Old, keys: Sequence[Any]) -> int:
        dropped = 0
        for start in range(0, len(keys), UNIT):
            if start:
                await self._clock.sleep(PAUSE)
            part = keys[start : start + UNIT]
            dropped += await self._database.write(partial(old.drop, keys=part))
        return dropped

    async def _while_full(self, unit: Callable[[Transaction], int]) -> int:
        changed = 0
        while True:
            count = await self._database.write(unit)
            changed += count
            if count < UNIT:
                return changed
            await self._clock.sleep(PAUSE)
