"""`version`: which Switchboard this is."""

from typing import TextIO

from services.version import VERSION


def version(out: TextIO) -> int:
    """Write name and version; the exit code is always 0."""
    out.write(f"switchboard {VERSION}\n")
    return 0
