"""A region that writes each hit and miss to the log, for LOG_LEVEL=DEBUG."""

from typing import Any, TypeVar

import structlog

from services.engine.cache.flight import Loader
from services.engine.cache.region import Region

K = TypeVar("K")
V = TypeVar("V")

log = structlog.get_logger(__name__)


class TracedRegion(Region[K, V]):
    """Apart, because even a log line that is dropped costs more than the hit it tells of."""

    def get(self, key: K, default: Any = None) -> Any:
        hits = self.counters.hits
        value = super().get(key, default)
        result = "cache.hit" if self.counters.hits > hits else "cache.miss"
        log.debug(result, details={"region": self.name, "key": str(key)})
        return value

    async def get_or_load(self, key: K, loader: Loader[V]) -> V | None:
        return (await self.look_up(key, loader)).value
