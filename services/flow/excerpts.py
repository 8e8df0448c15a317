"""What may be shown of a text that a machine wrote: one line, without secrets, cut to a length."""

from collections.abc import Callable

Excerpt = Callable[[str, int], str]
"""(text, characters) → what may be shown of it."""

TRACEBACK = "Traceback (most recent call last)"
MORE = "…"


def excerpts(redact: Callable[[str], str]) -> Excerpt:
    """Excerpts whose secrets `redact` takes out: before anything is cut, for half a secret is not known."""

    def excerpt(text: str, most: int) -> str:
        line = " ".join(_told(redact(text)).split())
        return line if len(line) <= most else line[: most - 1].rstrip() + MORE

    return excerpt


def _told(text: str) -> str:
    """The first line, and of a traceback only what it ends with."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1] if TRACEBACK in lines[0] else lines[0].split(TRACEBACK)[0]
