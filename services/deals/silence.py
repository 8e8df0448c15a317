"""The sign that a source portal has told of nothing for long."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.deals.sources import Sources
from services.engine.clock import Clock
from services.flow.watch import Cause, Findings
from storage import reconcile_cursors
from storage.database import Database
from storage.records import Notice

SETTLING = timedelta(hours=1)  # after a start, for events of the time when the hub was down were lost


class SourceSilence:
    """Looks at when each source's newest event came. Its deals are compared all the same, only later."""

    def __init__(self, database: Database, clock: Clock, sources: Sources, hours: float) -> None:
        self._database = database
        self._clock = clock
        self._sources = sources
        self._limit = timedelta(hours=hours)
        self._started = clock.now()

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """Sources without an event for so long; one that never told of any, since the hub began."""
        now = self._clock.now()
        if now - self._started < min(SETTLING, self._limit):
            return Findings(unclear=frozenset(opened))
        cursors = await self._database.read(reconcile_cursors.every)
        heard = {cursor.source_domain: cursor.heard_at for cursor in cursors}
        return Findings(
            [
                Cause(domain, params={"domain": domain, "heard": _shown(heard.get(domain))})
                for domain in self._sources.portals
                if now - (heard.get(domain) or self._started) >= self._limit
            ]
        )


def _shown(heard: datetime | None) -> dict[str, str]:
    return {"moment": heard.isoformat()} if heard else {"text": "notice-silence-never"}
