"""What may be shown of a text that a machine wrote: one line, without secrets, cut to a length."""

import re
from collections.abc import Callable

Excerpt = Callable[[str, int], str]
"""(text, characters) → what may be shown of it."""

TRACEBACK = "Traceback (most recent call last)"
MORE = "…"
_ERROR = re.compile(r"[A-Za-z_][\w.]*: .*")  # how the last line begins; a line of source is indented
_PLACE = re.compile(r"[\s|]*File \"")  # what a traceback goes on with


def excerpts(redact: Callable[[str], str]) -> Excerpt:
    """Excerpts whose secrets `redact` takes out: before anything is cut, for half a secret is not known."""

    def excerpt(text: str, most: int) -> str:
        line = " ".join(_told(redact(text)).split())
        return line if len(line) <= most else line[: most - 1].rstrip() + MORE

    return excerpt


def _told(text: str) -> str:
    """The first line; of a traceback only what it ends with, and nothing when that was cut away."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or _PLACE.match(lines[0]):
        return ""
    if TRACEBACK in lines[0]:
        return lines[-1] if _ERROR.fullmatch(lines[-1]) and TRACEBACK not in lines[-1] else ""
    return lines[0]
