"""Hubs that come and go on one database: each lives in a task of its own, and may die at any write."""

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from io import StringIO
from typing import Any
from unittest.mock import patch

from services.engine.observability import configure_logging
from storage.database import Result, Transaction
from storage.errors import StorageUnavailable
from tests.e2e.conftest import SECRETS
from tests.e2e.poll_forms import at_work
from tests.storage.files import WatchedDatabase
from tests.town import Outside, Town, TownClock

LONGEST = 60.0  # real seconds that a hub's start or end may take
LOOK = 0.002  # real seconds between two
STEP = 0.25  # virtual seconds that pass meanwhile


class Life:
    """One hub, from `begin` to `end`. A dead one writes nothing any more, and what it says is not heard."""

    def __init__(self, outside: Outside, clock: TownClock, variables: dict[str, str]) -> None:
        self._outside = outside
        self._clock = clock
        self._variables = variables
        self._log = StringIO()
        self._ready, self._over = asyncio.Event(), asyncio.Event()
        self._town: Town | None = None
        self._last_words = 0
        self._dying = ExitStack()
        self.is_dead = False

    @property
    def town(self) -> Town:
        """The hub and its doors."""
        assert self._town
        return self._town

    async def begin(self) -> None:
        """Start it."""
        configure_logging("WARNING", "json", SECRETS, self._log)
        self._task = asyncio.create_task(self._live())
        await self._until(lambda: self._ready.is_set() or self._task.done())
        if self._task.done():
            await self._task

    async def end(self) -> None:
        """Stop it, or take away what is left of it."""
        self._over.set()
        with self._dying:
            await self._until(self._task.done)
        await self._task

    def die(self) -> None:
        """From now on nothing of what it does is kept."""
        if self.is_dead:
            return
        self._database.away, self.is_dead = True, True
        self._last_words = self._log.tell()

    def die_at(self, writes: int) -> None:
        """Let it die instead of its so manieth write from now."""
        real, left = self._database.write, writes

        async def write(unit: Callable[[Transaction], Result]) -> Result:
            nonlocal left
            left -= 1
            if left == 0 and not self.is_dead:
                self.die()
            if self.is_dead:
                raise StorageUnavailable("away")
            return await real(unit)

        self._dying.enter_context(patch.object(self._database, "write", write))

    def complaints(self) -> list[dict[str, Any]]:
        """What it has logged as errors while it lived."""
        said = self._log.getvalue()[: self._last_words if self.is_dead else None]
        lines = [json.loads(line) for line in said.splitlines()]
        return [line for line in lines if line["level"] in {"error", "critical"}]

    def leaked(self) -> list[str]:
        """The secrets in its log."""
        return [secret for secret in SECRETS if secret in self._log.getvalue()]

    @property
    def _database(self) -> WatchedDatabase:
        database = self.town.switchboard.hub.database
        assert isinstance(database, WatchedDatabase)
        return database

    async def _live(self) -> None:
        async with at_work(self._outside, **self._variables) as self._town:
            self._ready.set()
            await self._over.wait()

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Some of it is done in threads, which no clock waits for."""
        async with asyncio.timeout(LONGEST):
            while not reached():
                await self._clock.advance(STEP)
                if not reached():
                    await asyncio.sleep(LOOK)
