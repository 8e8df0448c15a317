"""What a person does in the chat page: a real browser, and a bot that follows a script."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.telegram.seed import ALICE, BORIS, STICKER_FANS
from tests.browser.chat_window import bubble, choose_sticker, open_chat, set_commands, write
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADD = {"text": "Add", "callback_data": "add"}


async def test_a_text_reaches_the_bot_and_its_answer_with_a_button_arrives_live(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await write(page, "Hello bot")
    heard = await bot.hears("message")
    assert heard["text"] == "Hello bot"
    assert heard["from"]["id"] == ALICE

    link = {"text": "Open", "url": "https://example.org/set"}
    await bot.says(ALICE, "Hello Alice", ADD, link, reply_parameters={"message_id": heard["message_id"]})

    answer = bubble(page, "Hello Alice")
    await expect(answer.get_by_test_id("quote")).to_contain_text("Hello bot")
    await expect(answer.locator('button[data-button="Add"]')).to_be_visible()
    await expect(answer.locator('a[data-button="Open"]')).to_have_attribute("rel", re.compile("noopener"))
    await expect(answer.locator('a[data-button="Open"]')).to_have_attribute("target", "_blank")
    await expect(page.get_by_test_id("chat-mode")).to_have_text("polling")


async def test_a_pressed_button_waits_for_the_bots_answer_and_shows_it(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await write(page, "/start")
    await bot.says(ALICE, "Shall I?", ADD)
    button = page.locator('[data-button="Add"]')

    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    query = await bot.hears("callback_query")
    assert (query["data"], query["from"]["id"]) == ("add", ALICE)
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Added to the gallery")
    await expect(page.get_by_test_id("toast")).to_contain_text("Added to the gallery")
    await expect(button).not_to_have_attribute("aria-busy", "true")

    await button.click()
    query = await bot.hears("callback_query")
    await bot.call(
        "answerCallbackQuery", callback_query_id=query["id"], text="Once is enough", show_alert=True
    )
    await expect(page.get_by_test_id("alert-text")).to_have_text("Once is enough")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("alert")).to_be_hidden()


async def test_a_sticker_from_the_panel_is_sent_and_gets_the_bots_reaction(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    moon_dogs = stand_in.world.library.sets["moondogs"]
    sticker = moon_dogs.stickers[1].file_id
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await choose_sticker(page, sticker, moon_dogs.name)

    heard = await bot.hears("message")
    assert heard["sticker"]["set_name"] == moon_dogs.name
    sent = page.get_by_test_id("log").locator("article").last
    await expect(sent.locator(f'[data-sticker="{sticker}"] img')).to_have_js_property("complete", True)
    assert await sent.locator("img").evaluate("image => image.naturalWidth > 0")

    seen = [{"type": "emoji", "emoji": "👀"}]
    place = {"chat_id": STICKER_FANS, "message_id": heard["message_id"]}
    await bot.call("setMessageReaction", **place, reaction=seen)
    await expect(sent.locator('[data-reaction="👀"][data-by-bot]')).to_contain_text("1")
    await bot.call("setMessageReaction", **place, reaction=[])
    await expect(sent.locator("[data-reaction]")).to_have_count(0)


async def test_a_sets_link_put_in_from_the_panel_is_sent_and_leads_back_to_the_set(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await page.get_by_test_id("composer").fill("Look:")
    await page.get_by_test_id("stickers").click()
    await page.locator('[data-set="MoonDogs"]').click()
    await page.get_by_test_id("insert-link").click()
    await page.keyboard.press("Enter")

    heard = await bot.hears("message")
    assert heard["text"] == "Look: https://t.me/addstickers/MoonDogs"
    assert heard["entities"] == [{"offset": 6, "length": 33, "type": "url"}]
    await bubble(page, "Look:").get_by_role("link").click()
    await expect(page.get_by_test_id("set-title")).to_have_text("Moon Dogs")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("sticker-panel")).to_be_hidden()


async def test_a_reaction_is_put_changed_and_taken_away(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await write(page, "/start")
    await bot.says(ALICE, "React to me")
    message = bubble(page, "React to me")
    picker = page.get_by_test_id("reaction-picker")

    await message.hover()
    await message.get_by_test_id("react").click()
    await picker.locator('[data-reaction="👍"]').first.click()
    await expect(message.locator('[data-reaction="👍"]')).to_have_attribute("aria-pressed", "true")
    assert (await bot.hears("message_reaction"))["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]

    await message.get_by_test_id("react").click()
    await page.get_by_test_id("all-reactions").click()
    await picker.locator('#all-reactions [data-reaction="🤝"]').click()
    await expect(message.locator("[data-reaction]")).to_have_text(re.compile("🤝"))
    assert (await bot.hears("message_reaction"))["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]

    await message.locator('[data-reaction="🤝"]').click()
    await expect(message.locator("[data-reaction]")).to_have_count(0)
    assert (await bot.hears("message_reaction"))["new_reaction"] == []


async def test_an_own_message_is_edited_and_deleted(page: Page, stand_in: StandIn, bot: ScriptedBot) -> None:
    await open_chat(page, stand_in)
    await write(page, "First words")
    await expect(bubble(page, "First words")).to_be_visible()
    await page.get_by_test_id("composer").press("ArrowUp")
    await expect(page.get_by_test_id("composer")).to_have_value("First words")
    await write(page, "Better words")
    assert (await bot.hears("edited_message"))["text"] == "Better words"
    message = bubble(page, "Better words")
    await expect(message.locator(".edited")).to_be_visible()

    await message.click(button="right")
    await page.get_by_test_id("message-menu").locator('[data-action="delete"]').click()
    await expect(message).to_have_count(0)
    assert next(iter(stand_in.world.chat(ALICE).messages.values())).deleted


async def test_a_reply_quotes_and_its_quote_leads_to_the_original(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    for number in range(40):
        stand_in.world.send_text(STICKER_FANS, BORIS, f"Message {number:02}")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await expect(bubble(page, "Message 39")).to_be_in_viewport()
    original = bubble(page, "Message 00").first
    await original.hover()
    await page.get_by_test_id("reply").click()
    await write(page, "I agree")
    reply = bubble(page, "I agree")
    await expect(reply).to_be_in_viewport()
    await reply.get_by_test_id("quote").click()
    await expect(original).to_be_focused()
    await expect(original).to_be_in_viewport()
    await page.get_by_test_id("to-bottom").click()
    await expect(reply).to_be_in_viewport()


async def test_the_keyboard_alone_sends_a_command_and_reacts(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await set_commands(bot, "start", "help")
    await open_chat(page, stand_in)
    await expect(page.get_by_test_id("commands")).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type("/")
    await expect(page.get_by_test_id("suggestions")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    assert (await bot.hears("message"))["text"] == "/help"
    await page.keyboard.type("two")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("lines")
    await page.keyboard.press("Enter")
    assert (await bot.hears("message"))["text"] == "two\nlines"

    await expect(bubble(page, "lines")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    await expect(bubble(page, "lines")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message-menu").locator('[data-action="reply"]')).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await expect(bubble(page, "/help").locator('[data-reaction="👍"]')).to_be_visible()
    await expect(bubble(page, "/help")).to_be_focused()


async def test_a_long_press_opens_the_menu_of_a_message_and_presses_nothing(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await write(page, "/start")
    await bot.says(ALICE, "Hold me", ADD)
    message, button = bubble(page, "Hold me"), page.locator('[data-button="Add"]')
    await expect(button).to_be_visible()
    box = await button.bounding_box()
    assert box is not None
    fingers = await page.context.new_cdp_session(page)
    touch = {"x": box["x"] + 20, "y": box["y"] + 20}
    await fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [touch]})
    await expect(message).to_have_class(re.compile(r"\bheld\b"))
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    await page.get_by_test_id("message-menu").locator('[data-reaction="👀"]').click()
    await expect(message.locator('[data-reaction="👀"]')).to_be_visible()
    assert (await bot.hears("message_reaction"))["user"]["id"] == ALICE
    await expect(button).not_to_have_attribute("aria-busy", "true")


async def test_a_text_that_could_not_be_sent_stays_in_the_field(page: Page, stand_in: StandIn) -> None:
    await open_chat(page, stand_in)
    stand_in.world.block(ALICE)
    await write(page, "Do not lose me")
    await expect(page.get_by_test_id("toast")).to_contain_text("Not sent")
    await expect(page.get_by_test_id("composer")).to_have_value("Do not lose me")
