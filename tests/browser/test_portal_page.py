"""The portals' page in a real Chromium."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import HOME, PARTNER, PROGRAMMES
from sandbox.bitrix24.standin import Bitrix24
from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def home(page: Page) -> AsyncIterator[Portal]:
    """The home portal, open in the tab."""
    app = build_sandbox(SystemClock())
    bitrix24: Bitrix24 = app.state.bitrix24
    async with serving(app) as address:
        await page.goto(f"{address}/portal/")
        await expect(page.get_by_test_id("records").locator("tr")).to_have_count(60)
        yield bitrix24.portals[HOME]
        await page.goto("about:blank")


async def test_a_record_is_added_changed_and_deleted(page: Page, home: Portal) -> None:
    await page.locator(f'[data-kind="{PROGRAMMES}"]').click()
    await page.get_by_test_id("add").click()
    await page.get_by_test_id("field-TITLE").fill("Новая программа")
    await page.get_by_test_id("save").click()
    row = page.locator('[data-record="13"]')
    await expect(row).to_contain_text("Новая программа")
    await row.get_by_role("button").first.click()
    await page.get_by_test_id("field-TITLE").fill("Другая программа")
    await page.get_by_test_id("save").click()
    await expect(row).to_contain_text("Другая программа")
    page.once("dialog", lambda dialog: dialog.accept())
    await row.get_by_role("button").last.click()
    await expect(row).to_have_count(0)
    assert len(home.items[PROGRAMMES]) == 12


async def test_a_refusal_keeps_the_form_open(page: Page, home: Portal) -> None:
    await page.locator('[data-kind="3"]').click()
    await page.get_by_test_id("add").click()
    await page.get_by_test_id("field-EMAIL").fill("nonsense")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("editor")).to_contain_text("некорректный адрес")
    assert len(home.contacts) == 30


async def test_what_programs_do_shows_by_itself(page: Page, home: Portal) -> None:
    number = home.add_deal(TITLE="From outside", ORIGIN_ID="a")
    await expect(page.locator(f'[data-record="{number}"]')).to_contain_text("From outside")
    home.add_deal(TITLE="Again", ORIGIN_ID="a")
    await expect(page.get_by_test_id("doubles")).to_be_visible()


async def test_a_failure_is_planned_and_taken_back(page: Page, home: Portal) -> None:
    await page.get_by_test_id("fault-kind").select_option("lost_answer")
    await page.get_by_test_id("plan-fault").click()
    await expect(page.get_by_test_id("faults").locator("li")).to_have_count(1)
    assert [fault.kind for fault in home.faults.planned()] == ["lost_answer"]
    await page.get_by_test_id("faults").get_by_role("button").click()
    await expect(page.get_by_test_id("faults").locator("li")).to_have_count(0)


async def test_the_page_speaks_russian_and_shows_the_other_portal(page: Page, home: Portal) -> None:
    await page.get_by_test_id("language").select_option("ru")
    await expect(page.locator("h1")).to_have_text("Порталы")
    await page.get_by_test_id("portal").select_option(PARTNER)
    await expect(page.get_by_test_id("found")).to_have_text("Найдено: 20")
    await page.get_by_test_id("language").select_option("en")


@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_finds_nothing(page: Page, home: Portal, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        assert await _violations(page) == []
    await page.get_by_test_id("add").click()
    assert await _violations(page) == []


async def _violations(page: Page) -> list[str]:
    found = (await Axe().run(page)).response["violations"]
    return [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]
