"""GET /stats: figures for monitors and dashboards."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends

from services.engine.cache import Cache, CacheStats
from services.flow.statistics import Statistics
from web.authentication import Scope, needs


def stats_router(cache: Cache, statistics: Statistics) -> APIRouter:
    """The route, closed to those without a key."""
    router = APIRouter(tags=["operation"], dependencies=[Depends(needs(Scope.READ))])

    @router.get("/stats")
    async def stats() -> dict[str, Any]:
        """Cache figures over all regions and by region, errors by kind, and how the work stands."""
        figures = await statistics.collect()
        return cache_figures(cache.get_stats()) | {
            "errors": figures["errors"]["kinds"],
            "jobs": figures["jobs"],
            "messages": figures["messages"],
            "gallery": figures["gallery"],
            "uptime_seconds": figures["process"]["uptime_seconds"],
        }

    return router


def cache_figures(figures: CacheStats) -> dict[str, Any]:
    """The sums under the names that monitors know; the config cache comes with telephone calls."""
    return {
        "hits": figures.hits,
        "misses": figures.misses,
        "refreshes": figures.loads,
        "cache_size": figures.capacity,
        "config_hits": 0,
        "config_misses": 0,
        "config_cache_size": 0,
        "last_full_refresh": None,
        "total_requests": figures.hits + figures.misses,
        "hit_rate_percent": figures.hit_rate_percent,
        "config_hit_rate_percent": 0.0,
        "cache_entries": figures.entries,
        "config_cache_entries": 0,
        "regions": {name: asdict(region) for name, region in figures.regions.items()},
    }
