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
from tests.browser.chat_window import bubble, choose_sticker, open_chat, overflow, tab_to, write
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


async def test_the_keyboard_alone_adds_a_set_reacts_and_sees_the_hub_through_a_429(
    page: Page, stand_in: StandIn, hub: None
) -> None:
    await open_chat(page, stand_in, BORIS, BORIS)
    await tab_to(page, page.get_by_test_id("person-switcher"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(f'[data-person="{BORIS}"]')).to_be_focused()
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await expect(page.locator(f'[data-person="{ALICE}"]')).to_have_attribute("aria-checked", "true")
    await expect(page.get_by_test_id("person-switcher")).to_be_focused()
    await tab_to(page, page.locator(f'[data-chat="{ALICE}"]'))
    await page.keyboard.press("Enter")

    await tab_to(page, page.get_by_test_id("stickers"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator('[data-set="MoonDogs"]')).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    add = page.locator("[data-button='➕ Add']")
    await tab_to(page, add, "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-button='Open the set']")).to_be_visible()

    await expect(
        bubble(page, "was added by")
    ).to_be_focused()  # the pressed button is gone, its message is not
    await page.keyboard.press("ArrowDown")
    answer = page.get_by_test_id("log").locator("article", has=page.locator("[data-button='Open the set']"))
    await expect(answer).to_be_focused()
    for key in ("Enter", "ArrowUp", "Enter"):
        await page.keyboard.press(key)
    await expect(answer.locator('[data-reaction="👍"][aria-pressed="true"]')).to_be_visible()

    await tab_to(page, page.get_by_test_id("faults"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_test_id("fault-kind-extra"))
    await page.keyboard.type("1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("fault-list")).to_contain_text("429: too many requests, 1 s to wait")
    await tab_to(page, page.get_by_test_id("composer"), "Shift+Tab")
    await page.keyboard.type("/version")
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-call="sendMessage"][data-outcome="failed"]')).to_contain_text("429")
    await expect(page.locator('[data-call="sendMessage"]').first).to_have_attribute("data-outcome", "done")
    await expect(bubble(page, "Switchboard").last).to_be_visible()
    await tab_to(page, page.get_by_test_id("faults-close"))
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("fault-panel")).to_be_hidden()
    await expect(page.get_by_test_id("faults")).to_be_focused()


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
    await page.mouse.move(0, 0)  # a message under the pointer shows its tools
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
