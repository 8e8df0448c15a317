"""A real Chromium, the Telegram stand-in on a free port, and a bot that does what a test tells it to."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    async_playwright,
    expect,
)

from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World
from tests.browser.scripted_bot import ScriptedBot

PATIENCE_MS = 15_000  # a busy machine is slow, not wrong
SWITCHES = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class StandIn:
    """The stand-in that a test talks to; `world` may be changed directly."""

    world: World
    address: str

    def chat_page(self, person: int | None = None, chat: int | None = None) -> str:
        """The chat page's address, with that person and chat chosen."""
        chosen = [
            f"{name}={number}" for name, number in (("as", person), ("chat", chat)) if number is not None
        ]
        return f"{self.address}/telegram/#{'&'.join(chosen)}"


def _chromium() -> str:
    found = shutil.which("/usr/bin/chromium") or shutil.which("chromium")
    if found is not None:
        return found
    reason = "no chromium: install Debian's package or put a chromium on PATH"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window() -> AsyncIterator[BrowserContext]:
    """One Chromium for all tests; each test has a tab of its own, and with it an origin of its own."""
    path = _chromium()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=SWITCHES)
        window = await chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        window.set_default_timeout(PATIENCE_MS)
        yield window
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stand_in() -> AsyncIterator[StandIn]:
    """A freshly seeded stand-in."""
    app = build_sandbox(SystemClock())
    async with serving(app) as address:
        yield StandIn(app.state.telegram.world, address)


@pytest_asyncio.fixture(loop_scope="session")
async def bot(stand_in: StandIn) -> AsyncIterator[ScriptedBot]:
    """The stand-in's bot."""
    async with ScriptedBot(stand_in.address, stand_in.world.token) as scripted:
        yield scripted


@pytest_asyncio.fixture(loop_scope="session")
async def page(window: BrowserContext, stand_in: StandIn) -> AsyncIterator[Page]:
    """An empty tab, closed before the stand-in. An error in the page's scripts fails the test."""
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def on_error(error: Error) -> None:
        faults.append(str(error))

    tab = await window.new_page()
    tab.on("console", on_console)
    tab.on("pageerror", on_error)
    yield tab
    await tab.close()
    assert faults == []
