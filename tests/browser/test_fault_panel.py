"""The panel that makes the stand-in fail: what is planned there happens to the bot, and can be seen."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.telegram.faults import KINDS
from sandbox.telegram.seed import ALICE
from tests.browser.chat_window import bubble, open_chat, overflow, plan_fault
from tests.browser.conftest import StandIn
from tests.browser.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELLO = {"chat_id": ALICE, "text": "Hello"}


def planned(page: Page) -> Locator:
    return page.get_by_test_id("fault-list").locator("[data-fault]")


def calls(page: Page) -> Locator:
    """The bot's calls, newest first."""
    return page.get_by_test_id("calls").locator("[data-call]")


async def open_panel(page: Page, stand_in: StandIn) -> None:
    await open_chat(page, stand_in)
    await page.get_by_test_id("faults").click()
    await expect(page.get_by_test_id("fault-panel")).to_be_visible()


async def test_a_429_for_the_next_message_is_planned_happens_once_and_is_told(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_panel(page, stand_in)
    await page.get_by_test_id("fault-kind-extra").fill("7")
    await page.get_by_test_id("fault-plan").click()
    await expect(planned(page)).to_contain_text("429: too many requests, 7 s to wait")
    await expect(planned(page)).to_contain_text("sendMessage, once more")
    await expect(page.get_by_test_id("faults")).to_contain_text("1 planned")

    assert await bot.attempts("getMe") == 200
    assert await bot.attempts("sendMessage", **HELLO) == 429
    await expect(planned(page)).to_have_count(0)
    await expect(calls(page).first).to_contain_text("429: retry after 7")
    await expect(calls(page).first).to_contain_text("Alice: Hello")
    assert await bot.attempts("sendMessage", **HELLO) == 200
    await expect(calls(page).first).to_have_attribute("data-outcome", "done")
    await expect(page.get_by_test_id("calls")).not_to_contain_text("getUpdates")


async def test_a_lost_answer_is_shown_as_done_though_the_bot_heard_nothing(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_panel(page, stand_in)
    await plan_fault(page, kind="lost_answer", method="sendMessage")
    await expect(planned(page)).to_have_count(1)
    assert await bot.attempts("sendMessage", **HELLO) is None
    await expect(bubble(page, "Hello")).to_be_visible()
    await expect(calls(page).first).to_contain_text("done, but the answer was lost")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "timeout"])
async def test_every_kind_is_offered_in_words_and_happens_until_it_is_removed(
    page: Page, stand_in: StandIn, bot: ScriptedBot, kind: str
) -> None:
    await open_panel(page, stand_in)
    await page.get_by_test_id("fault-kind").select_option(kind)
    if kind == "slow":
        await page.get_by_test_id("fault-kind-extra").fill("0.1")
    await plan_fault(page, kind=kind, method="*", span="always")
    await expect(planned(page)).to_contain_text("any call, until removed")
    words = await page.get_by_test_id("fault-kind").locator(f'option[value="{kind}"]').inner_text()
    await expect(planned(page)).to_contain_text(words)
    status = {"refused": None, "lost_answer": None, "slow": 200}
    expected = int(kind) if kind.isdigit() else status[kind]
    assert [await bot.attempts("sendMessage", **HELLO) for _ in range(2)] == [expected] * 2
    await planned(page).get_by_role("button").click()
    await expect(planned(page)).to_have_count(0)
    await expect(page.get_by_test_id("fault-kind")).to_be_focused()
    assert await bot.attempts("sendMessage", **HELLO) == 200


async def test_the_offer_is_what_the_stand_in_knows_and_nothing_else(page: Page, stand_in: StandIn) -> None:
    await open_panel(page, stand_in)
    options = page.get_by_test_id("fault-kind").locator("option")
    kinds = [await option.get_attribute("value") for option in await options.all()]
    assert sorted(map(str, kinds)) == sorted(KINDS)


