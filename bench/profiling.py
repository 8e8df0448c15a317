"""Where the time goes, for rows that fall short: processor time by thread and part.

Looking at stacks from a thread of our own would see other threads only where they let go of the interpreter,
so this counts calls. That favours code with few large ones, and does not see what only waits.
"""

import sys
import threading
from _lsprof import profiler_entry
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from cProfile import Profile as CallProfile
from operator import itemgetter
from pathlib import Path
from time import thread_time

SHOWN = 7  # parts named per thread
LEAST = 1.0  # percent: smaller parts are not named

_ROOT = Path(__file__).parents[1]
_IN_POOL = ("uvloop", "asyncio", "ThreadPool")  # threads that only open and close files

Shares = list[tuple[str, float]]  # parts and their percent of all processor time, the largest first
Profile = dict[str, Shares]  # by thread


class Profiler:
    """Counts, while the block lasts, the processor time of this thread and of those that it starts."""

    def __init__(self) -> None:
        self._profiles: list[tuple[str, CallProfile]] = []

    def __enter__(self) -> "Profiler":
        threading.setprofile(lambda *_: self._begin())
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)
        self._profiles[0][1].disable()

    def profile(self) -> Profile:
        """Each thread's parts, as shares of the time of all threads together."""
        parts = {name: _parts(counted.getstats()) for name, counted in self._profiles}
        total = sum(sum(of_thread.values()) for of_thread in parts.values())
        return {name: _largest(of_thread, total) for name, of_thread in parts.items()}

    def _begin(self) -> None:
        sys.setprofile(None)
        name = threading.current_thread().name
        if name.startswith(_IN_POOL):
            return
        counted = CallProfile(thread_time)
        try:
            counted.enable()
        except ValueError:  # from Python 3.12 on there is one at a time: the first thread has it
            return
        self._profiles.append(("event loop" if name == "MainThread" else name, counted))


async def profiled(measure: Callable[[], Awaitable[object]]) -> Profile:
    """Run it once more, watched."""
    with Profiler() as profiler:
        await measure()
    return profiler.profile()


def _parts(stats: Iterable[profiler_entry]) -> dict[str, float]:
    """Seconds by part. What is built in counts for its caller, the database's own calls for the database."""
    seconds: dict[str, float] = defaultdict(float)
    for entry in stats:
        if isinstance(entry.code, str):
            continue
        part = _part(entry.code.co_filename)
        seconds[part] += entry.inlinetime
        for called in entry.calls or ():
            if isinstance(called.code, str):
                seconds["SQLite" if "sqlite3." in called.code else part] += called.inlinetime
    return seconds


def _largest(seconds: dict[str, float], total: float) -> Shares:
    shares = sorted(((part, 100 * its / total) for part, its in seconds.items()), key=itemgetter(1))
    return [(part, share) for part, share in reversed(shares[-SHOWN:]) if share >= LEAST]


def _part(file: str) -> str:
    """Ours by file, others by package."""
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else "Python's library"
