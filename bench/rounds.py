"""Measuring peers side by side: the same rounds for all, in another order each time.

A shared machine is quick one second and slow the next. So every contender runs once in each round, the
order is drawn anew, and a ratio is the median of the ratios within rounds: both sides saw the same weather.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import nan
from random import Random
from statistics import median

from bench.profiling import Profile, profiled

Measure = Callable[[], Awaitable[float]]
Figures = dict[str, list[float]]  # by contender; those at one place of the lists are of one round


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that is measured; `measure` gives one figure in the table's unit."""

    name: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: rounds, seconds of one cell, and the sizes of what is filled."""

    rounds: int = 9
    seconds: float = 0.1  # of a cell without a disk
    disk_seconds: float = 0.6  # of a cell that waits for a disk
    entries: int = 5_000
    many_entries: int = 100_000
    asked: int = 100_000  # look-ups of the hit ratio, after as many that only warm up
    updates: int = 1_000

    @property
    def few(self) -> int:
        """Rounds of what takes long to prepare."""
        return max(self.rounds * 2 // 3, 1)


SHORT = Scale()
LONG = Scale(rounds=31, seconds=0.3, disk_seconds=2.0, asked=1_000_000, updates=5_000)
TINY = Scale(
    rounds=1, seconds=0.001, disk_seconds=0.01, entries=200, many_entries=2_000, asked=500, updates=40
)


async def play(contenders: Sequence[Contender], rounds: int, random: Random) -> Figures:
    """Run every contender once a round, in a new order each."""
    figures: Figures = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in random.sample(contenders, len(contenders)):
            figures[contender.name].append(await contender.measure())
    return figures


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at: `least` or `most` for a contender, as a ratio to `beside` or, without one, itself.

    `reason` is told when the goal is missed.
    """

    says: str
    of: str
    beside: str | None = None
    least: float | None = None
    most: float | None = None
    reason: str = ""

    def figure(self, figures: Figures) -> float:
        """The median that is compared with the goal."""
        return median(figures[self.of]) if self.beside is None else ratio(figures, self.of, self.beside)

    def is_met(self, figures: Figures) -> bool:
        """Whether it was reached in these rounds."""
        reached = self.figure(figures)
        above = self.least is None or reached >= self.least
        return above and (self.most is None or reached <= self.most)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a table is about. `base` is the contender that the ratios of the page refer to."""

    title: str
    unit: str
    about: str  # what exactly one figure contains, for a reader who wants to repeat it
    base: str
    goals: tuple[Goal, ...] = ()
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """The outcome of one program; `profiles` by the contender that missed a goal."""

    heading: Heading
    figures: Figures
    profiles: dict[str, Profile] = field(default_factory=dict)


async def compare(heading: Heading, contenders: Sequence[Contender], rounds: int, random: Random) -> Table:
    """Measure all contenders, then look closer at each that missed a goal."""
    figures = await play(contenders, rounds, random)
    missed = {goal.of for goal in heading.goals if not goal.is_met(figures)}
    profiles = {each.name: await profiled(each.measure) for each in contenders if each.name in missed}
    return Table(heading, figures, profiles)


def ratio(figures: Figures, name: str, base: str) -> float:
    """The median over rounds of a contender's figure divided by the base's of the same round.

    Not a number when the base's figures are all zero, as those of something too small to weigh.
    """
    pairs = zip(figures[name], figures[base], strict=True)
    ratios = [mine / theirs for mine, theirs in pairs if theirs]
    return median(ratios) if ratios else nan
