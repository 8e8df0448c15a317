"""A town for each test, and three judges after each: the wire, the dead jobs and the log."""

import asyncio
import json
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog

from commands.migrate import migrate
from sandbox.bitrix24.portal import WEBHOOK_CODE
from sandbox.telegram.ledger import Call
from sandbox.telegram.state import DEMO_TOKEN
from services.engine.observability import ADOPTED, configure_logging
from settings import load_settings
from tests.telegram_oracle import check_ledger
from tests.town import API_KEY, Outside, Town, TownClock, new_outside

SECRETS = (DEMO_TOKEN, DEMO_TOKEN.split(":")[1], API_KEY, WEBHOOK_CODE)


class Log:
    """Everything logged in a test, at DEBUG. `may_hold_errors` is for tests that make the hub complain."""

    def __init__(self) -> None:
        self.stream = StringIO()
        self.may_hold_errors = False

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each line's fields."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines of one event."""
        return [line for line in self.lines if line["event"] == event]

    def check(self) -> None:
        """No secret anywhere, and no error that the test did not ask for."""
        leaked = [secret for secret in SECRETS if secret in self.stream.getvalue()]
        assert not leaked
        errors = [line for line in self.lines if line["level"] in {"error", "critical"}]
        assert self.may_hold_errors or not errors, errors


class Judged:
    """What the stand-in itself said and heard; updates that a test made up are none of its doing."""

    def __init__(self, outside: Outside) -> None:
        self._world = outside.world
        self._made_up = set(outside.injected)

    @property
    def updates(self) -> "Judged":
        return self

    @property
    def ledger(self) -> "Judged":
        return self

    @property
    def emitted(self) -> list[dict[str, Any]]:
        return self._own(self._world.updates.emitted)

    @property
    def calls(self) -> list[Call]:
        return [
            replace(call, answer=call.answer | {"result": self._own(call.answer["result"])})
            if call.method == "getUpdates" and call.answer.get("ok")
            else call
            for call in self._world.ledger.calls
        ]

    def _own(self, updates: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [update for update in updates if update["update_id"] not in self._made_up]


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    """The hub's own log, read by the judge when the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    adopted = {name: logging.getLogger(name).level for name in ADOPTED}
    kept = Log()
    configure_logging("DEBUG", "json", [DEMO_TOKEN, API_KEY], kept.stream)
    yield kept
    root.handlers = handlers
    root.setLevel(level)
    for name, former in adopted.items():
        logging.getLogger(name).setLevel(former)
    structlog.reset_defaults()
    kept.check()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database."""
    path = tmp_path_factory.mktemp("empty") / "hub.db"
    assert migrate(load_settings({"DATABASE_URL": f"sqlite+aiosqlite:///{path}"}, None)) == 0
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Path:
    """The same, but the usual hub's command menus count as set, which saves each test's hub the calls."""
    return _with_menus(tmp_path_factory.mktemp("template"), empty, portal=False)


@pytest.fixture(scope="session")
def template_with_portal(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Path:
    """The same for hubs that work with a portal: they have more commands."""
    return _with_menus(tmp_path_factory.mktemp("template"), empty, portal=True)


def _with_menus(folder: Path, empty: Path, *, portal: bool) -> Path:
    path = Path(shutil.copy(empty, folder / "template.db"))
    asyncio.run(_live_once(folder, portal=portal))
    with closing(sqlite3.connect(path, isolation_level=None)) as template:
        template.execute("ATTACH ? AS lived", (str(folder / "hub.db"),))
        template.execute("INSERT INTO jobs SELECT * FROM lived.jobs WHERE topic = 'telegram.menus'")
    return path


async def _live_once(folder: Path, *, portal: bool) -> None:
    async with new_outside(folder, clock=TownClock()) as outside, outside.hub(portal=portal) as town:
        await town.settle()


@pytest.fixture(scope="session")
def methods_used() -> set[str]:
    """Every Bot API method that the hub called in any test so far."""
    return set()


@pytest.fixture
def clock() -> TownClock:
    return TownClock()


@pytest.fixture
async def outside(
    tmp_path: Path, clock: TownClock, template: Path, template_with_portal: Path, methods_used: set[str]
) -> AsyncIterator[Outside]:
    """The world without a hub. What crossed the wire is judged at the end."""
    async with new_outside(tmp_path, clock=clock, template=template) as world_outside:
        world_outside.template_with_portal = template_with_portal
        yield world_outside
    methods_used.update(call.method for call in world_outside.world.ledger.calls)
    assert check_ledger(Judged(world_outside))


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    """A polling hub in its world, in virtual time. No job may have died in the end."""
    async with outside.hub() as town_with_hub:
        await town_with_hub.rest()
        yield town_with_hub
        assert not await town_with_hub.rows("SELECT topic, payload, reason FROM jobs WHERE state = 'dead'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at the whole session comes last."""
    items.sort(key=lambda item: item.path.name == "test_methods.py")
