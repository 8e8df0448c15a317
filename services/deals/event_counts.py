"""What is counted of the calls that tell of deals."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class EventCounts:
    """The contract's counters. Domains are those of the settings, or `other`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._received = Counter(
            "webhook_received_total", "Calls of /webhook/deal, by domain.", ["domain"], registry=registry
        )
        self._processed = Counter(
            "webhook_processed_total", "Those that were taken, by answer.", ["status"], registry=registry
        )
        self._errors = Counter(
            "webhook_errors_total", "Those that were refused or failed.", ["error_type"], registry=registry
        )
        self._seconds = Histogram(
            "webhook_processing_duration_seconds",
            "How long their answers took.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=registry,
        )

    def received(self, domain: str) -> None:
        """A call came."""
        self._received.labels(domain).inc()

    def processed(self, status: str) -> None:
        """One was answered with this status."""
        self._processed.labels(status).inc()

    def refused(self, error_type: str) -> None:
        """One was not; a word of a closed list."""
        self._errors.labels(error_type).inc()

    def took(self, seconds: float) -> None:
        """So long a call was under way, whatever its end."""
        self._seconds.observe(seconds)
