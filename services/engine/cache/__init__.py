"""The in-process cache: named regions with TTL, LRU order, single-flight loads and stale answers."""

from services.engine.cache.cache import Cache
from services.engine.cache.flight import Loader, Lookup
from services.engine.cache.region import MISS, Miss, Region
from services.engine.cache.stats import CacheStats, RegionStats

__all__ = ["MISS", "Cache", "CacheStats", "Loader", "Lookup", "Miss", "Region", "RegionStats"]
