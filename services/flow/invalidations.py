"""Dropping what the cache remembers, by hand: here at once, in every other process within two seconds."""

from collections.abc import Callable
from typing import Any

from services.engine.cache import Cache
from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.confirmations import Confirmations, Confirmed
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Text
from services.flow.places import Asker, Place
from storage import invalidations
from storage.database import Transaction
from storage.texts import storable

ACTION, KIND = "invalidate", "region"  # to be confirmed, and as the journal calls it
KEY = 200  # characters of one
EVERYTHING = "*"  # in the journal: all regions


class Dropping:
    """Drops regions and keys. `regions` are those that people are shown."""

    def __init__(self, cache: Cache, clock: Clock, journal: Journal, confirmations: Confirmations) -> None:
        self._cache = cache
        self._clock = clock
        self._journal = journal
        self._confirmations = confirmations
        self._spellings: dict[str, Callable[[str], str | None]] = {}
        confirmations.register(ACTION, self._confirmed)

    def spell(self, region: str, spelling: Callable[[str], str | None]) -> None:
        """Say how keys of a region are written there; None of what is written in another way."""
        self._spellings[region] = spelling

    def regions(self) -> list[str]:
        """The names that may be given."""
        return list(self._cache.get_stats().regions)

    def ask(self, work: Work, place: Place, asker: Asker, region: str | None) -> None:
        """Ask whether a whole region, or with None all of them, is meant."""
        entries = {name: each.entries for name, each in self._cache.get_stats().regions.items()}
        if region is None:
            question = Text("invalidate-question-all", {"count": sum(entries.values())})
        else:
            question = Text("invalidate-question", {"region": region, "count": entries.get(region, 0)})
        self._confirmations.ask(work, place, asker, ACTION, {"region": region}, Content((question,)))

    def drop(self, work: Work, asker: Asker, region: str, key: str) -> Text:
        """Drop one key, as typed, in small letters, and as its region writes it; what there was here."""
        known = storable(key)[:KEY]
        own = self._spellings[region](known) if region in self._spellings else None
        keys = dict.fromkeys((known, known.lower(), own or known))
        dropped = sum(self._cache.invalidate(region, each) for each in keys)
        for each in keys:
            self._drop(work, region, each)
        self._note(work, asker, region, {"key": known, "dropped": dropped})
        return Text("invalidated-key" if dropped else "invalidated-absent", {"region": region, "key": known})

    async def _confirmed(self, params: dict[str, Any], confirmed: Confirmed) -> Content:
        region = params["region"]
        names = self.regions() if region is None else [str(region)]
        dropped = {name: self._cache.invalidate(name) for name in names}
        for name in names:
            self._drop(confirmed.work, name, None)
        self._note(confirmed.work, confirmed.by, region or EVERYTHING, {"dropped": dropped})
        title = Text("invalidated", {"count": sum(dropped.values())})
        lines = [Text("invalidated-line", {"region": name, "number": n}) for name, n in dropped.items()]
        return Content((title, *lines))

    def _drop(self, work: Work, region: str, key: str | None) -> None:
        work.write(lambda tx: invalidations.add(tx, region, key, at=self._clock.now()))
        work.afterwards(lambda: self._again(region, key))

    def _again(self, region: str, key: str | None) -> None:
        """What came between the first drop and the commit goes uncounted."""
        self._cache.invalidate(region, key)

    def _note(self, work: Work, asker: Asker, key: str, after: dict[str, Any]) -> None:
        def unit(tx: Transaction) -> None:
            self._journal.record(tx, work.job, actor_of(asker), ACTION, KIND, key, after=after)

        work.write(unit)
