"""Whether the hub can do its work: each module registers its own check, everybody reads the same list."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.engine.clock import Clock

CHECK_TIME = 2.0  # seconds a check may take

Check = Callable[[], Awaitable[str | None]]


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


class Health:
    """The list of checks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._checks: dict[str, tuple[bool, Check]] = {}

    def register(self, name: str, check: Check, *, essential: bool = False) -> None:
        """Add a check: it returns None, or in a few words what is wrong. It must not raise."""
        self._checks[name] = (essential, check)

    async def look(self, *, essential_only: bool = False) -> list[Finding]:
        """Run the checks."""
        chosen = [
            (name, essential, check)
            for name, (essential, check) in self._checks.items()
            if essential or not essential_only
        ]
        return [Finding(name, essential, await self._run(check)) for name, essential, check in chosen]

    async def _run(self, check: Check) -> str | None:
        try:
            async with self._clock.timeout(CHECK_TIME):
                return await check()
        except TimeoutError:
            return f"no answer in {CHECK_TIME:.0f} s"


def status_of(findings: list[Finding]) -> str:
    """healthy, degraded (something outside is away) or unhealthy (an essential part is)."""
    failed = [finding for finding in findings if not finding.is_ok]
    if any(finding.essential for finding in failed):
        return "unhealthy"
    return "degraded" if failed else "healthy"
