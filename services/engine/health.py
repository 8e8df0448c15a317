"""Whether the hub can do its work: each module registers its own check, everybody reads the same list.

A check tells what the running hub has noticed and costs next to nothing, so that open routes may ask it.
A probe asks the outside now; `doctor` runs them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.engine.clock import Clock

CHECK_TIME = 2.0  # seconds a check may take
PROBE_TIME = 10.0  # seconds a probe may take

Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a probe found: what it is in a few words, without secrets, and what to do about it.

    `offer` names what the hub itself can do about it (`Examinations.offer`).
    """

    level: Level
    what: str
    hint: str = ""
    offer: str = ""


Check = Callable[[], Awaitable[str | None]]
Probe = Callable[[], Awaitable[Sequence[Told]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result: `reason` is empty when all is well. Without an essential one nothing works."""

    name: str
    essential: bool
    reason: str | None

    @property
    def is_ok(self) -> bool:
        """Whether all is well."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class _Entry:
    essential: bool
    check: Check | None
    probe: Probe | None
    hint: str


class Health:
    """The list of checks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    def register(
        self,
        name: str,
        check: Check | None = None,
        *,
        essential: bool = False,
        probe: Probe | None = None,
        hint: str = "",
    ) -> None:
        """Add a check: it returns None, or in a few words what is wrong. It must not raise.

        `probe` asks the outside now, for `doctor`; what it raises is its finding. `hint` is what to do
        when a probe that gives no hint of its own finds something. A name registered again keeps what
        is not given anew.
        """
        known = self._entries.get(name, _Entry(False, None, None, ""))
        self._entries[name] = _Entry(
            essential or known.essential, check or known.check, probe or known.probe, hint or known.hint
        )

    async def look(self, *, essential_only: bool = False) -> list[Finding]:
        """Run the checks."""
        chosen = [
            (name, entry.essential, entry.check)
            for name, entry in self._entries.items()
            if entry.check and (entry.essential or not essential_only)
        ]
        return [Finding(name, essential, await self._run(check)) for name, essential, check in chosen]

    async def examine(self, *, limit: float = PROBE_TIME) -> list[tuple[str, Told]]:
        """Run every probe at once, each at most `limit` seconds: (name, finding), in order of registration.

        A module without a probe is asked its check when that is essential; a hub that does not serve has
        nothing else to tell.
        """
        async with asyncio.TaskGroup() as group:
            asked = {
                name: group.create_task(self._examine_one(entry, limit))
                for name, entry in self._entries.items()
                if entry.probe or entry.essential
            }
        return [(name, told) for name, task in asked.items() for told in task.result()]

    async def _run(self, check: Check) -> str | None:
        try:
            async with self._clock.timeout(CHECK_TIME):
                return await check()
        except TimeoutError:
            return f"no answer in {CHECK_TIME:.0f} s"

    async def _examine_one(self, entry: _Entry, limit: float) -> list[Told]:
        if entry.probe is None:
            reason = await self._run(entry.check) if entry.check else None
            return [Told("failed", reason, entry.hint) if reason else Told("ok", "")]
        try:
            async with self._clock.timeout(limit):
                found = await entry.probe()
        except TimeoutError:
            found = [Told("failed", f"no answer in {limit:.0f} s")]
        except Exception as error:  # noqa: BLE001 - the edge of a diagnosis: whatever breaks is its result
            found = [Told("failed", str(error) or type(error).__name__)]
        return [replace(told, hint=told.hint or ("" if told.level == "ok" else entry.hint)) for told in found]


def status_of(findings: list[Finding]) -> str:
    """healthy, degraded (something outside is away) or unhealthy (an essential part is)."""
    failed = [finding for finding in findings if not finding.is_ok]
    if any(finding.essential for finding in failed):
        return "unhealthy"
    return "degraded" if failed else "healthy"
