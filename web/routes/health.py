"""Is the hub well? For load balancers, monitors and people; nothing secret in it."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.engine.cache import Cache
from services.engine.health import Finding, Health, status_of
from services.version import VERSION


class HealthRoutes:
    """Live: the loop turns. Ready: the hub can accept. Health: everything, outside systems included."""

    def __init__(self, health: Health, cache: Cache) -> None:
        self._health = health
        self._cache = cache

    def routes(self) -> list[Route]:
        """All of them public."""
        return [
            Route("/health/live", self.live),
            Route("/health/ready", self.ready),
            Route("/api/v1/integration/health", self.health),
        ]

    async def live(self, request: Request) -> Response:
        """200 as long as anybody answers at all."""
        return _json(200, {"status": "live"})

    async def ready(self, request: Request) -> Response:
        """200 when the essential parts work; 503 else."""
        findings = await self._health.look(essential_only=True)
        well = all(finding.is_ok for finding in findings)
        return _json(200 if well else 503, {"status": "ready" if well else "not ready"} | _checks(findings))

    async def health(self, request: Request) -> Response:
        """healthy, degraded or unhealthy, with the cache's figures."""
        findings = await self._health.look()
        status = status_of(findings)
        figures = self._cache.get_stats()
        body = {
            "status": status,
            "version": VERSION,
            "cache_stats": {
                "total_entries": figures.entries,
                "categories": msgspec.to_builtins(figures.regions),
            },
        }
        return _json(503 if status == "unhealthy" else 200, body | _checks(findings))


def _checks(findings: list[Finding]) -> dict[str, Any]:
    return {"checks": {each.name: each.reason or "ok" for each in findings}}


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, "application/json")
