"""Tries that failed, in the log: calls that failed together are one line."""

import asyncio
from dataclasses import dataclass, field

import structlog

from services.engine.observability import current_correlation_id

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Miss:
    """The `attempt`-th try `of` so many failed, for the reason `cause`; the next follows, or none does."""

    attempt: int
    of: int
    cause: str
    is_last: bool


@dataclass(slots=True)
class _Line:
    methods: set[str] = field(default_factory=set)
    calls: int = 0
    wait: float = 0.0


class Misses:
    """Gathers what one moment brings for one piece of work, such as calls that shared a request."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str | None, Miss], _Line] = {}

    def tell(self, method: str, miss: Miss, wait: float) -> None:
        """Have it written when all who were told of the same answer have come by. `wait` in seconds."""
        key = current_correlation_id(), miss
        if key not in self._lines:
            self._lines[key] = _Line()
            asyncio.get_running_loop().call_soon(self._write, key)  # in this work's own context
        line = self._lines[key]
        line.methods.add(method)
        line.calls += 1
        line.wait = max(line.wait, wait)

    def _write(self, key: tuple[str | None, Miss]) -> None:
        line, (_, miss) = self._lines.pop(key), key
        details = {
            "method": ", ".join(sorted(line.methods)),
            "calls": line.calls,
            "attempt": miss.attempt,
            "of": miss.of,
            "cause": miss.cause,
            "wait": None if miss.is_last else line.wait,
        }
        log.warning("portal.attempt_failed", details=details)
