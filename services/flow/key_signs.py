"""Signs that keys of programs should be replaced."""

from collections.abc import Mapping
from datetime import timedelta

from services.engine.clock import Clock
from services.flow.watch import Cause, Findings
from storage import keys
from storage.database import Database
from storage.records import Notice

OLD = timedelta(days=30)
NAMED = 3


class KeySigns:
    """Looks at the keys that were made here; those of API_KEYS bear no date."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def old(self, opened: Mapping[str, Notice]) -> Findings:
        """Keys that are good for anything for more than thirty days."""
        before = self._clock.now() - OLD
        found = [
            key
            for key in await self._database.read(keys.everything)
            if key.revoked_at is None and key.created_at < before
        ]
        if not found:
            return Findings()
        named = ", ".join(f"{key.name} ({key.id})" for key in found[:NAMED])
        params = {"names": f"{named}, …" if len(found) > NAMED else named}
        return Findings([Cause(str(found[-1].id), len(found), params)])  # each key that comes to it is news
