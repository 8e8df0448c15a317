"""What the chat page shows, to whom, and in which window."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.people import Person
from sandbox.telegram.seed import ALICE, BORIS, DESIGN_LAB, STICKER_FANS
from tests.browser.chat_window import bubble, open_chat, overflow, write
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

BARS = [("Moscow", 19), ("Kazan", 7), ("Perm", 0)]
# How many lines a table takes: more than it has when they break.
LINES = """table => {
    const [code] = table.children;
    return Math.round(code.getBoundingClientRect().height / parseFloat(getComputedStyle(code).lineHeight));
}"""
MARKUP = "<b>Cats & Co</b><img src=x onerror=alert(1)>"


async def test_only_the_reactions_that_a_group_permits_are_offered(page: Page, stand_in: StandIn) -> None:
    few = stand_in.world.add_group("Few", [ALICE, BORIS], available_reactions=["👍", "🔥"])
    none = stand_in.world.add_group("None", [ALICE, BORIS], available_reactions=[])
    for group in (few, none):
        stand_in.world.send_text(group.id, BORIS, "Choose")
    picker = page.get_by_test_id("reaction-picker")
    for group, offered in ((few, 2), (none, 0)):
        await open_chat(page, stand_in, ALICE, group.id)
        await bubble(page, "Choose").hover()
        await page.get_by_test_id("react").click()
        await expect(picker.locator(".quick-row [data-reaction]")).to_have_count(offered)
        await page.keyboard.press("Escape")
    await expect(picker).to_be_hidden()


async def test_another_person_sees_the_same_group_from_the_other_side(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await write(page, "From Alice")
    await expect(bubble(page, "From Alice")).to_have_class(re.compile(r"\bown\b"))

    await page.get_by_test_id("person-switcher").click()
    await page.locator(f'[data-person="{BORIS}"]').click()
    await expect(page).to_have_url(re.compile(f"as={BORIS}&chat={STICKER_FANS}$"))
    await expect(bubble(page, "From Alice")).to_have_class(re.compile(r"\bincoming\b"))
    await expect(bubble(page, "From Alice")).to_contain_text("Alice Example")
    await write(page, "From Boris")
    assert [(await bot.hears("message"))["from"]["id"] for _ in range(2)] == [ALICE, BORIS]

    await page.locator(f'[data-chat="{BORIS}"]').click()
    await page.get_by_test_id("start").click()
    private = await bot.hears("message")
    assert (private["chat"]["id"], private["text"]) == (BORIS, "/start")


async def test_unread_messages_of_a_closed_chat_are_counted_until_it_is_opened(
    page: Page, stand_in: StandIn
) -> None:
    await open_chat(page, stand_in)
    stand_in.world.send_text(STICKER_FANS, BORIS, "One")
    stand_in.world.send_text(STICKER_FANS, BORIS, "Two")
    row = page.locator(f'[data-chat="{STICKER_FANS}"]')
    await expect(row.get_by_test_id("unread")).to_contain_text("2")
    await expect(page).to_have_title(re.compile(r"^\(2\) "))
    await row.click()
    await expect(bubble(page, "Two")).to_be_visible()
    await expect(row.get_by_test_id("unread")).to_have_count(0)


async def test_a_message_goes_to_the_topic_that_is_open(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    topic = stand_in.world.add_topic(DESIGN_LAB, "Rockets", told=False)
    await open_chat(page, stand_in, ALICE, DESIGN_LAB)
    await write(page, "To everybody")
    await page.locator(f'[data-topic="{topic.id}"]').click()
    await expect(bubble(page, "To everybody")).to_have_count(0)
    await write(page, "To the topic")
    await expect(bubble(page, "To the topic")).to_be_visible()
    general, in_topic = await bot.hears("message"), await bot.hears("message")
    assert "message_thread_id" not in general
    assert (in_topic["message_thread_id"], in_topic["text"]) == (topic.id, "To the topic")


async def test_markup_in_titles_names_and_texts_is_shown_literally(page: Page, stand_in: StandIn) -> None:
    markup = stand_in.world.add_person(
        Person(500100299, MARKUP, username="markup_example", language_code="en")
    )
    group = stand_in.world.add_group(MARKUP, [ALICE, markup.id])
    stand_in.world.add_set("Markup_by_example", MARKUP, count=1)
    stand_in.world.send_text(group.id, markup.id, f"Text {MARKUP}")
    await open_chat(page, stand_in, ALICE, group.id)
    await page.get_by_test_id("stickers").click()
    await page.locator('[data-set="Markup_by_example"]').click()

    await expect(page.get_by_test_id("chat-title")).to_have_text(MARKUP)
    await expect(page.get_by_test_id("set-title")).to_have_text(MARKUP)
    await expect(page.locator(f'[data-chat="{group.id}"]')).to_contain_text(MARKUP)
    await expect(bubble(page, "Text").locator(".sender-name")).to_have_text(MARKUP)
    await expect(bubble(page, "Text").locator(".text")).to_have_text(f"Text {MARKUP}")
    await expect(page.locator("b, [onerror]")).to_have_count(0)


async def test_entities_are_drawn_and_a_command_in_a_text_can_be_pressed(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await write(page, "/start")
    await bot.hears("message")
    text = "🎈 <b>bold <i>both</i></b> <code>a &lt; b</code> <a href='https://example.org/'>link</a> /help"
    await bot.says(ALICE, text, parse_mode="HTML")
    answer = bubble(page, "bold")
    await expect(answer.locator("strong")).to_have_text("bold both")
    await expect(answer.locator("strong em")).to_have_text("both")
    await expect(answer.locator("code")).to_have_text("a < b")
    await expect(answer.get_by_role("link", name="link")).to_have_attribute("href", "https://example.org/")
    await answer.locator('[data-command="/help"]').click()
    assert (await bot.hears("message"))["text"] == "/help"


async def test_at_390_px_one_pane_shows_at_a_time_and_nothing_scrolls_sideways(
    page: Page, stand_in: StandIn
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    long = "W" * 300 + " https://example.org/" + "a" * 200
    stand_in.world.send_text(STICKER_FANS, BORIS, long)
    await page.goto(stand_in.chat_page())
    row = page.locator(f'[data-chat="{STICKER_FANS}"]')
    await expect(row).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_be_hidden()
    assert await overflow(page) == 0

    await row.click()
    await expect(row).to_be_hidden()
    await expect(bubble(page, "W")).to_be_visible()
    await page.get_by_test_id("stickers").click()
    await expect(page.get_by_test_id("sticker-panel")).to_be_in_viewport(ratio=1)
    await expect(page.get_by_test_id("composer")).to_be_in_viewport(ratio=1)
    assert await overflow(page) == 0
    for name in ("send", "stickers", "back"):
        box = await page.get_by_test_id(name).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44

    await page.get_by_test_id("back").click()
    await expect(row).to_be_visible()


async def test_the_header_tells_how_the_bot_gets_its_updates(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await expect(page.get_by_test_id("chat-mode")).to_have_text("polling")
    await bot.call("setWebhook", url="http://127.0.0.1:9/hook")
    await expect(page.get_by_test_id("chat-mode")).to_have_text("webhook")
    await bot.call("deleteWebhook")
    await expect(page.get_by_test_id("chat-mode")).not_to_have_text("webhook")


async def test_a_lost_connection_is_shown_and_the_page_recovers_by_itself(
    page: Page, stand_in: StandIn
) -> None:
    async with serving(build_sandbox(SystemClock())) as address:
        await page.goto(f"{address}/telegram/")
        await expect(page.locator("body")).to_have_attribute("data-status", "online")
    await expect(page.get_by_test_id("connection")).to_contain_text("reconnecting")

    app = build_sandbox(SystemClock())
    world = app.state.telegram.world
    world.send_text(ALICE, ALICE, "Written while you were away")
    async with serving(app, port=int(address.rsplit(":", 1)[1])):
        await expect(bubble(page, "Written while you were away")).to_be_visible()
        await expect(page.get_by_test_id("connection")).to_be_hidden()
        world.send_text(ALICE, ALICE, "And live again")
        await expect(bubble(page, "And live again")).to_be_visible()


async def test_a_decided_card_loses_its_buttons_and_keeps_the_keyboards_place(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    buttons = [{"text": "✅ Add", "callback_data": "yes"}, {"text": "❌ Reject", "callback_data": "no"}]
    card = await bot.says(ALICE, "Add this set?", *buttons)
    bubbles = bubble(page, "Add")
    await page.locator('[data-button="✅ Add"]').focus()
    await bot.call("editMessageText", chat_id=ALICE, message_id=card["message_id"], text="Added by Alice")
    await expect(bubbles).to_contain_text("Added by Alice")
    await expect(page.locator("[data-button]")).to_have_count(0)
    await expect(bubbles).to_be_focused()
    await expect(bubbles.locator(".edited")).to_be_visible()


async def test_the_reactions_that_decide_are_offered_first(page: Page, stand_in: StandIn) -> None:
    stand_in.world.send_text(STICKER_FANS, BORIS, "Decide")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await bubble(page, "Decide").hover()
    await page.get_by_test_id("react").click()
    offered = page.get_by_test_id("reaction-picker").locator(".quick-row [data-reaction]")
    assert [await one.get_attribute("data-reaction") for one in (await offered.all())[:3]] == [
        "👍",
        "👎",
        "👀",
    ]


@pytest.mark.parametrize("width", [390, 1280])
async def test_tables_of_bars_stand_in_line_and_scroll_inside_their_message(
    page: Page, stand_in: StandIn, bot: ScriptedBot, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    await open_chat(page, stand_in)
    rows = [f"{name:<9}{'█' * full}{'░' * (20 - full)} {full * 5:>3} %" for name, full in BARS]
    text = f"<b>Hit rate</b>\n<pre>{chr(10).join(rows)}</pre>\nOver 24 h: <code>{'▇' * 12}</code> 60 %"
    await bot.says(ALICE, text, parse_mode="HTML")
    table = bubble(page, "Hit rate").locator("pre")
    assert await table.evaluate(LINES) == len(rows)
    assert await table.evaluate("table => table.scrollWidth - table.clientWidth") <= 0
    after = await bubble(page, "Hit rate").locator(".text > code").bounding_box()
    assert await overflow(page) <= 0
    box = await table.bounding_box()
    assert box is not None
    assert after is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert after["y"] - box["y"] - box["height"] < 24  # no empty line behind the table
