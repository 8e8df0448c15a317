"""/stats: how the hub is doing, for admins."""

from collections.abc import Callable
from dataclasses import dataclass

from telegram import Update

from bot import charts
from bot.context import HubContext
from bot.registry import ADMIN_READS, Registry
from bot.speech import say
from services.engine.cache import Cache, RegionStats
from services.flow.messages import Content, Messages, Text
from services.flow.statistics import Figures, Statistics
from services.flow.trends import HOURS, Day, RegionTrend, Trends
from services.version import VERSION
from storage.switches import Switch

NAME = 20  # columns of a region's name
WORD = 40  # characters of an unknown one that are repeated
HEIGHT = 4  # lines of a chart that stands by itself
CIRCUITS = {"closed": "🟢", "half_open": "🟡", "open": "🔴"}


@dataclass(frozen=True, slots=True)
class Sources:
    """The rooms that know figures. `paused()`: who paused the work, None while it goes on."""

    statistics: Statistics
    cache: Cache
    trends: Trends
    paused: Callable[[], Switch | None]


class StatisticsHandlers:
    """Draws figures with letters."""

    def __init__(self, sources: Sources, messages: Messages) -> None:
        self._sources = sources
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("stats", self.on_stats, ADMIN_READS)

    async def on_stats(self, update: Update, context: HubContext) -> None:
        """/stats, or /stats REGION for one region of the cache."""
        words = context.args or []
        content = await self._region(words[0]) if words else await self.overview()
        say(self._messages, update, context, content)

    async def overview(self) -> Content:
        """All of the hub in one message."""
        sources = self._sources
        figures, state = await sources.statistics.collect(), sources.paused()
        day = await sources.trends.day(sources.cache.get_stats().regions)
        return Content(
            (
                Text("stats-title", {"version": VERSION, "uptime": _uptime(figures)}),
                *([_paused(state)] if state else []),
                _gallery(figures["gallery"]),
                Text("stats-hits", {"chart": _regions(day)}),
                _jobs_done(day),
                Text("stats-jobs", _numbers(figures["jobs"])),
                Text("stats-messages", _numbers(figures["messages"])),
                Text("stats-faults", {"count": figures["errors"]["total"]}),
                *_circuits(sources.statistics.circuits),
            )
        )

    async def _region(self, word: str) -> Content:
        sources, regions = self._sources, self._sources.cache.get_stats().regions
        region = word.lower()
        if region not in regions:
            told = {"region": word[:WORD], "regions": ", ".join(regions)}
            return Content((Text("stats-unknown-region", told),))
        return Content(_of_region(region, regions[region], await sources.trends.day([region])))


def _uptime(figures: dict[str, Figures]) -> dict[str, int]:
    return {"seconds": int(figures["process"]["uptime_seconds"])}


def _numbers(figures: Figures) -> dict[str, object]:
    return {name: {"number": value} for name, value in figures.items()}


def _paused(state: Switch) -> Text:
    return Text("stats-paused", {"name": state.by_name, "since": {"moment": state.at.isoformat()}})


def _gallery(figures: Figures) -> Text:
    if figures.get("away"):
        return Text("stats-gallery-away")
    return Text("stats-gallery", {"count": figures["sets"]})


def _regions(day: Day) -> str:
    """Two lines a region: its name with the rates, and a day of them."""
    lines = []
    for region, trend in day.regions.items():
        rates = f"{charts.percent(trend.now.percent)}  {charts.percent(trend.day.percent)}"
        lines += [f"{region[:NAME].ljust(NAME)} {rates}", *charts.columns(_hit_rates(trend), 100)]
    return "\n".join([*lines, charts.hours(day.begin, HOURS)])


def _hit_rates(trend: RegionTrend) -> list[float | None]:
    return [rate.percent for rate in trend.hourly]


def _jobs_done(day: Day) -> Text:
    peak = max(day.jobs)
    lines = [*charts.columns(day.jobs, peak), charts.hours(day.begin, HOURS)]
    told = {"count": sum(day.jobs), "peak": {"number": peak}, "chart": "\n".join(lines)}
    return Text("stats-done", told)


def _circuits(states: dict[str, str]) -> list[Text]:
    """How outside systems are doing, when there are any."""
    shown = ", ".join(f"{CIRCUITS[state]} {system}" for system, state in states.items())
    return [Text("stats-circuits", {"systems": shown})] if shown else []


def _of_region(region: str, stats: RegionStats, day: Day) -> tuple[Text, ...]:
    trend = day.regions[region]
    asked = [rate.look_ups for rate in trend.hourly]
    below = charts.hours(day.begin, HOURS)
    rates = [*charts.columns(_hit_rates(trend), 100, height=HEIGHT), below]
    look_ups = [*charts.columns(asked, max(asked), height=HEIGHT), below]
    kept = {"entries": stats.entries, "capacity": stats.capacity}
    counted = {
        "hits": stats.hits,
        "misses": stats.misses,
        "stale": stats.stale_served,
        "loads": stats.loads,
        "failed": stats.load_errors,
        "evictions": stats.evictions,
    }
    shares = {
        "hour": charts.percent(trend.now.percent).strip(),
        "day": charts.percent(trend.day.percent).strip(),
    }
    return (
        Text("stats-region", {"region": region} | _numbers(kept)),
        Text("stats-region-counts", _numbers(counted)),
        Text("stats-region-hits", {**shares, "chart": "\n".join(rates)}),
        Text(
            "stats-region-asked",
            {"count": sum(asked), "peak": {"number": max(asked)}, "chart": "\n".join(look_ups)},
        ),
    )
