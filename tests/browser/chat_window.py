"""What tests do in the chat page's window."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from sandbox.telegram.seed import ALICE
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

MOST_TABS = 25


def bubble(page: Page, text: str) -> Locator:
    """The message with that text in the open chat."""
    return page.get_by_test_id("log").locator("article").filter(has_text=text)


async def write(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("send").click()


async def open_chat(page: Page, stand_in: StandIn, person: int = ALICE, chat: int = ALICE) -> None:
    await page.goto(stand_in.chat_page(person, chat))
    await expect(page.get_by_test_id("composer")).to_be_visible()


async def set_commands(bot: ScriptedBot, *names: str, **scope: Any) -> None:
    """Give the bot a menu of these commands; `scope` and `language_code` as setMyCommands takes them."""
    commands = [{"command": name, "description": f"What {name} does"} for name in names]
    await bot.call("setMyCommands", commands=commands, **scope)


async def choose_sticker(page: Page, file_id: str, set_name: str) -> None:
    await page.get_by_test_id("stickers").click()
    panel = page.get_by_test_id("sticker-panel")
    await panel.locator(f'[data-set="{set_name}"]').click()
    await panel.locator(f'[data-sticker="{file_id}"]').click()


async def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab (or "Shift+Tab") until the target has the focus: it is reachable, and not too far away."""
    await expect(target).to_be_attached()
    for _ in range(MOST_TABS):
        if await target.evaluate("node => node === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {target}")


async def plan_fault(page: Page, kind: str, method: str, span: str = "once") -> None:
    """Plan a failure in the open panel."""
    await page.get_by_test_id("fault-kind").select_option(kind)
    await page.get_by_test_id("fault-method").select_option(method)
    await page.get_by_test_id("fault-span").select_option(span)
    await page.get_by_test_id("fault-plan").click()


async def overflow(page: Page) -> int:
    """By how many pixels the page or its log is wider than the window."""
    script = """() => Math.max(...[document.documentElement, document.getElementById('log')]
        .map((node) => node.scrollWidth - node.clientWidth))"""
    return int(await page.evaluate(script))
