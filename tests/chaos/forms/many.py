"""Histories by their numbers, played and held against the rules."""

import asyncio
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.chaos.forms.plan import History, histories
from tests.chaos.forms.play import lived_before, played
from tests.chaos.forms.tally import Tally
from tests.chaos.forms.verdict import breaches

AT_ONCE = 50  # histories in one process; then a new one begins with an empty memory


def drawn(number: int) -> History:
    """A history by its number.

    One that Hypothesis draws first in a run, after the simplest of all: later ones are like those before.
    """
    found: list[History] = []

    @seed(number)
    @settings(max_examples=2, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(histories())
    def keep(history: History) -> None:
        found.append(history)

    keep()
    return found[-1]


def play_all(numbers: Sequence[int]) -> Tally:
    """Play these histories. AssertionError for the first that breaks a rule."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="lived-") as folder:
        template = asyncio.run(lived_before(Path(folder)))
        for number in numbers:
            history = drawn(number)
            play = asyncio.run(played(history, template))
            tally.add(play)
            broken = breaches(play)
            assert not broken, f"history {number}: {broken}\n{history}"
    return tally


def play_in_processes(numbers: Sequence[int]) -> Tally:
    """The same, in a process per core."""
    chunks = [numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE)]
    tally = Tally()
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        for part in processes.map(play_all, chunks):
            tally.add_all(part)
    return tally
