"""The chat page by keyboard alone, and by ear."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.telegram.seed import ALICE, BORIS, DESIGN_LAB, STICKER_FANS
from tests.browser.chat_window import bubble, open_chat, tab_to
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADD = {"text": "Add", "callback_data": "add"}
OPEN = {"text": "Open", "url": "https://example.org/"}

# Where Tab has come to: a name for it, and whether its focus can be seen; null outside of the page.
WHERE = """() => {
    const node = document.activeElement;
    if (node === document.body) return null;
    const { testid, chat, message, button, command } = node.dataset;
    const drawn = [node, node.querySelector('.bubble'), node.closest('.composer')].filter(Boolean)
        .map((one) => getComputedStyle(one));
    const ringed = drawn.some((style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
        || style.boxShadow.includes('0px 0px 0px 2px'));
    const box = node.getBoundingClientRect();
    const name = testid ?? chat ?? message ?? button ?? command;
    return { name, seen: ringed && box.width > 1 && box.bottom > 0 };
}"""


def menu_item(page: Page, name: str) -> Locator:
    return page.get_by_test_id("message-menu").locator(f'[data-action="{name}"]')


async def test_tab_goes_once_through_everything_and_every_stop_can_be_seen(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    for number in range(5):
        await bot.call("sendMessage", chat_id=ALICE, text=f"{number} /help", reply_markup=_keyboard())
    await open_chat(page, stand_in)
    await expect(bubble(page, "4 /help")).to_be_visible()
    await page.get_by_test_id("skip-link").focus()
    stops: list[str] = []
    while stop := await page.evaluate(WHERE):
        assert stop["seen"], stop
        assert stop["name"] not in stops, stops
        stops.append(stop["name"])
        await page.keyboard.press("Tab")
    newest = f"{ALICE}:{max(stand_in.world.chat(ALICE).messages)}"
    before = ["skip-link", "person-switcher", str(ALICE), "faults", newest]
    assert stops == [
        *before,
        "/help",
        "Add",
        "Open",
        "react",
        "reply",
        "more",
        "stickers",
        "composer",
        "send",
    ]


async def test_the_skip_link_leads_to_the_field_and_leaves_the_chat_open(
    page: Page, stand_in: StandIn
) -> None:
    await open_chat(page, stand_in, BORIS, STICKER_FANS)
    await tab_to(page, page.get_by_test_id("skip-link"), "Shift+Tab")
    await expect(page.get_by_test_id("skip-link")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await expect(page).to_have_url(re.compile(f"as={BORIS}&chat={STICKER_FANS}$"))


async def test_chats_and_topics_are_chosen_with_the_arrow_keys(page: Page, stand_in: StandIn) -> None:
    await open_chat(page, stand_in)
    await tab_to(page, page.locator(f'[data-chat="{ALICE}"]'), "Shift+Tab")
    await page.keyboard.press("End")
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    chosen = page.locator("[data-chat]").nth(1)
    await expect(chosen).to_be_focused()
    await page.locator(f'[data-chat="{DESIGN_LAB}"]').focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("chat-title")).to_have_text("Design Lab")
    await expect(page.get_by_test_id("composer")).to_be_focused()

    await tab_to(page, page.locator('[data-topic="all"]'), "Shift+Tab")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-topic][aria-pressed="true"]')).to_have_text("Stickers")
    await expect(page.locator('[data-topic][aria-pressed="true"]')).to_be_focused()


async def test_on_a_narrow_window_back_returns_to_the_chat_s_row(page: Page, stand_in: StandIn) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(stand_in.chat_page(ALICE))
    await page.locator(f'[data-chat="{STICKER_FANS}"]').press("Enter")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await tab_to(page, page.get_by_test_id("back"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(f'[data-chat="{STICKER_FANS}"]')).to_be_focused()


@pytest.mark.parametrize("key", ["Enter", "ContextMenu", "Shift+F10"])
async def test_a_message_s_menu_opens_by_key_and_escape_returns_to_the_message(
    page: Page, stand_in: StandIn, key: str
) -> None:
    for text in ("One", "Two"):
        stand_in.world.send_text(STICKER_FANS, BORIS, text)
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await tab_to(page, bubble(page, "Two"), "Shift+Tab")
    await page.keyboard.press("ArrowUp")
    await expect(bubble(page, "One")).to_be_focused()
    await page.keyboard.press(key)
    await expect(menu_item(page, "reply")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(menu_item(page, "copy text")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("message-menu")).to_be_hidden()
    await expect(bubble(page, "One")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("composer")).to_be_focused()


async def test_all_reactions_are_reached_from_the_menu_and_a_chip_takes_one_back(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    stand_in.world.send_text(STICKER_FANS, BORIS, "React")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await tab_to(page, bubble(page, "React"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(menu_item(page, "reply")).to_be_focused()
    for key in ("ArrowUp", "End", "Enter", "End", "Enter"):  # quick row, more, the picker, all of them
        await page.keyboard.press(key)
    first = page.locator("#all-reactions [data-reaction]").first
    await expect(first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await expect(first).to_be_focused()
    await page.keyboard.press("Enter")
    chip = bubble(page, "React").locator(".chip")
    await expect(chip).to_be_visible()
    await expect(bubble(page, "React")).to_be_focused()

    await tab_to(page, chip)
    await page.keyboard.press("Enter")
    await expect(chip).to_have_count(0)
    await expect(bubble(page, "React")).to_be_focused()


async def test_after_a_deletion_the_keyboard_is_on_the_next_message(page: Page, stand_in: StandIn) -> None:
    for text in ("One", "Two", "Three"):
        stand_in.world.send_text(STICKER_FANS, ALICE, text)
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await tab_to(page, bubble(page, "Three"), "Shift+Tab")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await page.keyboard.press("End")
    await expect(menu_item(page, "delete")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(bubble(page, "Two")).to_have_count(0)
    await expect(bubble(page, "Three")).to_be_focused()


async def test_only_the_focused_message_has_its_buttons_in_the_tab_order(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    for text in ("First", "Second"):
        await bot.call("sendMessage", chat_id=ALICE, text=text, reply_markup=_keyboard())
    await open_chat(page, stand_in)
    await tab_to(page, bubble(page, "Second"), "Shift+Tab")
    await page.keyboard.press("ArrowUp")
    await expect(bubble(page, "First")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(bubble(page, "First").locator('[data-button="Add"]')).to_be_focused()
    await page.keyboard.press("Enter")
    assert (await bot.hears("callback_query"))["message"]["text"] == "First"
    await page.keyboard.press("Escape")
    await expect(bubble(page, "First")).to_be_focused()
    await tab_to(page, page.get_by_test_id("stickers"))
    await expect(bubble(page, "Second").locator('[data-button="Add"]')).to_have_attribute("tabindex", "-1")


async def test_the_sticker_picker_is_a_row_of_tabs_over_a_grid(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    stand_in.world.send_sticker(STICKER_FANS, BORIS, stand_in.world.library.sets["moondogs"].stickers[0])
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    toggle, panel = page.get_by_test_id("stickers"), page.get_by_test_id("sticker-panel")
    await tab_to(page, toggle, "Shift+Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowRight")
    await expect(panel.locator('[data-set="MoonDogs"]')).to_be_focused()
    await expect(page.get_by_test_id("set-title")).to_have_text("Moon Dogs")
    await page.keyboard.press("ArrowDown")
    await expect(panel.locator("[data-sticker]").first).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(panel.locator('[data-set="MoonDogs"]')).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(toggle).to_be_focused()

    sticker = page.get_by_test_id("log").locator("button.sticker")
    await tab_to(page, sticker, "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(panel.locator('[data-set="MoonDogs"]')).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(sticker).to_be_focused()


async def test_what_others_do_is_announced_politely_and_what_i_do_is_not(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    said = page.get_by_test_id("announcer")
    await expect(said).to_have_attribute("aria-live", "polite")
    mine = stand_in.world.send_text(STICKER_FANS, ALICE, "From me")
    await bot.call("sendMessage", chat_id=STICKER_FANS, text="Add it?", reply_markup=_keyboard())
    await expect(said).to_contain_text("Switchboard Demo: Add it?. Buttons: Add, Open")
    thumb = [{"type": "emoji", "emoji": "👍"}]
    await bot.call("setMessageReaction", chat_id=STICKER_FANS, message_id=mine.message_id, reaction=thumb)
    await expect(said).to_contain_text("Switchboard Demo reacted 👍 to: From me")
    stand_in.world.send_text(DESIGN_LAB, BORIS, "Elsewhere")
    await expect(said).to_contain_text("New message in Design Lab")
    await expect(said).not_to_contain_text("Alice")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_nothing_moves_for_people_who_want_no_motion(
    page: Page, stand_in: StandIn, motion: str
) -> None:
    await page.emulate_media(reduced_motion="reduce" if motion == "reduce" else "no-preference")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    stand_in.world.send_text(STICKER_FANS, BORIS, "Before")
    await expect(bubble(page, "Before")).to_be_visible()
    await page.evaluate("""() => {
        window.longest = 0;
        document.addEventListener('animationstart', () => {
            const times = document.getAnimations().map((one) => Number(one.effect.getTiming().duration));
            window.longest = Math.max(window.longest, ...times);
        });
    }""")
    stand_in.world.send_text(STICKER_FANS, BORIS, "Moving in")
    await expect(bubble(page, "Moving in")).to_be_visible()
    await page.wait_for_function("motion => motion === 'reduce' || window.longest > 1", arg=motion)
    longest = await page.evaluate("window.longest")
    assert (longest > 1) == (motion == "no-preference")


def _keyboard() -> dict[str, object]:
    return {"inline_keyboard": [[ADD, OPEN]]}
