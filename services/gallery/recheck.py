"""Asking Telegram again about the listed sets: dead ones are marked, changed ones told anew."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from services.engine.cache import Region
from services.engine.clock import Clock
from services.engine.errors import NoSuchItem, Unavailable
from services.engine.inbox import Inbox, Topic
from services.engine.retry import RetryPolicy
from services.engine.schedule import IDLE
from services.engine.work import Work
from services.gallery.changes import Author, record, told
from services.gallery.item import StickerSetReader
from services.gallery.model import StickerSetFacts
from storage import sticker_sets
from storage.database import Database, Transaction
from storage.records import Job, StickerSet

TOPIC = "gallery.recheck"
ACTOR = "recheck"  # in the journal
EVERY = 6 * 3600.0  # seconds between two rounds
OLD = timedelta(hours=24)  # a set asked about within is left alone
BATCH = 20  # sets a job
PAUSE = timedelta(seconds=30)  # between two jobs of a round: people's questions go to Telegram too
AWAY = 60.0  # seconds to wait for a Telegram that does not say how long
RETRY = RetryPolicy(attempts=6, window=6 * 3600.0, delay=60.0, cap=1800.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Telegram said of a listed set; no `facts`: it knows none of this name."""

    name: str
    facts: StickerSetFacts | None

    def on(self, row: StickerSet, now: datetime) -> StickerSet:
        """The row as it is from now on."""
        if self.facts is None:
            return replace(row, checked_at=now, dead_at=row.dead_at or now)
        facts = self.facts
        return replace(
            row, title=facts.title, kind=facts.kind, count=facts.count, checked_at=now, dead_at=None
        )


class Recheck:
    """Works the topic `gallery.recheck`, a batch of sets a job, those longest not asked about first."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        region: Region[str, StickerSet],
        reader: StickerSetReader,
    ) -> None:
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._region = region
        self._reader = reader

    def topic(self) -> Topic:
        """The row that the inbox needs."""
        return Topic(TOPIC, self.handle, 1, RETRY, idle=IDLE, own_keys=True)

    async def handle(self, job: Job, work: Work) -> dict[str, int]:
        """Ask about one batch, and put off a job for the next while sets remain.

        An outage of Telegram ends the batch: what was learned before counts, the rest is asked later.
        """
        since = self._clock.now() - OLD
        rows = await self._database.read(partial(sticker_sets.longest_unchecked, before=since, most=BATCH))
        verdicts, wait = await self._ask(rows)
        for verdict in verdicts:
            work.write(partial(self._apply, work=work, verdict=verdict))
        if wait or len(rows) == BATCH:
            due = self._clock.now() + (wait or PAUSE)
            await self._inbox.accept(TOPIC, job.key, f"after:{job.id}", "{}", due=due)
        dead = sum(verdict.facts is None for verdict in verdicts)
        return {"asked": len(verdicts), "dead": dead}

    async def _ask(self, rows: list[StickerSet]) -> tuple[list[Verdict], timedelta | None]:
        """What Telegram says, and how long to wait when it stopped saying; raises when it said nothing."""
        verdicts: list[Verdict] = []
        for row in rows:
            try:
                verdicts.append(Verdict(row.name, await self._reader.sticker_set(row.name)))
            except NoSuchItem:
                verdicts.append(Verdict(row.name, None))
            except Unavailable as error:
                if not verdicts:
                    raise
                return verdicts, timedelta(seconds=error.retry_after or AWAY)
        return verdicts, None

    def _apply(self, tx: Transaction, *, work: Work, verdict: Verdict) -> None:
        now = self._clock.now()
        before = sticker_sets.by_name(tx, verdict.name)
        if before is None:  # removed meanwhile
            return
        after = verdict.on(before, now)
        sticker_sets.change(tx, after)
        if action := _change(before, after):
            author = Author(ACTOR, now, work.job.id, work.job.correlation_id)
            record(tx, author, action, after.name, before=told(before), after=told(after))
            work.afterwards(lambda: self._drop(after))

    def _drop(self, row: StickerSet) -> None:
        self._region.invalidate(row.name.lower())


def _change(before: StickerSet, after: StickerSet) -> str | None:
    """What the journal calls the difference; None when there is none."""
    if bool(before.dead_at) != bool(after.dead_at):
        return "dead" if after.dead_at else "alive"
    return "change" if told(before) != told(after) else None
