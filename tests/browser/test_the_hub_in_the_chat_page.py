"""The whole of it as a person sees it: the hub answers in the chat page. Also takes docs' screenshots."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from commands.assembly import running
from sandbox.telegram.seed import ALICE, BORIS, STICKER_FANS
from services.engine.clock import SystemClock
from tests.browser.chat_window import bubble, choose_sticker, open_chat, overflow, write
from tests.browser.conftest import StandIn
from tests.town import settings_for

DOCS = Path(__file__).parents[2] / "docs"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def hub(stand_in: StandIn, tmp_path: Path) -> AsyncIterator[None]:
    """A hub at work for the stand-in."""
    settings = settings_for(stand_in.world, f"{stand_in.address}/telegram", tmp_path)
    async with running(settings, clock=SystemClock(), random=Random(1)):
        yield


async def test_a_sticker_is_proposed_added_by_a_press_and_recognised_from_then_on(
    page: Page, stand_in: StandIn, hub: None
) -> None:
    await open_chat(page, stand_in)
    await _send(page, stand_in, "MoonDogs")
    await page.locator("[data-button='➕ Add']").click()
    await expect(page.locator("[data-button='Open the set']")).to_be_visible()
    await expect(page.get_by_test_id("toast")).to_contain_text("Added to the gallery")
    await expect(page.locator("[data-button='➕ Add']")).to_have_count(0)
    await expect(page.locator("[data-reaction='👍'][data-by-bot]")).to_be_visible()
    await _send(page, stand_in, "MoonDogs")
    await expect(bubble(page, "In the gallery since").last).to_be_visible()


async def test_each_person_is_spoken_to_in_their_language_and_only_the_admin_sees_stats(
    page: Page, stand_in: StandIn, hub: None
) -> None:
    await open_chat(page, stand_in)
    await write(page, "/stats")
    await expect(bubble(page, "Jobs:")).to_be_visible()
    await page.goto("about:blank")
    await open_chat(page, stand_in, BORIS, BORIS)
    await _press_start(page)
    await write(page, "/stats")
    await expect(bubble(page, "только администраторы")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=lambda size: str(size["width"]))
async def test_a_group_gets_a_quiet_answer_at_both_widths(
    window: BrowserContext, page: Page, stand_in: StandIn, hub: None, size: dict[str, int], tmp_path: Path
) -> None:
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await _send(page, stand_in, "MoonDogs")
    await page.locator("[data-button='➕ Add']").click()
    await expect(page.locator("[data-reaction='👍'][data-by-bot]")).to_be_visible()
    await _send(page, stand_in, "MoonDogs", number=1)
    await expect(page.locator("[data-reaction='👌'][data-by-bot]")).to_be_visible()
    await _send(page, stand_in, "PricklyFriends")
    await expect(page.locator("[data-button='➕ Add']")).to_be_visible()
    assert await overflow(page) <= 0
    await expect(page.get_by_test_id("toast")).to_have_count(0)
    # `make screenshots` keeps them; any other run only shows that they can be taken.
    folder = DOCS if os.environ.get("SCREENSHOTS") else tmp_path
    await page.screenshot(path=folder / f"chat-{size['width']}.png")


async def _send(page: Page, stand_in: StandIn, name: str, number: int = 0) -> None:
    known = stand_in.world.library.find(name)
    assert known is not None
    await choose_sticker(page, known.stickers[number].file_id, known.name)


async def _press_start(page: Page) -> None:
    start = page.get_by_test_id("start")
    if await start.is_visible():
        await start.click()
