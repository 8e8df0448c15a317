"""Measuring peers side by side: the same rounds for all, in another order each time.

A shared machine is quick one second and slow the next. So every contender runs once in each round, the
order is drawn anew, and a ratio is the median of the ratios within rounds: both sides saw the same weather.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from random import Random
from statistics import median
from typing import TypeVar

from bench.profiling import Profile, profiled

Measured = TypeVar("Measured")
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
    contacts: int = 4_000  # added to a portal
    deals: int = 5_000  # that a portal lists, and that come home
    edits: int = 6_000  # of deals, a hundred a second
    submissions: int = 20  # of poll forms
    minutes: int = 40  # of virtual time under the operating limit
    slowness: float = 1.0  # times the latencies of the portal's stand-in

    @property
    def few(self) -> int:
        """Rounds of what takes long to prepare."""
        return max(self.rounds * 2 // 3, 1)


SHORT = Scale()
LONG = Scale(rounds=31, seconds=0.3, disk_seconds=2.0, asked=1_000_000, updates=5_000, submissions=100)
TINY = Scale(
    rounds=1,
    seconds=0.001,
    disk_seconds=0.01,
    entries=200,
    many_entries=2_000,
    asked=500,
    updates=40,
    contacts=200,
    deals=250,
    edits=300,
    submissions=1,
    minutes=2,
    slowness=0.0,
)


async def play(contenders: Sequence[Contender], rounds: int, random: Random) -> Figures:
    """Run every contender once a round, in a new order each."""
    return await played({contender.name: contender.measure for contender in contenders}, rounds, random)


async def played(
    measures: Mapping[str, Callable[[], Awaitable[Measured]]], rounds: int, random: Random
) -> dict[str, list[Measured]]:
    """The same for whatever is measured, by contender."""
    measured: dict[str, list[Measured]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name in random.sample(list(measures), len(measures)):
            measured[name].append(await measures[name]())
    return measured


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at: `least` or `most` for a contender, as a ratio to `beside` or, without one, itself.

    `reason` is told when the goal is missed. `column` names one of the table's; without, its figures count.
    """

    says: str
    of: str
    beside: str | None = None
    least: float | None = None
    most: float | None = None
    reason: str = ""
    column: str = ""

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
    """The outcome of one program; `profiles` by the contender that missed a goal.

    `columns` hold what else was counted in the same runs, by its name; `failures` the error's class of each
    contender that did not come to its end.
    """

    heading: Heading
    figures: Figures
    profiles: dict[str, Profile] = field(default_factory=dict)
    columns: dict[str, Figures] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def reached(self, goal: Goal) -> float:
        """The figure that is compared with the goal."""
        return goal.figure(self._of(goal))

    def meets(self, goal: Goal) -> bool:
        """Whether the goal was reached. Not by a contender that failed."""
        return goal.of not in self.failures and goal.is_met(self._of(goal))

    def _of(self, goal: Goal) -> Figures:
        return self.columns[goal.column] if goal.column else self.figures


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a contender: its figure, what the table's columns count, and the class of what ended it."""

    figure: float
    counted: dict[str, float]
    failure: str = ""


async def compare(heading: Heading, contenders: Sequence[Contender], rounds: int, random: Random) -> Table:
    """Measure all contenders, then look closer at each that missed a goal."""
    figures = await play(contenders, rounds, random)
    missed = {goal.of for goal in heading.goals if not goal.is_met(figures)}
    profiles = {each.name: await profiled(each.measure) for each in contenders if each.name in missed}
    return Table(heading, figures, profiles)


async def compare_runs(
    heading: Heading, runs: Mapping[str, Callable[[], Awaitable[Ran]]], rounds: int, random: Random
) -> Table:
    """Measure all contenders in several ways at once."""
    measured = await played(runs, rounds, random)
    figures = {name: [ran.figure for ran in each] for name, each in measured.items()}
    names = dict.fromkeys(column for each in measured.values() for ran in each for column in ran.counted)
    columns = {
        column: {name: [ran.counted[column] for ran in each] for name, each in measured.items()}
        for column in names
    }
    failures = {name: ran.failure for name, each in measured.items() for ran in each if ran.failure}
    return Table(heading, figures, columns=columns, failures=failures)


def ratio(figures: Figures, name: str, base: str) -> float:
    """The median over rounds of a contender's figure divided by the base's of the same round.

    Not a number when the base's figures are all zero, as those of something too small to weigh.
    """
    pairs = zip(figures[name], figures[base], strict=True)
    ratios = [mine / theirs for mine, theirs in pairs if theirs]
    return median(ratios) if ratios else nan
