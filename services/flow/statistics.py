"""Figures of how the hub is doing; each room tells its own."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from services.engine.clock import Clock
from storage import faults, inbox_figures, messages
from storage.database import Database, Transaction

Figures = dict[str, Any]


class Statistics:
    """Collects the figures for /stats in the chat and on the web."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._started = clock.now()
        self._rooms: dict[str, Callable[[], Awaitable[Figures]]] = {}
        self._circuits: dict[str, Callable[[], str]] = {}

    @property
    def started(self) -> datetime:
        """When this process began."""
        return self._started

    def register(self, room: str, figures: Callable[[], Awaitable[Figures]]) -> None:
        """Add a room's own figures."""
        self._rooms[room] = figures

    def watch_circuit(self, system: str, state: Callable[[], str]) -> None:
        """Show a system's breaker; `state` gives closed, half_open or open."""
        self._circuits[system] = state

    @property
    def circuits(self) -> dict[str, str]:
        """How the breaker of each outside system stands."""
        return {system: state() for system, state in self._circuits.items()}

    async def collect(self) -> dict[str, Figures]:
        """All figures by room: jobs, messages and errors first, then those registered."""
        collected = await self._database.read(_own)
        for room, figures in self._rooms.items():
            collected[room] = await figures()
        collected["process"] = {"uptime_seconds": (self._clock.now() - self._started).total_seconds()}
        return collected


def _own(tx: Transaction) -> dict[str, Figures]:
    by_state: Figures = {"waiting": 0, "claimed": 0, "dead": 0}
    for each in inbox_figures.backlog(tx):
        by_state[each.state] += each.count
    waiting = {"waiting": 0, "sending": 0, "failed": 0, "unknown": 0} | messages.counts(tx)
    return {
        "jobs": by_state,
        "messages": waiting | {"repeated": messages.doubled(tx)},
        "errors": {"total": faults.total(tx), "kinds": faults.totals(tx)},
    }
