"""Whether the process lives, can take work, and how all it depends on is doing."""

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from starlette.requests import Request

from services.engine.cache import Cache, RegionStats
from services.engine.health import Finding, Health, status_of
from services.engine.observability import Redactor

LIVE = "/health/live"
READY = "/health/ready"
INTEGRATION = "/api/v1/integration/health"

AGAIN = "1"  # seconds: a check's answer is good for one
_ALIVE = b'{"status":"alive"}'
_CONDITIONS: dict[int | str, dict[str, Any]] = {
    503: {"description": "The same, when an essential part is not working"}
}


class CheckResult(BaseModel):
    """One check; `reason` says in a few words what is wrong."""

    name: str
    ok: bool
    essential: bool
    reason: str | None


class Readiness(BaseModel):
    """Whether work is taken: of the checks only those without which nothing works."""

    status: Literal["ready", "not ready"]
    checks: list[CheckResult]


class CacheHealth(BaseModel):
    """Entries kept, and every region's figures."""

    total_entries: int
    categories: dict[str, dict[str, int | float]]


class IntegrationHealth(BaseModel):
    """How the hub and all it talks to are doing."""

    status: Literal["healthy", "degraded", "unhealthy"]
    checks: list[CheckResult]
    cache_stats: CacheHealth


async def alive(request: Request) -> Response:
    """Whoever reads this knows that the loop turns."""
    return Response(_ALIVE, media_type="application/json")


def health_routes(health: Health, cache: Cache, redactor: Redactor) -> APIRouter:
    """The routes anybody may read; `redactor` keeps secrets out of the checks' reasons."""
    router = APIRouter(tags=["health"])

    @router.get(READY, responses=_CONDITIONS)
    async def ready(response: Response) -> Readiness:
        """Whether work is taken; outside systems do not matter for this."""
        findings = await health.look(essential_only=True)
        is_ready = status_of(findings) != "unhealthy"
        _conclude(response, is_ok=is_ready)
        return Readiness(status="ready" if is_ready else "not ready", checks=_shown(findings, redactor))

    @router.get(INTEGRATION, responses=_CONDITIONS)
    async def integration_health(response: Response) -> IntegrationHealth:
        """Every check, and the cache. `degraded`: an outside system is away and the rest works."""
        findings = await health.look()
        status = status_of(findings)
        _conclude(response, is_ok=status != "unhealthy")
        return IntegrationHealth.model_validate(
            {"status": status, "checks": _shown(findings, redactor), "cache_stats": _cache_health(cache)}
        )

    return router


def _conclude(response: Response, *, is_ok: bool) -> None:
    response.status_code = 200 if is_ok else 503
    if not is_ok:
        response.headers["Retry-After"] = AGAIN


def _shown(findings: list[Finding], redactor: Redactor) -> list[CheckResult]:
    return [
        CheckResult(
            name=finding.name,
            ok=finding.is_ok,
            essential=finding.essential,
            reason=None if finding.reason is None else redactor.text(finding.reason),
        )
        for finding in findings
    ]


def _cache_health(cache: Cache) -> CacheHealth:
    stats = cache.get_stats()
    return CacheHealth(
        total_entries=stats.entries,
        categories={name: _figures(region) for name, region in stats.regions.items()},
    )


def _figures(region: RegionStats) -> dict[str, int | float]:
    return asdict(region)
