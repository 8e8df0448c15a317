"""Whether it lives, takes work, and how all it depends on is doing."""

from typing import Any

import pytest

from tests.web.door import KEY, Door

LIVE, READY, INTEGRATION = "/health/live", "/health/ready", "/api/v1/integration/health"


def _lose_telegram(door: Door, reason: str = "Telegram does not answer") -> None:
    async def check() -> str | None:
        return reason

    door.hub.health.register("telegram", check)


@pytest.mark.parametrize("address", [LIVE, READY, INTEGRATION])
async def test_a_sound_hub_answers_everybody_200_in_json_that_nobody_stores(door: Door, address: str) -> None:
    response = await door.caller.get(address)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"


async def test_a_process_whose_database_is_away_lives_and_is_not_ready(door: Door) -> None:
    door.database.away = True

    assert (await door.caller.get(LIVE)).status_code == 200
    response = await door.caller.get(READY)
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "checks": [{"name": "database", "ok": False, "essential": True, "reason": "away"}],
    }


async def test_readiness_does_not_depend_on_telegram(door: Door) -> None:
    asked: list[str] = []

    async def check() -> str | None:
        asked.append("telegram")
        return "away"

    door.hub.health.register("telegram", check)
    response = await door.caller.get(READY)

    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert asked == []


async def test_without_telegram_the_hub_is_degraded_and_says_why(door: Door) -> None:
    _lose_telegram(door)
    response = await door.caller.get(INTEGRATION)

    assert response.status_code == 200
    document = response.json()
    assert document["status"] == "degraded"
    assert document["checks"] == [
        {"name": "database", "ok": True, "essential": True, "reason": None},
        {"name": "work", "ok": True, "essential": False, "reason": None},
        {"name": "approvals", "ok": True, "essential": False, "reason": None},
        {"name": "backup", "ok": True, "essential": False, "reason": None},
        {"name": "telegram", "ok": False, "essential": False, "reason": "Telegram does not answer"},
    ]


async def test_without_its_database_the_hub_is_unhealthy(door: Door) -> None:
    door.database.away = True
    response = await door.caller.get(INTEGRATION)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json()["status"] == "unhealthy"
    assert response.headers["content-type"] == "application/json"


async def test_the_integration_health_counts_cache_entries_by_region(door: Door) -> None:
    region: Any = door.hub.cache.regions["stickerset"]
    region.set("moondogs", None)
    region.get("moondogs")
    stats = (await door.caller.get(INTEGRATION)).json()["cache_stats"]

    assert stats["total_entries"] == 1
    assert list(stats["categories"]) == ["stickerset"]
    assert stats["categories"]["stickerset"]["entries"] == 1
    assert stats["categories"]["stickerset"]["hits"] == 1


async def test_no_secret_gets_out_in_a_checks_reason(door: Door) -> None:
    token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
    _lose_telegram(door, f"POST https://api.telegram.org/bot{token}/getMe failed, key {KEY}")
    response = await door.caller.get(INTEGRATION)

    assert "getMe failed" in response.text
    assert token not in response.text
    assert KEY not in response.text


@pytest.mark.parametrize("address", [LIVE, READY, INTEGRATION])
async def test_head_is_get_without_the_body(door: Door, address: str) -> None:
    full, head = await door.caller.get(address), await door.caller.head(address)

    assert head.status_code == full.status_code
    assert head.content == b""
    assert head.headers["content-length"] == full.headers["content-length"]
