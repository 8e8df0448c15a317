"""Numbers as people type them behind a command."""

LARGEST = 2**63 - 1  # that a database's number can be


def typed_number(word: str) -> int | None:
    """The number of a row; None for a word that is none, and for one that no row can have."""
    digits = word.removeprefix("№").removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(LARGEST)):
        return None
    number = int(digits)
    return number if 0 < number <= LARGEST else None


def looks_like_number(word: str) -> bool:
    """Whether somebody meant a number, if not one that anything can have."""
    digits = word.lstrip("№#+-")
    return digits.isascii() and digits.isdigit()
