"""What a program counted."""

from bench.rounds import Table


def counted(table: Table, column: str) -> dict[str, float]:
    """A column of one round."""
    return {name: figure for name, (figure,) in table.columns[column].items()}
