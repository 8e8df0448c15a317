"""axe looks at every state of the chat page, at both widths, in light and dark (https://github.com/dequelabs/axe-core)."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from sandbox.telegram.people import Person
from sandbox.telegram.seed import ALICE, BORIS, DESIGN_LAB, STICKER_FANS
from tests.browser.chat_window import bubble, open_chat, plan_fault, set_commands, write
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

Scheme = Literal["light", "dark"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUTTONS = [{"text": "Add", "callback_data": "add"}, {"text": "Open", "url": "https://example.org/"}]
RICH = (
    "<b>Bold</b> <code>code</code> <a href='https://example.org/'>link</a> /help @boris_example "
    "<tg-spoiler>hidden</tg-spoiler><blockquote>quoted</blockquote><pre>four\nlines</pre>"
)


@pytest.fixture(params=[1280, 390])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return "dark" if request.param == "dark" else "light"


@pytest_asyncio.fixture(loop_scope="session")
async def seen(page: Page, width: int, scheme: Scheme) -> AsyncIterator["Look"]:
    """The page at that width and in those colours; at the end nothing of any impact may have been found."""
    await page.set_viewport_size({"width": width, "height": 844})
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    look = Look(page)
    yield look
    assert look.found == []


class Look:
    """What axe has found so far, one line for each state and rule."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.found: list[str] = []

    async def at(self, state: str) -> None:
        """Let axe look, and print its findings."""
        results = await Axe().run(self._page)
        for violation in results.response["violations"]:
            nodes = "; ".join(str(node["target"]) + " " + node["html"][:120] for node in violation["nodes"])
            self.found.append(f"{state}: {violation['impact']} {violation['id']}: {nodes}")
            print(self.found[-1])
        assert results.response["passes"], "axe has looked at nothing"


async def test_chats_messages_and_panels_have_no_findings(
    page: Page, stand_in: StandIn, bot: ScriptedBot, seen: Look
) -> None:
    await _fill(stand_in, bot)
    await page.goto(stand_in.chat_page(ALICE))
    await expect(page.locator(f'[data-chat="{STICKER_FANS}"]')).to_have_count(1)
    await seen.at("chat list")
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await expect(page.locator('[data-button="Add"]')).to_be_visible()
    await seen.at("group")

    message = bubble(page, "Bold")
    await message.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message-menu")).to_be_visible()
    await seen.at("message menu")
    await page.get_by_test_id("message-menu").get_by_role("button", name="More reactions").click()
    await page.get_by_test_id("all-reactions").click()
    await seen.at("reaction picker")
    await page.keyboard.press("Escape")

    await page.get_by_test_id("stickers").click()
    await page.locator('[data-set="MoonDogs"]').click()
    await seen.at("sticker picker")
    await page.keyboard.press("Escape")
    await set_commands(bot, "start", "help")
    await expect(page.get_by_test_id("commands")).to_be_visible()
    await page.get_by_test_id("composer").fill("/")
    await expect(page.get_by_test_id("suggestions")).to_be_visible()
    await seen.at("command suggestions")


async def test_the_panel_of_failures_has_no_findings(
    page: Page, stand_in: StandIn, bot: ScriptedBot, seen: Look
) -> None:
    await open_chat(page, stand_in)
    await page.get_by_test_id("faults").click()
    await expect(page.get_by_test_id("calls").locator("li")).not_to_have_count(0)
    await seen.at("panel without failures")
    await plan_fault(page, kind="429", method="sendMessage")
    await plan_fault(page, kind="lost_answer", method="sendMessage", span="always")
    await expect(page.get_by_test_id("fault-list").locator("[data-fault]")).to_have_count(2)
    for _ in range(2):
        await bot.attempts("sendMessage", chat_id=ALICE, text="Hello")
    await bot.call("getMe")
    for outcome in ("failed", "lost", "done"):
        await expect(page.locator(f'[data-outcome="{outcome}"]').first).to_be_visible()
    await seen.at("panel with failures and calls")


async def test_topics_a_reply_people_a_toast_and_an_alert_have_no_findings(
    page: Page, stand_in: StandIn, bot: ScriptedBot, seen: Look
) -> None:
    await open_chat(page, stand_in, ALICE, ALICE)
    await seen.at("empty chat")
    await write(page, "/start")
    await bot.says(ALICE, "Sure?", BUTTONS[0])
    await page.locator('[data-button="Add"]').click()
    query = await bot.hears("callback_query")
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="No", show_alert=True)
    await expect(page.get_by_test_id("alert")).to_be_visible()
    await seen.at("alert")
    await page.keyboard.press("Escape")
    stand_in.world.block(ALICE)
    await write(page, "Not for a bot that is blocked")
    await expect(page.get_by_test_id("toast")).to_be_visible()
    await seen.at("toast")

    stand_in.world.send_text(DESIGN_LAB, BORIS, "A question")
    await open_chat(page, stand_in, ALICE, DESIGN_LAB)
    await bubble(page, "A question").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("compose-context")).to_be_visible()
    await seen.at("topics and reply")

    await page.goto(stand_in.chat_page(ALICE))
    await page.get_by_test_id("person-switcher").click()
    await expect(page.get_by_test_id("people")).to_be_visible()
    await seen.at("people")


async def test_a_question_a_forward_an_anonymous_administrator_and_limits_have_no_findings(
    page: Page, stand_in: StandIn, bot: ScriptedBot, seen: Look
) -> None:
    said = await bot.says(STICKER_FANS, "A card")
    stand_in.world.forward(STICKER_FANS, said["message_id"], STICKER_FANS, ALICE)
    stand_in.world.forward(STICKER_FANS, said["message_id"], STICKER_FANS, BORIS)
    await open_chat(page, stand_in, ALICE, STICKER_FANS)
    await page.get_by_test_id("anonymous").click()
    await write(page, "As the group")
    why = {"force_reply": True, "input_field_placeholder": "Why not?"}
    await bot.says(STICKER_FANS, "Why?", reply_markup=why)
    await expect(page.get_by_test_id("compose-context")).to_contain_text("Why?")
    await seen.at("question to an anonymous administrator")
    await bubble(page, "As the group").click(button="right")
    await page.get_by_test_id("message-menu").locator('[data-action="forward"]').click()
    await expect(page.locator(f'[data-forward="{DESIGN_LAB}"]')).to_be_visible()
    await seen.at("choice of a chat")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("faults").click()
    await page.get_by_test_id("limits").click()
    await expect(page.get_by_test_id("limits")).to_have_attribute("aria-checked", "true")
    await seen.at("panel with limits")


async def _fill(stand_in: StandIn, bot: ScriptedBot) -> None:
    """A group with a message of every look, and a chat with unread ones."""
    world = stand_in.world
    world.add_person(Person(500100777, "Dora", username="dora_example", language_code="en"))
    first = world.send_text(STICKER_FANS, ALICE, "See https://example.org/ and /help")
    world.send_sticker(STICKER_FANS, ALICE, world.library.sets["moondogs"].stickers[0])
    world.send_sticker(STICKER_FANS, BORIS, world.library.sets["pricklyfriends"].stickers[0])
    said = await bot.call(
        "sendMessage",
        chat_id=STICKER_FANS,
        text=RICH,
        parse_mode="HTML",
        reply_parameters={"message_id": first.message_id},
        reply_markup={"inline_keyboard": [BUTTONS]},
    )
    world.react(STICKER_FANS, said["message_id"], ALICE, ["👍"])
    world.react(STICKER_FANS, said["message_id"], BORIS, ["👀"])
    world.send_text(DESIGN_LAB, BORIS, "Unread")
