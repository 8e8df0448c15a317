"""/stats and /errors: how the hub is doing, for admins."""

from telegram import Update
from telegram.ext import CommandHandler

from bot.application import HubApplication
from bot.context import HubContext, asker_of
from bot.speech import FRESH, say
from services.engine.cache import Cache
from services.engine.errors import NotAllowed
from services.flow.faults import Faults
from services.flow.messages import Content, Messages, Text
from services.flow.people import People
from services.flow.statistics import Figures, Statistics
from services.version import VERSION
from storage.records import Fault

SHOWN = 10  # kinds of errors in one answer
SAMPLE = 200  # characters of each


class OperationHandlers:
    """What only admins get to see."""

    def __init__(
        self, people: People, statistics: Statistics, cache: Cache, faults: Faults, messages: Messages
    ) -> None:
        self._people = people
        self._statistics = statistics
        self._cache = cache
        self._faults = faults
        self._messages = messages

    def register(self, application: HubApplication) -> None:
        """Commands for admins."""
        application.add_handler(CommandHandler("stats", self.on_stats, filters=FRESH))
        application.add_handler(CommandHandler("errors", self.on_errors, filters=FRESH))

    async def on_stats(self, update: Update, context: HubContext) -> None:
        """/stats: the figures, a line a room."""
        self._assert_admin(update)
        figures = await self._statistics.collect()
        say(self._messages, update, context, Content(_stats(figures, self._cache)))

    async def on_errors(self, update: Update, context: HubContext) -> None:
        """/errors: what went wrong lately, by kind."""
        self._assert_admin(update)
        newest = await self._faults.newest(SHOWN)
        texts = (Text("errors-title"), *map(_line, newest)) if newest else (Text("errors-none"),)
        say(self._messages, update, context, Content(texts))

    def _assert_admin(self, update: Update) -> None:
        if not self._people.is_admin(asker_of(update).user_id):
            raise NotAllowed("admins only")


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
