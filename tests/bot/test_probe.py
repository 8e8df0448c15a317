"""What the doctor asks Telegram, and what it makes of the answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest

from bot.client import Client, build_client
from bot.probe import MANY, TelegramProbe
from sandbox.telegram.state import DEMO_TOKEN
from services.engine.clock import Clock, SystemClock
from settings import load_settings
from tests.clock import HandClock
from tests.town import BORIS, Outside, new_outside

NOWHERE = "http://127.0.0.1:9/telegram/webhook"
WEBHOOK = {
    "TELEGRAM_MODE": "webhook",
    "TELEGRAM_WEBHOOK_URL": NOWHERE,
    "TELEGRAM_WEBHOOK_SECRET": "a-secret",
}


Connect = Callable[[], httpx.AsyncClient]


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with new_outside(tmp_path) as world:
        yield world


@pytest.fixture
async def client(outside: Outside) -> AsyncIterator[Client]:
    made = build_client(DEMO_TOKEN, outside.api_url)
    yield made
    await made.shutdown()


def dated(date: str) -> Connect:
    """A way out to a server whose answers carry this date."""
    headers = {"date": date} if date else {}
    wire = httpx.MockTransport(lambda _: httpx.Response(302, headers=headers))
    return lambda: httpx.AsyncClient(transport=wire)


def probe(
    client: Client,
    outside: Outside,
    clock: Clock | None = None,
    connect: Connect = httpx.AsyncClient,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> TelegramProbe:
    loaded = load_settings({"TELEGRAM_API_URL": outside.api_url, **settings}, None)
    return TelegramProbe(client, loaded.telegram, clock or SystemClock(), connect)


async def test_a_bot_is_told_by_its_name(client: Client, outside: Outside) -> None:
    (told,) = await probe(client, outside).identity()
    assert (told.level, told.what.split(";")[0]) == ("ok", f"@{(await client.get_me()).username}")


async def test_updates_that_pile_up_are_a_warning(client: Client, outside: Outside) -> None:
    for number in range(MANY):
        outside.world.send_text(BORIS, BORIS, f"{number}")
    (told,) = await probe(client, outside).updates()
    assert (told.level, told.what) == ("ok", f"by polling, {MANY} wait at Telegram")

    outside.world.send_text(BORIS, BORIS, "one more")
    (told,) = await probe(client, outside).updates()
    assert (told.level, told.what) == ("warning", f"{MANY + 1} wait at Telegram")


async def test_a_webhook_that_telegram_cannot_reach_is_told_with_its_words(
    client: Client, outside: Outside
) -> None:
    await client.set_webhook(NOWHERE)
    outside.world.send_text(BORIS, BORIS, "hello")
    async with asyncio.timeout(60):
        while not (await client.get_webhook_info()).last_error_date:
            await asyncio.sleep(0.01)

    (told,) = await probe(client, outside, settings=WEBHOOK).updates()

    assert told.level == "warning"
    assert told.what.startswith("Telegram's last call failed: ")
    assert told.what.endswith("; 1 wait there")

    tomorrow = HandClock(datetime.now(UTC) + timedelta(days=1))
    (told,) = await probe(client, outside, tomorrow, settings=WEBHOOK).updates()
    assert told.level == "ok"  # that was long ago


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, "ok"), (25, "ok"), (-25, "ok"), (60, "warning"), (-60, "warning")]
)
async def test_a_clock_that_is_not_telegrams_is_a_warning(
    client: Client, outside: Outside, seconds: int, level: str
) -> None:
    clock = HandClock()
    date = format_datetime(clock.now() - timedelta(seconds=seconds), usegmt=True)
    (told,) = await probe(client, outside, clock, dated(date)).time()
    assert told.level == level
    if level == "warning":
        assert ("ahead of" in told.what) == (seconds > 0)


@pytest.mark.parametrize("date", ["", "yesterday"])
async def test_an_answer_without_a_date_tells_nothing_of_clocks(
    client: Client, outside: Outside, date: str
) -> None:
    assert list(await probe(client, outside, HandClock(), dated(date)).time()) == []


async def test_where_nobody_answers_it_is_told_once(outside: Outside) -> None:
    away = build_client(DEMO_TOKEN, "http://127.0.0.1:9")
    settings = load_settings({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, None)
    asking = TelegramProbe(away, settings.telegram, SystemClock())
    (told,) = await asking.identity()
    assert told.level == "failed"
    assert [*await asking.updates(), *await asking.time()] == []
    await away.shutdown()
