"""/stats and /errors: how the hub is doing, for admins."""

from telegram import Update

from bot.context import HubContext
from bot.registry import ADMIN_READS, Registry
from bot.speech import say
from services.engine.cache import Cache
from services.flow.faults import Faults
from services.flow.messages import Content, Messages, Text
from services.flow.statistics import Figures, Statistics
from services.version import VERSION
from storage.records import Fault

SHOWN = 10  # kinds of errors in one answer
SAMPLE = 200  # characters of each


class OperationHandlers:
    """What only admins get to see."""

    def __init__(self, statistics: Statistics, cache: Cache, faults: Faults, messages: Messages) -> None:
        self._statistics = statistics
        self._cache = cache
        self._faults = faults
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """Commands for admins."""
        registry.command("stats", self.on_stats, ADMIN_READS)
        registry.command("errors", self.on_errors, ADMIN_READS)

    async def on_stats(self, update: Update, context: HubContext) -> None:
        """/stats: the figures, a line a room."""
        figures = await self._statistics.collect()
        say(self._messages, update, context, Content(_stats(figures, self._cache)))

    async def on_errors(self, update: Update, context: HubContext) -> None:
        """/errors: what went wrong lately, by kind."""
        newest = await self._faults.newest(SHOWN)
        texts = (Text("errors-title"), *map(_line, newest)) if newest else (Text("errors-none"),)
        say(self._messages, update, context, Content(texts))


def _stats(figures: dict[str, Figures], cache: Cache) -> tuple[Text, ...]:
    uptime = {"seconds": int(figures["process"]["uptime_seconds"])}
    total = cache.get_stats()
    return (
        Text("stats-title", {"version": VERSION, "uptime": uptime}),
        _gallery(figures["gallery"]),
        Text(
            "stats-cache",
            {
                "hit_rate": f"{total.hit_rate_percent:.0f}",
                "requests": total.hits + total.misses,
                "entries": total.entries,
            },
        ),
        Text("stats-jobs", figures["jobs"]),
        Text("stats-messages", figures["messages"]),
        Text("stats-faults", {"count": figures["errors"]["total"]}),
    )


def _gallery(figures: Figures) -> Text:
    if figures.get("away"):
        return Text("stats-gallery-away")
    return Text("stats-gallery", {"count": figures["sets"]})


def _line(fault: Fault) -> Text:
    return Text(
        "errors-line",
        {
            "count": fault.count,
            "kind": fault.kind,
            "first": {"moment": fault.first_at.isoformat()},
            "last": {"moment": fault.last_at.isoformat()},
            "sample": fault.sample[:SAMPLE],
            "correlation_id": fault.correlation_id or "–",
        },
    )
