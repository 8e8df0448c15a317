"""The bot's command menu, for each person in each chat."""

import pytest
from playwright.async_api import Page, expect

from sandbox.telegram.seed import ALICE, BORIS, STICKER_FANS
from tests.browser.chat_window import open_chat, set_commands
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADMINS = {"type": "all_chat_administrators"}


async def test_without_commands_there_is_no_menu(page: Page, stand_in: StandIn, bot: ScriptedBot) -> None:
    await open_chat(page, stand_in)
    await page.get_by_test_id("composer").fill("/")
    await expect(page.get_by_test_id("suggestions")).to_be_hidden()
    await expect(page.get_by_test_id("commands")).to_be_hidden()
    await set_commands(bot, "start")
    await expect(page.get_by_test_id("commands")).to_be_visible()


async def test_the_button_opens_all_commands_and_sends_one_beside_what_is_being_written(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await set_commands(bot, "start", "stats", "help")
    await open_chat(page, stand_in)
    button, rows = page.get_by_test_id("commands"), page.locator("[data-suggestion]")
    await page.get_by_test_id("composer").fill("half a sentence")
    await button.click()
    await expect(rows).to_have_count(3)
    await expect(button).to_have_attribute("aria-expanded", "true")
    await expect(rows.nth(1)).to_contain_text("What stats does")
    await button.click()
    await expect(rows).to_have_count(0)
    await expect(button).to_have_attribute("aria-expanded", "false")
    await button.click()
    await page.locator('[data-suggestion="/stats"]').click()
    assert (await bot.hears("message"))["text"] == "/stats"
    await expect(page.get_by_test_id("composer")).to_have_value("half a sentence")


async def test_typing_narrows_the_list_and_tab_completes(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await set_commands(bot, "start", "stats", "help")
    await open_chat(page, stand_in)
    await expect(page.get_by_test_id("commands")).to_be_visible()
    await page.keyboard.type("/sta")
    await expect(page.locator("[data-suggestion]")).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("composer")).to_have_value("/stats ")
    await page.keyboard.type("moscow")
    await page.keyboard.press("Enter")
    assert (await bot.hears("message"))["text"] == "/stats moscow"


async def test_each_person_sees_the_list_of_their_scope_and_language(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await set_commands(bot, "start", language_code="ru")
    await set_commands(bot, "help")
    await set_commands(bot, "pending", "audit", scope=ADMINS)
    expected = {
        (ALICE, ALICE): ["/help"],
        (BORIS, BORIS): ["/start"],
        (ALICE, STICKER_FANS): ["/pending", "/audit"],
        (BORIS, STICKER_FANS): ["/start"],
    }
    for (person, chat), names in expected.items():
        await open_chat(page, stand_in, person, chat)
        await expect(page.get_by_test_id("commands")).to_be_visible()
        await page.get_by_test_id("commands").click()
        await expect(page.locator(".suggestion-name")).to_have_text(names)
    stand_in.world.promote(STICKER_FANS, BORIS)
    await page.keyboard.press("Escape")
    await page.get_by_test_id("commands").click()
    await expect(page.locator(".suggestion-name")).to_have_text(["/pending", "/audit"])