async def test_several_failures_are_counted_down_timed_ones_too_and_removed_together(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_panel(page, stand_in)
    await plan_fault(page, kind="503", method="getMe", span="times")
    await expect(planned(page)).to_contain_text("getMe, 3 times more")
    assert await bot.attempts("getMe") == 503
    await expect(planned(page)).to_contain_text("getMe, 2 times more")
    await plan_fault(page, kind="timeout", method="sendMessage", span="seconds")
    await expect(planned(page).last).to_contain_text(re.compile(r"sendMessage, (20|1\d) s more"))
    await expect(planned(page).last).to_contain_text(re.compile(r"sendMessage, 1\d s more"))

    await page.reload()
    await page.get_by_test_id("faults").click()
    await expect(planned(page)).to_have_count(2)
    await page.get_by_test_id("faults-clear").click()
    await expect(planned(page)).to_have_count(0)
    await expect(page.get_by_test_id("faults-clear")).to_be_hidden()
    assert await bot.attempts("getMe") == 200


async def test_a_failure_that_lasts_some_seconds_leaves_the_list_by_itself(
    page: Page, stand_in: StandIn
) -> None:
    await open_panel(page, stand_in)
    await page.get_by_test_id("fault-span").select_option("seconds")
    await page.get_by_test_id("fault-span-extra").fill("2")
    await page.get_by_test_id("fault-plan").click()
    await expect(page.get_by_test_id("announcer")).to_contain_text("Planned: sendMessage, 429")
    await expect(planned(page)).to_have_count(1)
    await expect(planned(page)).to_have_count(0)


async def test_the_calls_already_made_are_offered_first(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_panel(page, stand_in)
    made = page.get_by_test_id("fault-method").locator("optgroup").first
    await expect(made).to_have_attribute("label", "Others")
    await bot.call("getMe")
    await expect(made).to_have_attribute("label", "Made by the bot")
    await expect(made.locator("option")).to_have_text(["getMe"])
    await expect(page.get_by_test_id("fault-method")).to_have_value("sendMessage")


async def test_at_390_px_the_panel_fills_the_window_and_closing_returns_to_its_button(
    page: Page, stand_in: StandIn
) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(stand_in.chat_page(ALICE))
    await page.get_by_test_id("list-faults").click()
    panel = page.get_by_test_id("fault-panel")
    await expect(panel).to_have_css("width", "390px")
    await plan_fault(page, kind="lost_answer", method="setMessageReaction", span="times")
    await expect(planned(page)).to_have_count(1)
    assert await overflow(page) <= 0
    assert await panel.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    remove = planned(page).get_by_role("button")
    for control in (page.get_by_test_id("faults-close"), page.get_by_test_id("fault-plan"), remove):
        box = await control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.get_by_test_id("list-faults")).to_be_focused()


async def test_beside_the_open_panel_the_chat_goes_on(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_panel(page, stand_in)
    await bot.says(ALICE, "Still here")
    await expect(bubble(page, "Still here")).to_be_visible()
    await page.get_by_test_id("composer").fill("Me too")
    await page.get_by_test_id("send").click()
    assert (await bot.hears("message"))["text"] == "Me too"
    await expect(page.get_by_test_id("fault-panel")).to_be_visible()


async def test_telegrams_limits_are_switched_on_enforced_and_switched_off(
    page: Page, stand_in: StandIn, bot: ScriptedBot
) -> None:
    await open_panel(page, stand_in)
    limits = page.get_by_test_id("limits")
    await expect(limits).to_have_attribute("aria-checked", "false")
    assert [await bot.attempts("sendMessage", **HELLO) for _ in range(5)] == [200] * 5
    await limits.focus()
    await page.keyboard.press("Enter")
    await expect(limits).to_have_attribute("aria-checked", "true")
    await expect(page.locator("#limits-about")).to_contain_text("20 a minute in a group")
    statuses = {await bot.attempts("sendMessage", **HELLO) for _ in range(10)}
    assert statuses == {200, 429}
    await expect(calls(page).first).to_contain_text("429: retry after 1")
    await page.reload()
    await page.get_by_test_id("faults").click()
    await expect(limits).to_have_attribute("aria-checked", "true")
    await limits.click()
    await expect(limits).to_have_attribute("aria-checked", "false")
    assert [await bot.attempts("sendMessage", **HELLO) for _ in range(5)] == [200] * 5
