"""GET /stats: figures for programs."""

from typing import Any

from tests.web.door import Door, assert_problem

FIELDS = [
    "hits",
    "misses",
    "refreshes",
    "cache_size",
    "config_hits",
    "config_misses",
    "config_cache_size",
    "last_full_refresh",
    "total_requests",
    "hit_rate_percent",
    "config_hit_rate_percent",
    "cache_entries",
    "config_cache_entries",
    "regions",
    "errors",
]


async def _look_up(door: Door, region: str, *keys: str) -> None:
    async def load() -> str:
        return "value"

    for key in keys:
        await door.hub.cache.regions[region].get_or_load(key, load)


async def test_the_figures_have_the_agreed_names_and_no_others(door: Door) -> None:
    response = await door.get("/stats")

    assert response.status_code == 200
    assert list(response.json()) == FIELDS


async def test_a_fresh_hub_has_counted_nothing(door: Door) -> None:
    figures = (await door.get("/stats")).json()

    del figures["regions"]
    assert figures.pop("errors") == {"total": 0, "kinds": {}}
    assert figures.pop("last_full_refresh") is None
    assert set(figures.values()) == {0}


async def test_the_figures_are_sums_over_all_regions_and_each_region_is_there(door: Door) -> None:
    door.hub.cache.region("deal", capacity=10, ttl=60, absent_ttl=60)
    await _look_up(door, "stickerset", "a", "a", "a", "b")
    await _look_up(door, "deal", "a", "b", "c", "c")
    figures = (await door.get("/stats")).json()

    assert figures["hits"] == 3
    assert figures["misses"] == 5
    assert figures["refreshes"] == 5
    assert figures["total_requests"] == 8
    assert figures["hit_rate_percent"] == 37.5
    assert figures["cache_size"] == figures["cache_entries"] == 5
    regions: dict[str, Any] = figures["regions"]
    assert {name: (region["hits"], region["entries"]) for name, region in regions.items()} == {
        "stickerset": (2, 2),
        "deal": (1, 3),
    }
    assert {name: value for name, value in figures.items() if name.startswith("config_")} == {
        "config_hits": 0,
        "config_misses": 0,
        "config_cache_size": 0,
        "config_hit_rate_percent": 0,
        "config_cache_entries": 0,
    }


async def test_errors_are_counted_by_kind(door: Door) -> None:
    for kind in ("telegram.away", "telegram.away", "gallery.unavailable"):
        await door.hub.faults.record(kind, "sample")

    errors = (await door.get("/stats")).json()["errors"]
    assert errors == {"total": 3, "kinds": {"telegram.away": 2, "gallery.unavailable": 1}}


async def test_figures_that_cannot_be_read_are_a_503_with_the_time_to_come_again(door: Door) -> None:
    door.database.away = True
    response = await door.get("/stats")

    assert_problem(response, 503)
    assert response.headers["retry-after"] == "1"
