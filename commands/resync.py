"""`run.py resync`: a running hub compares both sides, and how it gets on is shown here.

The hub asks the portals, for it alone knows how much they let it ask; this orders the pass, or joins one.
"""

import asyncio
import sys
from datetime import datetime
from typing import TextIO

from commands.opening import open_database
from commands.progress import shown
from services.deals.passes import Tallies, Tally, Wish, order_pass, progress_of, sum_of, tallies_of
from services.engine.clock import Clock, SystemClock
from services.engine.observability import Redactor
from settings import Settings
from storage import jobs
from storage.database import Database, Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.records import JobState
from storage.steps import Progress

ACTOR = "command line"
STAGES = {"reconcile": "comparing the deals"}
LOOK = 0.5  # seconds between two looks
PATIENCE = 10.0  # seconds until a hub that runs has begun
ENDS = ("created", "updated", "unchanged", "conflict", "failed", "waiting")


def resync(settings: Settings, since: datetime | None, out: TextIO, *, dry_run: bool) -> int:
    """Have deals compared and tell on `out` what came of it. The answer is the exit code."""
    if not settings.bitrix24.sources:
        sys.stderr.write("switchboard: BITRIX24_SOURCES names no portal to compare with\n")
        return 2
    redact = Redactor(settings.secrets()).text
    try:
        state = asyncio.run(_run(settings, since, out, dry_run=dry_run))
    except (DatabaseRefused, StorageUnavailable) as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1
    if state is None or state.state == "dead":
        sys.stderr.write(f"switchboard: {redact((state and state.reason) or 'the pass is gone')}\n")
        return 1
    if state.state != "done":
        out.write("no hub works at the moment; the next one that starts compares them\n")
        return 0
    tallies = tallies_of(state.result)
    out.writelines(f"{redact(_line(domain, tally, dry_run))}\n" for domain, tally in tallies.items())
    return 1 if any(tally.away for tally in tallies.values()) else 0


async def _run(settings: Settings, since: datetime | None, out: TextIO, *, dry_run: bool) -> JobState | None:
    clock = SystemClock()
    database = open_database(settings, beside=True)
    await database.open()
    try:
        wish, now = Wish(ACTOR, since), clock.now()
        job_id = await database.write(lambda tx: order_pass(tx, wish, now=now, dry=dry_run))
        with shown(STAGES, out) as tell:
            return await _watch(database, clock, job_id, tell)
    finally:
        await database.close()


async def _watch(database: Database, clock: Clock, job_id: int, tell: Progress) -> JobState | None:
    """Until it is at its end, or nobody begins it: how it stands then."""

    def look(tx: Transaction) -> tuple[JobState | None, Tallies]:
        return jobs.state(tx, job_id), progress_of(tx, job_id)

    heard = clock.monotonic()
    while True:
        state, tallies = await database.read(look)
        if state is None or state.state in {"done", "dead"}:
            return state
        if state.state == "claimed":
            heard = clock.monotonic()
            tell("reconcile", sum(tally.ended for tally in tallies.values()), sum_of(tallies)["ordered"])
        if clock.monotonic() - heard > PATIENCE:
            return state
        await clock.sleep(LOOK)


def _line(domain: str, tally: Tally, dry_run: bool) -> str:
    if tally.away:
        return f"{domain}: could not be asked to the end: {tally.away}"
    found = f"{domain}: {tally.changed} changed"
    if dry_run:
        return f"{found}, {tally.ordered} to look at"
    ends = ", ".join(f"{name} {getattr(tally, name)}" for name in ENDS)
    return f"{found}, {tally.ordered} looked at: {ends}; no event had told of {tally.missed}"
