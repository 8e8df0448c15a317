"""Questions that want a reply, forwarding, and administrators who write as their group."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.telegram.seed import ALICE, BORIS, CHEN, DANA, DESIGN_LAB, STICKER_FANS, SWITCHBOARD_ADMINS
from tests.browser.chat_window import bubble, open_chat, tab_to, write
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHY = {"force_reply": True, "selective": True, "input_field_placeholder": "Why not?"}
ADD = {"text": "Add", "callback_data": "add"}
OPEN = {"text": "Open", "url": "https://example.org/"}


async def test_a_question_opens_the_reply_for_whom_it_asks_and_for_nobody_else(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    pressed = stand_in.world.send_text(STICKER_FANS, BORIS, "No")
    context, field = page.get_by_test_id("compose-context"), page.get_by_test_id("composer")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    answer = {"message_id": pressed.message_id}
    asked = await bot.says(STICKER_FANS, "Why?", reply_parameters=answer, reply_markup=WHY)
    await expect(bubble(page, "Why?")).to_be_visible()
    await expect(context).to_be_hidden()

    await page.goto("about:blank")
    await open_chat(page, stand_in, BORIS, STICKER_FANS)
    await expect(context).to_contain_text("Why?")
    await expect(field).to_have_attribute("placeholder", "Why not?")
    await write(page, "Too large")
    heard = await bot.hears("message")
    while heard["text"] != "Too large":
        heard = await bot.hears("message")
    assert heard["reply_to_message"]["message_id"] == asked["message_id"]
    await expect(context).to_be_hidden()
    await expect(field).to_have_attribute("placeholder", "Message")


async def test_a_question_asked_live_takes_the_focus_and_once_cancelled_stays_closed(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    context = page.get_by_test_id("compose-context")
    await open_chat(page, stand_in)
    await bot.says(ALICE, "Sure?", ADD)
    await page.locator('[data-button="Add"]').click()
    await bot.says(ALICE, "Why?", reply_markup=WHY)
    await expect(context).to_contain_text("Why?")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(context).to_be_hidden()
    await write(page, "Something else")
    assert "reply_to_message" not in await bot.hears("message")
    await bot.says(ALICE, "And why this?", reply_markup=WHY)
    await expect(context).to_contain_text("And why this?")


async def test_a_question_does_not_disturb_what_is_being_filled_in_elsewhere(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await page.get_by_test_id("faults").click()
    await page.get_by_test_id("fault-kind-extra").focus()
    await bot.says(ALICE, "Why?", reply_markup=WHY)
    await expect(page.get_by_test_id("compose-context")).to_contain_text("Why?")
    await expect(page.get_by_test_id("fault-kind-extra")).to_be_focused()


async def test_a_card_is_forwarded_without_its_button_by_keyboard_alone(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await bot.says(ALICE, "Add this set?", ADD)
    await bubble(page, "Add this set?").focus()
    await page.keyboard.press("Enter")
    menu = page.get_by_test_id("message-menu")
    await tab_to(page, menu.locator('[data-action="reply"]'))
    while not await menu.locator('[data-action="forward"]').evaluate("it => it === document.activeElement"):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(menu.locator("[data-forward]")).to_have_count(4)
    await tab_to(page, menu.locator(f'[data-forward="{ALICE}"]'))
    while not await menu.locator(f'[data-forward="{STICKER_FANS}"]').evaluate(
        "it => it === document.activeElement"
    ):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(re.compile(f"chat={STICKER_FANS}$"))
    forwarded = bubble(page, "Add this set?")
    await expect(forwarded.get_by_test_id("forwarded")).to_have_text("Forwarded from Switchboard Demo")
    await expect(forwarded.locator("[data-button]")).to_have_count(0)
    heard = await bot.hears("message")
    assert (heard["chat"]["id"], heard["from"]["id"]) == (STICKER_FANS, ALICE)
    assert heard["forward_origin"]["sender_user"]["id"] == stand_in.world.bot.id


async def test_links_go_along_and_a_forwarded_text_cannot_be_edited(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in)
    await bot.says(ALICE, "Look", OPEN)
    await bubble(page, "Look").click(button="right")
    await page.get_by_test_id("message-menu").locator('[data-action="forward"]').click()
    await page.get_by_test_id("message-menu").locator(f'[data-forward="{DESIGN_LAB}"]').click()
    await expect(bubble(page, "Look").locator('a[data-button="Open"]')).to_be_visible()
    await expect(bubble(page, "Look")).to_have_class(re.compile(r"\bown\b"))
    await bubble(page, "Look").click(button="right")
    await expect(page.get_by_test_id("message-menu").locator('[data-action="delete"]')).to_be_visible()
    await expect(page.get_by_test_id("message-menu").locator('[data-action="edit"]')).to_have_count(0)


async def test_an_administrator_writes_and_reacts_as_the_group_but_presses_as_a_person(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_chat(page, stand_in, DANA, SWITCHBOARD_ADMINS)
    await page.get_by_test_id("anonymous").click()
    await expect(page.get_by_test_id("anonymous")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("composer")).to_have_attribute("placeholder", "Anonymous message")
    await write(page, "Who am I?")
    heard = await bot.hears("message")
    assert (heard["from"]["id"], heard["sender_chat"]["id"]) == (1087968824, SWITCHBOARD_ADMINS)
    await expect(bubble(page, "Who am I?")).to_have_class(re.compile(r"\bown\b"))
    await expect(bubble(page, "Who am I?")).to_contain_text("Anonymous admin")

    await bot.says(SWITCHBOARD_ADMINS, "Decide", ADD)
    card = bubble(page, "Decide")
    await card.click(button="right")
    await page.get_by_test_id("message-menu").locator('[data-reaction="👍"]').click()
    reaction = await bot.hears("message_reaction")
    assert (reaction["actor_chat"]["id"], "user" in reaction) == (SWITCHBOARD_ADMINS, False)
    await expect(card.locator('[data-reaction="👍"]')).to_have_attribute("aria-pressed", "true")
    await card.locator('[data-button="Add"]').click()
    assert (await bot.hears("callback_query"))["from"]["id"] == DANA

    await page.get_by_test_id("anonymous").click()
    await write(page, "Dana again")
    assert (await bot.hears("message"))["from"]["id"] == DANA


async def test_only_administrators_of_a_group_are_offered_to_be_anonymous(
    page: Page, stand_in: StandIn
) -> None:
    anonymous = page.get_by_test_id("anonymous")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await expect(anonymous).to_be_visible()
    await open_chat(page, stand_in, ALICE, ALICE)
    await expect(anonymous).to_be_hidden()
    await open_chat(page, stand_in, CHEN, STICKER_FANS)
    await expect(anonymous).to_be_hidden()
    stand_in.world.promote(STICKER_FANS, CHEN)
    await expect(anonymous).to_be_visible()
    stand_in.world.demote(STICKER_FANS, CHEN)
    await expect(anonymous).to_be_hidden()


async def test_who_is_removed_from_the_open_group_is_back_with_the_bot(page: Page, stand_in: StandIn) -> None:
    await open_chat(page, stand_in, CHEN, STICKER_FANS)
    stand_in.world.kick(STICKER_FANS, CHEN)
    await expect(page).to_have_url(re.compile(f"as={CHEN}&chat={CHEN}$"))
    await expect(page.locator(f'[data-chat="{STICKER_FANS}"]')).to_have_count(0)
    stand_in.world.join(STICKER_FANS, CHEN, by=ALICE)
    await expect(page.locator(f'[data-chat="{STICKER_FANS}"]')).to_be_visible()
