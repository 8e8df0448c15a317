"""The question before what cannot be taken back, on a terminal."""

from typing import TextIO


def is_meant(question: str, into: TextIO, out: TextIO) -> bool:
    """Whether whoever sits there says yes. Where nobody sits, whoever called it meant it."""
    if not into.isatty():
        return True
    out.write(f"{question} [y/N] ")
    out.flush()
    return into.readline().strip().lower() in {"y", "yes"}
