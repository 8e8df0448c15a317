"""What tells that a portal cannot be reached: a line of the log, and the sign that admins are told of."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from services.bitrix24.client import Portal
from services.engine.breaker import State
from services.engine.clock import Clock
from services.engine.errors import HubError
from services.flow.excerpts import Excerpt
from services.flow.watch import Cause, Findings
from storage.records import Notice

REASON = 200  # characters of it
QUESTION = "server.time"  # changes nothing and needs no scope
PATIENCE = 10.0  # seconds for its answer: other signs wait behind this one

log = structlog.get_logger(__name__)


def log_changes(portal: Portal) -> None:
    """Have a line written whenever the portal begins to be left alone, is tried, or is used again."""

    def changed(state: State) -> None:
        details = {"domain": portal.domain, "state": state, "cause": portal.breaker.trouble}
        log.warning("portal.circuit", details=details | {"left": round(portal.breaker.left, 1)})

    portal.breaker.on_change(changed)


class PortalsAway:
    """The sign of all portals; they are looked at at once, so that one does not wait for another."""

    def __init__(self, portals: Sequence[Portal], clock: Clock, excerpt: Excerpt) -> None:
        self._signs = {portal.domain: PortalAway(portal, clock, excerpt) for portal in portals}

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """Which of them are left alone now."""
        async with asyncio.TaskGroup() as group:
            looks = [
                group.create_task(sign.look({domain: opened[domain]} if domain in opened else {}))
                for domain, sign in self._signs.items()
            ]
        return Findings([cause for look in looks for cause in look.result().causes])


class PortalAway:
    """Listens to the portal's breaker, and asks the portal itself while it is told to be away.

    So the end is noticed although nobody may need the portal just now, and whichever process looks.
    """

    def __init__(self, portal: Portal, clock: Clock, excerpt: Excerpt) -> None:
        self._portal = portal
        self._clock = clock
        self._excerpt = excerpt

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """Whether it is left alone now."""
        if not opened and self._portal.breaker.state == "closed":
            return Findings()
        try:
            async with self._clock.timeout(PATIENCE):
                await self._portal.call(QUESTION)
        except TimeoutError:
            return self._away(f"no answer in {PATIENCE:.0f} s")
        except HubError as error:
            return Findings() if error.permanent else self._away(str(error))
        return Findings()

    def _away(self, reason: str) -> Findings:
        breaker = self._portal.breaker
        again = self._clock.now() + timedelta(seconds=breaker.left)
        told = {
            "domain": self._portal.domain,
            "reason": self._excerpt(breaker.trouble or reason, REASON),
            "next": {"clock": again.isoformat()},
        }
        return Findings([Cause(self._portal.domain, params=told)])
