"""`run.py replay`: dead jobs are put back to be worked anew, beside a running hub or before one starts."""

import asyncio
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TextIO

from commands.asking import is_meant
from commands.opening import open_database
from commands.progress import shown
from services.engine.clock import Clock, SystemClock
from services.engine.observability import Redactor
from services.flow.excerpts import Excerpt, excerpts
from services.flow.journal import Journal
from services.flow.replay import replay_part
from settings import Settings
from storage import replaying
from storage.database import Database, Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.replaying import Chosen, DeadGroup, DeadJob, chooses
from storage.steps import Progress

ACTOR = "command line"
STAGES = {"replay": "putting them back"}
REASON = 120  # characters of one
MOST = 1000  # lines of topics and reasons


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which failed jobs somebody means: of this topic, whose reason and key hold these parts."""

    topic: str | None = None
    reason: str | None = None
    key: str | None = None

    def chosen(self, now: datetime) -> Chosen:
        """Those of them that are dead by now."""
        return Chosen(now, self.topic, reason_part=self.reason, key_part=self.key)

    @property
    def unsaid(self) -> list[str]:
        """Which of them were named and say nothing: taken as they are, they would mean everything."""
        return [name for name, part in asdict(self).items() if part is not None and not chooses(part)]

    @property
    def told(self) -> str:
        """How it is said behind `jobs`."""
        named = f" of the topic {self.topic}" if self.topic else ""
        parts = {"reason": self.reason, "key": self.key}
        held = [f"whose {name} holds “{part}”" for name, part in parts.items() if part]
        return " ".join([named, " and ".join(held)]) if held else named


def replay(settings: Settings, wanted: Wanted, into: TextIO, out: TextIO, *, dry_run: bool) -> int:
    """Count on `out`, ask on a terminal (`into`), and put them back. The answer is the exit code.

    It is 2, and nothing is done, when one of the parts is empty or has neither a letter nor a digit.
    """
    if unsaid := wanted.unsaid:
        options = ", ".join(f"--{name}" for name in unsaid)
        sys.stderr.write(f"switchboard: {options}: give a text with a letter or a digit, or leave it out\n")
        return 2
    excerpt = excerpts(Redactor(settings.secrets()).text)
    try:
        return asyncio.run(_run(settings, wanted, into, out, excerpt, dry_run=dry_run))
    except (DatabaseRefused, StorageUnavailable) as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1


async def _run(
    settings: Settings, wanted: Wanted, into: TextIO, out: TextIO, excerpt: Excerpt, *, dry_run: bool
) -> int:
    clock = SystemClock()
    database = open_database(settings, beside=True)
    await database.open()
    try:
        chosen = wanted.chosen(clock.now())
        total = await _counted(database, wanted, chosen, out, excerpt)
        if not total or dry_run:
            return 0
        if not await asyncio.to_thread(is_meant, f"Replay {_jobs(total)}?", into, out):
            out.write("nothing was changed\n")
            return 0
        with shown(STAGES, out) as tell:
            replayed = await _put_back(database, clock, chosen, total, tell)
    finally:
        await database.close()
    out.write(f"{_jobs(replayed)} put back; a running hub works them now, another one when it starts\n")
    return 0


async def _counted(database: Database, wanted: Wanted, chosen: Chosen, out: TextIO, excerpt: Excerpt) -> int:
    """Tell what would be put back, by topic and reason; how many that are."""
    counts = await database.read(lambda tx: replaying.counts(tx, chosen))
    groups = await database.read(lambda tx: replaying.groups(tx, most=MOST, chosen=chosen))
    for group in groups:
        out.write(_line(group, excerpt))
    total = sum(counts.values())
    named = wanted.told
    out.write(f"{_jobs(total)}{named} to replay\n" if total else f"nothing{named} has failed\n")
    return total


def _line(group: DeadGroup, excerpt: Excerpt) -> str:
    return f"{group.count:>7}  {group.topic}  {excerpt(group.reason, REASON)}\n"


async def _put_back(database: Database, clock: Clock, chosen: Chosen, total: int, tell: Progress) -> int:
    journal, replayed, last = Journal(clock), 0, 0

    def unit(tx: Transaction) -> list[DeadJob]:
        return replay_part(tx, journal, chosen, ACTOR, job=None, after=last, now=clock.now())

    while True:
        tell("replay", replayed, total)
        if not (part := await database.write(unit)):
            return replayed
        replayed, last = replayed + len(part), part[-1].id


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"
