"""Tables for a terminal."""

from collections.abc import Sequence
from typing import TextIO


def write_table(rows: Sequence[Sequence[str]], out: TextIO) -> None:
    """Rows of equal length in columns as wide as they need, two blanks apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        out.write("  ".join(cells).rstrip() + "\n")
