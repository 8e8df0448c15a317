"""The kill storm: clients post updates without a pause while the hub is killed over and over."""

import asyncio
import time
from collections.abc import Callable, Sequence
from random import Random

from services.engine.failpoints import NAMES
from tests.chaos.driver import TICK, Death
from tests.chaos.history import History, Json
from tests.chaos.hub import Life
from tests.chaos.people import People
from tests.chaos.posting import CLIENTS, Answers, Posting
from tests.chaos.program import Kill, Program
from tests.chaos.scene import Scene

PATIENCE = 45.0  # seconds without any change until the run counts as stuck
STUCK = (
    "SELECT id, topic, state FROM jobs WHERE state IN ('waiting', 'claimed') UNION ALL "
    "SELECT id, kind, state FROM messages WHERE state IN ('waiting', 'sending') AND kind <> 'delete'"
)
UNWORKED = 300  # updates not worked yet, at most
UNSENT = 60  # jobs and messages that are due, at most; from there on people only chat, and get no answer
SOONEST, LATEST = 0.15, 0.6  # seconds of work before a kill
AT_RANDOM, STARTING = "any", "starting"  # where a kill comes that is not at a failpoint
PASSAGES = 12  # of a failpoint before it kills, at most
REPEATED = 0.05  # share of the updates that come again although they were acknowledged


class Storm:
    """One run. `kills` are worked off in order; see `history` for what came of them."""

    def __init__(
        self, scene: Scene, program: Program, address: str, kills: Sequence[Kill], random: Random
    ) -> None:
        self._scene = scene
        self._program = program
        self._random = random
        self._kills = kills
        self._people = People(scene.world, program, random, scene.look)
        self._posting = Posting([address], Answers())
        self._deaths: list[Death] = []
        self._lives: list[Life] = []
        self._began: list[float] = []
        self._unworked = 0
        self._unsent = 0
        self._is_over = False

    @property
    def answers(self) -> Answers:
        """What the clients heard."""
        return self._posting.answers

    async def run(self) -> None:
        """From the first start to the last stop."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                for _ in range(CLIENTS):
                    group.create_task(self._client())
                await self._start()
                for kill in self._kills:
                    await self._kill(kill)
                # However few the kills were: every sort of work has been done.
                await self._until(lambda: self._people.pressed > 0 and self._has_answered())
                self._is_over = True
            await self._until(lambda: self._count() == 0)
            self._lives.append(await self._scene.hub.stop())
        finally:
            await self._posting.aclose()

    def restarts(self) -> list[float]:
        """Seconds from each start after a kill to its first acknowledgement."""
        ends = [*self._began[1:], time.monotonic()]
        found = [self.answers.first_after(began) for began in self._began]
        spans = zip(self._began[1:], ends[1:], found[1:], strict=True)
        return [first for began, end, first in spans if first is not None and began + first < end]

    def history(self) -> History:
        """What it leaves."""
        return self._scene.history(
            self._program, self._people, self.answers, deaths=self._deaths, lives=self._lives
        )

    async def _start(self) -> None:
        self._began.append(time.monotonic())
        await self._scene.hub.start()

    async def _kill(self, kill: Kill) -> None:
        if kill.point == STARTING and self._is_all_certain():
            await asyncio.sleep(self._random.uniform(SOONEST, max([LATEST, *self.restarts()[-1:]])))
            self._scene.hub.kill()
        else:
            await self._kill_working(kill)
        await self._bury(kill)
        await self._start()

    async def _kill_working(self, kill: Kill) -> None:
        hub = self._scene.hub
        await self._until(self._has_answered)
        if kill.point not in NAMES:
            await asyncio.sleep(self._random.uniform(SOONEST, LATEST))
        # A text that is being repeated would, cut off a second time, be given up by design.
        await self._until(lambda: self._scene.look.texts_to_repeat() == 0)
        if kill.point in NAMES:
            await hub.arm(kill.point, kill.passages)
            await self._until(lambda: not hub.is_alive)
        else:
            hub.kill()

    def _has_answered(self) -> bool:
        return self.answers.first_after(self._began[-1]) is not None

    def _is_all_certain(self) -> bool:
        look = self._scene.look
        return look.texts_to_repeat() + look.texts_on_their_way() == 0

    async def _bury(self, kill: Kill) -> None:
        life = await self._scene.hub.ended()
        assert life.was_killed, f"the hub ended by itself, with {life.exit_code}"
        await asyncio.sleep(TICK)  # for the stand-in to look at the last calls
        self._lives.append(life)
        last_call = self._scene.world.ledger.last
        self._deaths.append(Death(kill, self._scene.look.texts_on_their_way(), last_call))

    async def _client(self) -> None:
        while (update := await self._next()) is not None:
            await self._posting.post(update)
            if self._random.random() < REPEATED:
                await self._posting.post(update)

    async def _next(self) -> Json | None:
        """Something to post: a press that is due, else a sticker or a chat as soon as there is room."""
        while not self._people.presses:
            if self._is_over:
                return None
            if self._unsent < UNSENT:
                self._unsent += 1
                return self._people.send()
            if self._unworked < UNWORKED:
                self._unworked += 1
                return self._people.chat()
            await asyncio.sleep(TICK)
        return self._people.presses.popleft()

    async def _watch(self) -> None:
        while not self._is_over:
            self._count()
            self._people.respond()
            await asyncio.sleep(4 * TICK)

    def _count(self) -> int:
        self._unworked = len(self._scene.world.updates.emitted) - self._scene.look.done_jobs()
        self._unsent = self._scene.look.unsettled()
        return self._unworked + self._unsent

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Let things go on until it is so; AssertionError when nothing has changed for long."""
        try:
            await self._wait(reached)
        except TimeoutError:
            stuck = self._scene.look.rows(STUCK)
            raise AssertionError(f"nothing goes on with {stuck}") from None

    async def _wait(self, reached: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE) as limit:
            before = self._picture()
            while not reached():
                await asyncio.sleep(TICK)
                if (now := self._picture()) != before:
                    before = now
                    limit.reschedule(loop.time() + PATIENCE)

    def _picture(self) -> tuple[int, int, int]:
        return len(self.answers.acknowledged), self._scene.world.ledger.last, len(self._deaths)


def draw_kills(count: int, random: Random) -> list[Kill]:
    """Most at any moment, some at a failpoint, a few while the hub starts."""
    points = [*NAMES, STARTING]
    found = []
    for number in range(count):
        point = points[number // 3 % len(points)] if number % 3 == 1 else AT_RANDOM
        found.append(Kill(point, random.randint(1, PASSAGES), 0))
    return found
