"""What a hub process has written to its log so far, by event."""

import json
from collections import Counter
from pathlib import Path
from typing import Any


class LogBook:
    """Read as it grows. A line that is no JSON, such as a driver's own complaint, counts as `stray`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        self.stray: list[str] = []
        self._read = 0

    def count(self, event: str) -> int:
        """How often something was logged."""
        self._catch_up()
        return sum(line["event"] == event for line in self.lines)

    def tasks(self, point: str) -> Counter[str]:
        """How often each task passed one of hub_process.py's points."""
        self._catch_up()
        return Counter(line["task"] for line in self.lines if line["event"] == f"hub_process.{point}")

    def moments(self, point: str) -> dict[str, float]:
        """When each task last passed one of hub_process.py's points, in seconds of the monotonic clock."""
        self._catch_up()
        return {line["task"]: line["at"] for line in self.lines if line["event"] == f"hub_process.{point}"}

    def events(self, *levels: str) -> Counter[str]:
        """How often what was logged, of these levels."""
        self._catch_up()
        return Counter(line["event"] for line in self.lines if line.get("level") in levels)

    def tracebacks(self) -> int:
        """How many lines carry one."""
        self._catch_up()
        return sum("exception" in line.get("details", {}) for line in self.lines)

    def _catch_up(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb") as log:
            log.seek(self._read)
            *whole, _ = log.read().split(b"\n")
        for line in whole:
            self._read += len(line) + 1
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.stray.append(line.decode(errors="replace"))
