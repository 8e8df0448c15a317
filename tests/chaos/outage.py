"""Sixteen clients post updates while the database goes away and comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import httpx

from tests.chaos.driver import PATIENCE, TICK
from tests.chaos.history import History, Json
from tests.chaos.people import People
from tests.chaos.posting import CLIENTS, Answers, Posting
from tests.chaos.program import Program
from tests.chaos.scene import Scene
from web.routes.health import READY

WARM = 40  # updates taken before it begins
AFTERWARDS = 40  # updates taken after it is over
REFUSED = 20  # answers of 503 that make an outage seen
PAUSE = 0.1  # seconds between two updates of a client
STICKERS = 0.3  # share of the updates that are more than chatter
WORK_TAKES = 0.2  # seconds that Telegram takes to tell about a sticker set: so long a job is in hand

Deed = Callable[[], Awaitable[None]]


class Outage:
    """One run. `back_after` is seconds from the relief to the first acknowledgement."""

    def __init__(self, scene: Scene, program: Program, address: str, random: Random) -> None:
        self._scene = scene
        self._program = program
        self._address = address
        self._random = random
        self._people = People(scene.world, program, random)
        self._posting = Posting([address], Answers())
        self._is_over = False
        self._unheard_at_start = 0
        self.back_after = 0.0

    @property
    def answers(self) -> Answers:
        """What the clients heard."""
        return self._posting.answers

    @property
    def unheard(self) -> int:
        """Requests without any answer, once the hub had started."""
        return self.answers.unheard - self._unheard_at_start

    async def run(self, begin: Deed, relieve: Deed, *, seconds: float, is_total: bool = True) -> None:
        """From the start of the hub to its stop. A total outage refuses, and makes the hub not ready."""
        await self._scene.hub.start()
        async with self._clients():
            await self._taken(WARM)
            self._unheard_at_start = self.answers.unheard
            await begin()
            refused = self.answers.refused[503]
            await asyncio.sleep(seconds)
            if is_total:
                await self._until(lambda: self.answers.refused[503] >= refused + REFUSED)
                await self._until_ready(503)
            taken = len(self.answers.acknowledged)
            await relieve()
            relieved = time.monotonic()
            await self._until(lambda: self.answers.first_after(relieved) is not None)
            self.back_after = self.answers.first_after(relieved) or 0.0
            await self._taken(taken + AFTERWARDS)
            await self._until_ready(200)
        await self._until(self._is_quiet)
        life = await self._scene.hub.stop()
        assert life.exit_code == 0

    def history(self) -> History:
        """What it leaves."""
        found = self._scene.history(self._program, self._people, self.answers, deaths=(), lives=())
        return replace(found, outages=1)

    def figures(self) -> str:
        """The run in some lines."""
        log = self._scene.logs[0]
        errors, warnings = log.events("error", "critical"), log.events("warning")
        return (
            f"acknowledged {len(self.answers.acknowledged)}, refused {dict(self.answers.refused)}, "
            f"unheard {self.unheard}; accepting again after {self.back_after:.2f} s\n"
            f"errors {dict(errors)}, warnings {dict(warnings)}, tracebacks {log.tracebacks()}"
        )

    @asynccontextmanager
    async def _clients(self) -> AsyncIterator[None]:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(self._client())
                yield
                self._is_over = True
        finally:
            await self._posting.aclose()

    async def _client(self) -> None:
        while not self._is_over:
            await self._posting.post(self._next())
            await asyncio.sleep(PAUSE)

    def _next(self) -> Json:
        return self._people.send() if self._random.random() < STICKERS else self._people.chat()

    async def _taken(self, number: int) -> None:
        await self._until(lambda: len(self.answers.acknowledged) >= number)

    async def _until_ready(self, status: int) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client, asyncio.timeout(PATIENCE):
            while (await client.get(self._address + READY)).status_code != status:
                await asyncio.sleep(TICK)

    def _is_quiet(self) -> bool:
        look = self._scene.look
        return look.done_jobs() == len(self._scene.world.updates.emitted) and not look.unsettled()

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():
                assert self._scene.hub.is_alive
                await asyncio.sleep(TICK)
