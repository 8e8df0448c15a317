"""Having the mapping's file read again because somebody asks."""

import structlog

from services.deals.mapping.faults import MappingFaults
from services.deals.mapping.store import MappingStore
from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.excerpts import Excerpt
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Text
from services.flow.places import Asker
from storage import invalidations
from storage.database import Transaction

log = structlog.get_logger(__name__)

ACTION, KIND = "reload", "mapping"  # as the journal calls them
MOST = 20  # faults that are told at once
LONGEST = 150  # characters of one


class Reloading:
    """What `/reload` does: here at once, and in other processes as soon as they hear of it."""

    def __init__(self, mappings: MappingStore, clock: Clock, journal: Journal, excerpt: Excerpt) -> None:
        self._mappings = mappings
        self._clock = clock
        self._journal = journal
        self._excerpt = excerpt

    async def follow(self) -> None:
        """Read the file because some process was told to; each has a file of its own, which may be bad."""
        try:
            after = await self._mappings.reload()
        except MappingFaults as refused:
            log.warning("mapping.refused", details={"faults": list(refused.faults[:MOST])})
        else:
            log.info("mapping.read", details={"label": after.label})

    async def reload(self, work: Work, asker: Asker) -> Content:
        """Read the file, and tell what holds now; each reading of another file is journaled."""
        before = self._mappings.current
        try:
            after = await self._mappings.reload()
        except MappingFaults as refused:
            return self._refused(refused, before.label)
        work.write(lambda tx: invalidations.add(tx, KIND, None, at=self._clock.now()))
        params = {"label": after.label, "count": len(after.rules)}
        if after.label == before.label:
            return Content((Text("mapping-same", params),))

        def unit(tx: Transaction) -> None:
            was, now = {"label": before.label}, {"label": after.label}
            self._journal.record(tx, work.job, actor_of(asker), ACTION, KIND, "", before=was, after=now)

        work.write(unit)
        return Content((Text("mapping-reloaded", params),))

    def _refused(self, refused: MappingFaults, label: str) -> Content:
        told = [
            Text("mapping-fault", {"fault": self._excerpt(one, LONGEST)}) for one in refused.faults[:MOST]
        ]
        left = len(refused.faults) - MOST
        more = [Text("mapping-faults-more", {"count": left})] if left > 0 else []
        return Content((Text("mapping-refused", {"label": label}), *told, *more))
