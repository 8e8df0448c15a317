"""What Prometheus may read, beyond the counters: figures that are looked up when somebody asks.

Values of labels come from closed lists (regions, topics, systems), never from payloads.
"""

import asyncio
from collections.abc import Callable, Iterator

import structlog
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from services.engine.cache import Cache, RegionStats
from services.engine.clock import Clock
from services.engine.inbox import Inbox
from storage import inbox_figures
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.records import Backlog

log = structlog.get_logger(__name__)

KEEP = 1.0  # seconds that figures of the inbox are good for, however many ask
READ_TIME = 2.0  # seconds the database has for them; without them the rest is answered
CIRCUIT = {"closed": 0, "half_open": 1, "open": 2}
STATES = ("waiting", "claimed", "dead")


class Metrics:
    """Everything that GET /metrics shows, as a collection for prometheus_client's writers."""

    def __init__(
        self, registry: CollectorRegistry, database: Database, clock: Clock, cache: Cache, inbox: Inbox
    ) -> None:
        """`registry` holds the hub's counters; figures of the process join them there."""
        self._registry = registry
        self._database = database
        self._clock = clock
        self._cache = cache
        self._inbox = inbox
        self._circuits: dict[str, Callable[[], str]] = {}
        self._connections: dict[str, Callable[[], int]] = {}
        self._missed: dict[str, int] = {}
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None
        self._backlog: list[Backlog] | None = None
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

    def watch_circuit(self, system: str, state: Callable[[], str]) -> None:
        """Show a system's breaker; `state` gives closed, half_open or open."""
        self._circuits[system] = state

    def watch_connections(self, service: str, count: Callable[[], int]) -> None:
        """Show how many connections of a service are in use."""
        self._connections[service] = count

    async def refresh(self) -> None:
        """Read what memory does not hold, at most once a second. Without the database it is left out."""
        async with self._asking:
            now = self._clock.monotonic()
            if self._asked_at is None or now - self._asked_at >= KEEP:
                self._asked_at = now
                self._backlog = await self._read_backlog()

    def collect(self) -> Iterator[Metric]:
        """All families as they are now. For prometheus_client."""
        for family in self._registry.collect():
            # When a counter began is no figure of its own; Prometheus sees restarts by the value.
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family
        yield from self._of_cache()
        if self._backlog is not None:
            yield from self._of_inbox(self._backlog)
        yield self._of_circuits()
        yield self._of_connections()

    async def _read_backlog(self) -> list[Backlog] | None:
        try:
            async with self._clock.timeout(READ_TIME):
                return await self._database.read(inbox_figures.backlog)
        except (StorageUnavailable, TimeoutError) as error:
            log.warning("metrics.no_inbox_figures", details={"reason": str(error) or "no answer in time"})
            return None

    def _of_cache(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "cache_requests",
            "Look-ups in a cache region: hit, miss, or stale (an old entry, because its source failed).",
            labels=["region", "result"],
        )
        entries = GaugeMetricFamily("cache_entries", "Entries kept in a cache region.", labels=["region"])
        for name, stats in self._cache.get_stats().regions.items():
            requests.add_metric([name, "hit"], stats.hits)
            requests.add_metric([name, "miss"], self._misses(name, stats))
            requests.add_metric([name, "stale"], stats.stale_served)
            entries.add_metric([name], stats.entries)
        yield requests
        yield entries

    def _misses(self, region: str, stats: RegionStats) -> int:
        # A look-up that ends stale began as a miss: while it is under way it counts as one, and to take
        # it away again would look to Prometheus like a restart.
        missed = max(self._missed.get(region, 0), stats.misses - stats.stale_served)
        self._missed[region] = missed
        return missed

    def _of_inbox(self, backlog: list[Backlog]) -> Iterator[Metric]:
        depth = GaugeMetricFamily(
            "inbox_depth",
            "Jobs that are not done: waiting, claimed (being worked) or dead (given up).",
            labels=["topic", "state"],
        )
        oldest = GaugeMetricFamily(
            "inbox_oldest_seconds",
            "How long the oldest waiting job has been due; 0 when none is.",
            labels=["topic"],
        )
        found = {(row.topic, row.state): row for row in backlog}
        for topic in sorted({topic.name for topic in self._inbox.topics} | {row.topic for row in backlog}):
            for state in STATES:
                row = found.get((topic, state))
                depth.add_metric([topic, state], row.count if row else 0)
            oldest.add_metric([topic], self._overdue(found.get((topic, "waiting"))))
        yield depth
        yield oldest

    def _overdue(self, waiting: Backlog | None) -> float:
        if waiting is None or waiting.oldest is None:
            return 0.0
        return max((self._clock.now() - waiting.oldest).total_seconds(), 0.0)

    def _of_circuits(self) -> Metric:
        family = GaugeMetricFamily(
            "circuit_state",
            "Whether a system is called: 0 closed (yes), 1 half-open (one call tries), 2 open (left alone).",
            labels=["system"],
        )
        return _filled(family, {system: CIRCUIT[state()] for system, state in self._circuits.items()})

    def _of_connections(self) -> Metric:
        family = GaugeMetricFamily(
            "active_connections", "Connections in use, by service.", labels=["service"]
        )
        return _filled(family, {service: count() for service, count in self._connections.items()})


def _filled(family: GaugeMetricFamily, values: dict[str, int]) -> Metric:
    for label, value in values.items():
        family.add_metric([label], value)
    return family
