"""What an entry weighs. Each cache is filled in a process of its own, so that nothing else is counted."""

import asyncio
import gc
import resource
import subprocess
import sys
import tracemalloc
from functools import partial
from pathlib import Path
from random import Random

from bench.caches import BUILDERS, CASHEWS_BARE, COMPILED, OURS, TYPICAL, keys_of
from bench.rounds import Contender, Goal, Heading, Scale, Table, compare

ROOT = Path(__file__).parents[1]
PROCESS_SECONDS = 120
TRACED, RESIDENT = "tracemalloc", "RSS"

_ABOUT = (
    "Bytes an entry costs over its key and value, which exist before: {how}, in a process of its own, "
    "{entries} entries."
)
_HOW = {
    TRACED: "what Python's allocator gave out (compiled caches have their own)",
    RESIDENT: "growth of the resident set",
}


async def traced_few(scale: Scale, random: Random) -> Table:
    """By Python's own account, a region as large as the gallery's."""
    return await _table(TRACED, scale.entries, 1, random)


async def resident_few(scale: Scale, random: Random) -> Table:
    """By the system's account, a region as large as the gallery's."""
    return await _table(RESIDENT, scale.entries, min(scale.rounds, 3), random)


async def resident_many(scale: Scale, random: Random) -> Table:
    """By the system's account, a very large region."""
    return await _table(RESIDENT, scale.many_entries, min(scale.rounds, 3), random)


async def _table(how: str, entries: int, rounds: int, random: Random) -> Table:
    # The bare cashews keeps the same entries, and Python's allocator knows nothing of compiled ones.
    names = [name for name in BUILDERS if name != CASHEWS_BARE and (how == RESIDENT or name not in COMPILED)]
    contenders = [Contender(name, partial(in_own_process, name, how, entries)) for name in names]
    heading = Heading(
        f"Cache: memory of an entry, {how}, {entries:,} entries",
        "bytes an entry",
        _ABOUT.format(how=_HOW[how], entries=f"{entries:,}"),
        TYPICAL,
        (Goal(f"≤ 200 B an entry ({how}, {entries:,} entries)", OURS, most=200.0),),
    )
    return await compare(heading, contenders, rounds, random)


async def in_own_process(name: str, how: str, entries: int) -> float:
    """Bytes an entry, as a process that only runs `weigh` says."""
    command = [sys.executable, "-m", "bench.cache_memory", name, how, str(entries)]
    run = partial(
        subprocess.run,
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PROCESS_SECONDS,
    )
    done = await asyncio.to_thread(run)
    return float(done.stdout)


async def weigh(name: str, how: str, entries: int) -> float:
    """Fill that cache and say what one entry added. In a process that does nothing else."""
    keys = keys_of(entries)
    subject = BUILDERS[name](entries)
    if how == TRACED:
        tracemalloc.start()
    gc.collect()
    before = _used(how)
    await subject.fill(keys)
    gc.collect()
    return (_used(how) - before) / entries


def _used(how: str) -> int:
    if how == TRACED:
        return tracemalloc.get_traced_memory()[0]
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    sys.stdout.write(str(asyncio.run(weigh(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
