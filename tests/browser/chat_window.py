"""What tests do in the chat page's window."""

from playwright.async_api import Locator, Page, expect

from sandbox.telegram.seed import ALICE
from tests.browser.conftest import StandIn


def bubble(page: Page, text: str) -> Locator:
    """The message with that text in the open chat."""
    return page.get_by_test_id("log").locator("article").filter(has_text=text)


async def write(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("send").click()


async def open_chat(page: Page, stand_in: StandIn, person: int = ALICE, chat: int = ALICE) -> None:
    await page.goto(stand_in.chat_page(person, chat))
    await expect(page.get_by_test_id("composer")).to_be_visible()


async def choose_sticker(page: Page, file_id: str, set_name: str) -> None:
    await page.get_by_test_id("stickers").click()
    panel = page.get_by_test_id("sticker-panel")
    await panel.locator(f'[data-set="{set_name}"]').click()
    await panel.locator(f'[data-sticker="{file_id}"]').click()


async def overflow(page: Page) -> int:
    """By how many pixels the page or its log is wider than the window."""
    script = """() => Math.max(...[document.documentElement, document.getElementById('log')]
        .map((node) => node.scrollWidth - node.clientWidth))"""
    return int(await page.evaluate(script))
