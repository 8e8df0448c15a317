"""The whole hub, measured and called with a stored key."""

from random import Random

import httpx
from prometheus_client.parser import text_string_to_metric_families as parsed

from services.flow.keys import USE_EVERY, KeyRegister, Scope
from tests.town import API_KEY, CHEN, UNLISTED, Outside, Town, TownClock

LABELS = ("system", "method", "region", "topic", "state", "kind", "service")


async def _scraped(town: Town, key: str = API_KEY) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order above."""
    async with httpx.AsyncClient(base_url=town.address, headers={"X-API-Key": key}) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200
    samples = [sample for family in parsed(response.text) for sample in family.samples]
    return {(one.name, *(one.labels[n] for n in LABELS if n in one.labels)): one.value for one in samples}


async def test_a_stickers_way_through_the_hub_is_measured(town: Town) -> None:
    await town.sends(CHEN, UNLISTED)

    figures = await _scraped(town)

    assert figures["telegram_updates_total", "message"] == 1
    assert figures["api_request_duration_seconds_count", "telegram", "sendMessage"] == 1
    assert figures["api_request_duration_seconds_count", "telegram", "getStickerSet"] == 1
    assert ("api_request_duration_seconds_count", "telegram", "getUpdates") not in figures
    assert figures["active_connections", "http"] == 1
    assert figures["inbox_depth", "telegram", "waiting"] == 0
    assert figures["cache_entries", "stickerset"] == 1


async def test_the_breaker_of_a_gallery_elsewhere_is_shown(outside: Outside) -> None:
    async with outside.hub(GALLERY_API_URL="http://127.0.0.1:9") as town:
        await town.rest()
        assert (await _scraped(town))["circuit_state", "gallery"] == 0


async def test_a_last_use_is_written_each_minute_and_when_the_hub_stops(
    outside: Outside, clock: TownClock
) -> None:
    last_use = "SELECT used_at FROM keys"
    async with outside.hub() as town:
        hub = town.switchboard.hub
        register = KeyRegister(hub.database, hub.clock, Random(3))
        made = await register.create("prometheus", Scope.READ, actor="test")
        await _scraped(town, made.text)
        assert await town.scalar(last_use) is None
        await clock.advance(USE_EVERY)
        first = await town.scalar(last_use)
        assert first
        await _scraped(town, made.text)
    async with outside.hub() as town:
        assert str(await town.scalar(last_use)) > str(first)
