"""`run.py forget`: what is stored about a person gets a pseudonym in its place, beside a running hub too."""

import asyncio
import sys
from collections import Counter
from random import Random, SystemRandom
from typing import TextIO

from commands.asking import is_meant
from commands.opening import open_database
from services.deals import forgetting as deals
from services.engine.clock import Clock, SystemClock
from services.flow.forgetting import Forgetting, Nobody
from services.programmes import forgetting as programmes
from settings import Settings
from storage.errors import DatabaseRefused, StorageUnavailable

ACTOR = "command line"
PARTS = (programmes.PART, deals.PART)
BEYOND = (
    "not reached from here: the portals, Telegram and its chats, backups, logs, and settings that name the"
    " person (ADMIN_IDS, STAFF_IDS)\n"
)


def forget(settings: Settings, person: str, into: TextIO, out: TextIO, *, dry_run: bool) -> int:
    """Count on `out`, ask on a terminal (`into`), and rewrite. The answer is the exit code."""
    try:
        return asyncio.run(_run(settings, person, into, out, SystemClock(), SystemRandom(), dry_run=dry_run))
    except Nobody as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 2
    except (DatabaseRefused, StorageUnavailable) as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1


async def _run(
    settings: Settings,
    person: str,
    into: TextIO,
    out: TextIO,
    clock: Clock,
    random: Random,
    *,
    dry_run: bool,
) -> int:
    database = open_database(settings, beside=True)
    await database.open()
    try:
        forgetting = Forgetting(database, clock, random, PARTS)
        return await tell(forgetting, person, into, out, dry_run=dry_run)
    finally:
        await database.close()


async def tell(forgetting: Forgetting, person: str, into: TextIO, out: TextIO, *, dry_run: bool) -> int:
    """Ask before it forgets the person, and tell what came of it; the exit code."""
    known = await forgetting.known(person)
    counts = await forgetting.count(known)
    if not counts:
        out.write(f"nothing is stored about this person\n{BEYOND}")
        return 0
    if dry_run:
        _list(counts, "would change", out)
        return 0
    if not await asyncio.to_thread(is_meant, f"Rewrite {counts.total()} rows for good?", into, out):
        out.write("nothing was changed\n")
        return 0
    done = await forgetting.forget(known, ACTOR)
    _list(done.changed, "changed", out)
    if done.busy:
        out.write(f"their jobs are still being worked ({done.busy}): run this again, with the same words\n")
        return 1
    return 0


def _list(counts: Counter[str], how: str, out: TextIO) -> None:
    for table, number in sorted(counts.items()):
        out.write(f"{number:>7}  {table}\n")
    out.write(f"{counts.total()} rows {how}\n{BEYOND}")
