"""Charts made of letters, for monospaced text of at most 34 columns: what a phone shows in one line."""

from collections.abc import Sequence
from datetime import datetime, timedelta

LEVELS = "▁▂▃▄▅▆▇█"
NOTHING = "·"  # nothing happened, so there is nothing to measure
LABELS_EVERY = 6  # hours


def columns(values: Sequence[float | None], top: float, *, height: int = 1) -> list[str]:
    """A column for each value, `height` lines high, the highest line first; `top` fills it."""
    steps = height * len(LEVELS)
    filled = [None if value is None else _filled(value, top, steps) for value in values]
    return ["".join(_cell(each, line) for each in filled) for line in reversed(range(height))]


def hours(begin: datetime, count: int) -> str:
    """What stands below so many hourly columns: each sixth hour by the clock of `begin`."""
    labels = [f"{begin + timedelta(hours=place):%H}" for place in range(0, count, LABELS_EVERY)]
    return "".join(label.ljust(LABELS_EVERY) for label in labels)[:count].rstrip()


def percent(value: float | None) -> str:
    """A share in five columns."""
    return ("–" if value is None else f"{value:.0f} %").rjust(5)


def _filled(value: float, top: float, steps: int) -> int:
    """How many steps of a column are filled; the first always is, so that a nought is seen."""
    return max(round(steps * min(value / top, 1)), 1) if top else 1


def _cell(filled: int | None, line: int) -> str:
    """The part of a column in one line, counted from the bottom."""
    if filled is None:
        return NOTHING if line == 0 else " "
    here = min(filled - line * len(LEVELS), len(LEVELS))
    return LEVELS[here - 1] if here > 0 else " "
