"""Figures of the caches and of errors."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.engine.cache import Cache, CacheStats, RegionStats
from services.flow.statistics import Statistics
from web.authentication import Check


class ErrorFigures(BaseModel):
    """Errors that no person waited for: all of them, and by kind."""

    total: int
    kinds: dict[str, int]


class Figures(BaseModel):
    """Sums over all regions of the cache, and each region by itself.

    The `config_*` figures are 0 until the hub keeps configurations of telephone CRMs, and
    `last_full_refresh` is null until it refreshes all of them at a time.
    """

    hits: int
    misses: int
    refreshes: int
    cache_size: int
    config_hits: int = 0
    config_misses: int = 0
    config_cache_size: int = 0
    last_full_refresh: float | None = None
    total_requests: int
    hit_rate_percent: float
    config_hit_rate_percent: float = 0.0
    cache_entries: int
    config_cache_entries: int = 0
    regions: dict[str, RegionStats]
    errors: ErrorFigures


def statistics_routes(statistics: Statistics, cache: Cache, may_read: Check) -> APIRouter:
    """The route for programs; people ask /stats in the chat."""
    router = APIRouter(tags=["statistics"], dependencies=[Depends(may_read)])

    @router.get("/stats")
    async def stats() -> Figures:
        """Figures since the start of this process; errors since they were first counted."""
        collected = await statistics.collect()
        return _figures(cache.get_stats(), ErrorFigures.model_validate(collected["errors"]))

    return router


def _figures(stats: CacheStats, errors: ErrorFigures) -> Figures:
    return Figures(
        hits=stats.hits,
        misses=stats.misses,
        refreshes=stats.loads,
        cache_size=stats.entries,
        total_requests=stats.hits + stats.misses,
        hit_rate_percent=stats.hit_rate_percent,
        cache_entries=stats.entries,
        regions=stats.regions,
        errors=errors,
    )
