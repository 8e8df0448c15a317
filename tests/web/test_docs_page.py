"""The page about the routes, in a real browser."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from services.engine.clock import SystemClock
from services.engine.supervisor import Supervisor
from tests.web.door import KEY, Door, a_set, open_door
from tests.web.test_documentation import OPERATIONS
from web.server import WebServer

PATIENCE_MS = 15_000  # a busy machine is slow, not wrong


def _chromium() -> str:
    found = shutil.which("chromium")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("no chromium on PATH")
    if found is None:
        pytest.skip("no chromium on PATH")
    return found


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[tuple[Door, str]]:
    """The door on a free port, and its address."""
    supervisor = Supervisor(SystemClock())
    async with open_door(tmp_path) as door:
        server = WebServer(door.app, door.settings.http, supervisor)
        await server.start()
        yield door, server.address
        await server.stop(1.0)
        await supervisor.stop(1.0)


@pytest.fixture
async def page(listening: tuple[Door, str]) -> AsyncIterator[Page]:
    """The page, opened. A fault of its scripts, or a call to anywhere else, fails the test."""
    _, address = listening
    faults: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        tab = await chromium.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
        tab.on(
            "request",
            lambda sent: None if sent.url.startswith((f"{address}/", "data:,")) else faults.append(sent.url),
        )
        await tab.goto(f"{address}/docs")
        yield tab
        await chromium.close()
    assert faults == []


async def _open_list(page: Page, key: str) -> None:
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Show the list").click()


async def test_with_a_key_the_page_lists_every_operation(page: Page) -> None:
    await _open_list(page, KEY)

    await expect(page.locator("summary")).to_have_count(len(OPERATIONS), timeout=PATIENCE_MS)
    await expect(page.locator("#status")).to_contain_text(f"{len(OPERATIONS)} operations")
    await expect(page.locator("summary", has_text="/webhook/gallery")).to_contain_text("POST")


async def test_with_a_wrong_key_the_page_says_so_and_lists_nothing(page: Page) -> None:
    await _open_list(page, "wrong")

    await expect(page.locator("#status")).to_have_text("This key is not known.", timeout=PATIENCE_MS)
    await expect(page.locator("summary")).to_have_count(0)


async def test_an_operation_can_be_tried_and_its_answer_is_text_never_markup(
    page: Page, listening: tuple[Door, str]
) -> None:
    door, _ = listening
    await door.list_sets(a_set("Cats", "<img src=x onerror=alert(1)>"), a_set("Dogs", "Псы"))
    await _open_list(page, KEY)
    operation = page.locator("details", has_text="List Sticker Sets")
    await operation.locator("summary").click()
    await operation.get_by_label("q").fill("IMG")
    await operation.get_by_role("button", name="Send").click()

    answer = operation.locator("pre")
    await expect(answer).to_contain_text("<img src=x onerror=alert(1)>", timeout=PATIENCE_MS)
    await expect(answer).to_contain_text('"total": 1')
    assert await page.locator("img").count() == 0


async def test_the_webhook_is_explained_and_not_offered_for_a_try(page: Page) -> None:
    await _open_list(page, KEY)
    operation = page.locator("details", has_text="/telegram/webhook")
    await operation.locator("summary").click()

    await expect(operation).to_contain_text("For the sender alone", timeout=PATIENCE_MS)
    await expect(operation.get_by_role("button")).to_have_count(0)


async def test_the_page_works_by_keyboard_alone(page: Page) -> None:
    await page.keyboard.press("Tab")
    await page.keyboard.type(KEY)
    await page.keyboard.press("Enter")
    await expect(page.locator("summary")).to_have_count(len(OPERATIONS), timeout=PATIENCE_MS)
    await page.locator("summary", has_text="/stats").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(page.locator("details", has_text="/stats").locator("pre")).to_contain_text(
        "last_full_refresh", timeout=PATIENCE_MS
    )
