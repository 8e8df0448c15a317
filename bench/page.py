"""The page that `make bench` writes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import isnan
from statistics import median

from bench.profiling import Profile
from bench.rounds import Goal, Heading, Table, ratio

_INTRODUCTION = """# Benchmarks

Written by `make bench`; do not edit. Every contender of a table is run once in each round, in an order
drawn anew from a fixed seed. A figure is the median over rounds, with the lowest and the highest in brackets.
**×** is the median of the ratios within rounds to the table's base (marked ×1): quote the ratios, the
absolutes belong to this machine and hour. Everything runs on one uvloop event loop, as the hub does."""


def page(tables: Sequence[Table], facts: Iterable[str], on: date, minutes: float) -> str:
    """Markdown with goals first, then every table, then profiles of what fell short."""
    lines = [_INTRODUCTION, "", f"Measured on {on.isoformat()}, in {minutes:.0f} minutes:", ""]
    lines += [f"- {fact}" for fact in facts]
    lines += ["", "## Goals", "", "| goal | reached | |", "|---|---|---|"]
    for table in tables:
        lines += [_goal_row(goal, table) for goal in table.heading.goals]
    for table in tables:
        lines += _section(table)
    return "\n".join(lines) + "\n"


def verdicts(table: Table) -> list[str]:
    """One line a goal, for a terminal."""
    return [
        f"{'met    ' if table.meets(goal) else 'NOT MET'}  {goal.says}: {_reached(goal, table)}"
        for goal in table.heading.goals
    ]


def rows(table: Table) -> list[str]:
    """One line a contender, as cells of a Markdown table."""
    return [_row(name, table) for name in table.figures]


def _section(table: Table) -> Iterator[str]:
    heading = table.heading
    yield from ("", f"## {heading.title}", "", heading.about, "")
    more = "".join(f" {column} |" for column in table.columns)
    yield from (
        f"| | {heading.unit} | × |{more}",
        "|---|---:|---:|" + "---:|" * len(table.columns),
        *rows(table),
    )
    for goal in heading.goals:
        if not table.meets(goal):
            yield from (
                "",
                f"**Short of the goal:** {goal.says}; reached {_reached(goal, table)}. {goal.reason}",
            )
            yield from _profile(table.profiles.get(goal.of, {}))


def _profile(profile: Profile) -> Iterator[str]:
    if profile:
        yield from ("", "Its processor time, by thread and part:", "")
    for thread, parts in profile.items():
        if parts:
            yield f"- {thread}: " + ", ".join(f"{part} {share:.0f} %" for part, share in parts)


def _row(name: str, table: Table) -> str:
    heading, figures = table.heading, table.figures[name]
    low, high = _number(min(figures), heading), _number(max(figures), heading)
    shown = _number(median(figures), heading) + (f" [{low} – {high}]" if len(figures) > 1 else "")
    bold = "**" if name.startswith("ours") else ""
    more = "".join(f" {_counted(figures[name])} |" for figures in table.columns.values())
    return f"| {bold}{name}{bold}{_failed(name, table)} | {shown} | {_beside(name, table)} |{more}"


def _beside(name: str, table: Table) -> str:
    if name in table.failures:
        return "–"
    base = table.heading.base
    return "×1" if name == base else f"×{_short(ratio(table.figures, name, base))}"


def _failed(name: str, table: Table) -> str:
    return f": failed, {table.failures[name]}" if name in table.failures else ""


def _counted(figures: Sequence[float]) -> str:
    """The median of a column, and its range where there is one."""
    low, middle, high = (_count(pick(figures)) for pick in (min, median, max))
    return middle if low == high else f"{middle} [{low} – {high}]"


def _goal_row(goal: Goal, table: Table) -> str:
    verdict = "met" if table.meets(goal) else "**not met**"
    return f"| {goal.says} | {_reached(goal, table)} | {verdict} |"


def _reached(goal: Goal, table: Table) -> str:
    figure = table.reached(goal)
    if goal.beside:
        return f"×{_short(figure)}"
    if goal.column:
        return f"{_count(figure)} {goal.column}"
    return f"{_number(figure, table.heading)} {table.heading.unit}"


def _count(figure: float) -> str:
    """Whole where it is; a dash for what there is not."""
    if isnan(figure):
        return "–"
    return f"{figure:,.0f}" if figure == int(figure) else f"{figure:.2f}"


def _number(figure: float, heading: Heading) -> str:
    return f"{figure:,.{heading.digits}f}"


def _short(figure: float) -> str:
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"
