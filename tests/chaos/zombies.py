"""Two hubs on one database. In each round one is stopped or killed with jobs in its hands, and comes back."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from statistics import median

import httpx

from tests.chaos.driver import PATIENCE, TICK, Death
from tests.chaos.history import History, Json
from tests.chaos.hub import HubProcess
from tests.chaos.people import People
from tests.chaos.posting import Answers, Posting
from tests.chaos.program import Kill, Program, Sending
from tests.chaos.scene import Scene, is_taken
from web.routes.health import READY

BATCH = 16  # stickers a round, besides the presses
IN_HAND = 4  # jobs being worked when it happens, at least
WORK_TAKES = 0.2  # seconds that Telegram takes to tell about a sticker set: so long a job is in hand
ANSWER_TIME = 1.0  # seconds until a client turns from a hub that says nothing to the other
KILL_EVERY = 4  # rounds, the others stop it
CLAIMED = "SELECT count(*) FROM jobs WHERE topic = 'telegram' AND state = 'claimed'"
STUCK = "SELECT id, topic, key, state, attempts, due_at, owner, lease_until FROM jobs WHERE state <> 'done'"


class Zombies:
    """One run. `takeovers` are seconds from a stop or kill until all that was taken in by then was worked."""

    def __init__(self, scene: Scene, program: Program, addresses: list[str], random: Random) -> None:
        self._scene = scene
        self._program = program
        self._random = random
        self._people = People(scene.world, program, random)
        self._addresses = addresses
        self._posting = Posting(addresses, Answers(), answer_time=ANSWER_TIME)
        self._deaths: list[Death] = []
        self.takeovers: list[float] = []

    async def run(self, rounds: int) -> None:
        """From the first start to the last stop."""
        self._scene.world.faults.add("slow", "getStickerSet", delay=WORK_TAKES)
        try:
            for hub, address in zip(self._scene.hubs, self._addresses, strict=True):
                await self._start(hub, address)
            for number in range(rounds):
                async with asyncio.timeout(3 * PATIENCE):
                    await self._round(number % 2, kills=number % KILL_EVERY == KILL_EVERY - 1)
            await self._until(lambda: self._undone() == 0 and not self._scene.look.unsettled())
            for hub in self._scene.hubs:
                assert (await hub.stop()).exit_code == 0
        finally:
            await self._posting.aclose()

    def stale_tried(self) -> int:
        """Finishes of jobs that were somebody else's by then."""
        return sum(log.count("job.claim_lost") for log in self._scene.logs)

    def stale_accepted(self) -> int:
        """Jobs that were finished again after they had been finished."""
        finishes: Counter[str] = Counter()
        for log in self._scene.logs:
            finishes += log.tasks("finish")
        return sum(count - 1 for count in finishes.values())

    def history(self) -> History:
        """What it leaves."""
        return self._scene.history(
            self._program, self._people, self._posting.answers, deaths=self._deaths, lives=()
        )

    def figures(self) -> str:
        """The run in a line."""
        spans = sorted(self.takeovers)
        stale = f"stale finishes tried {self.stale_tried()}, accepted {self.stale_accepted()}"
        takeover = f"takeover p50 {median(spans):.2f} s, longest {_shown(spans[-5:])} s"
        return f"{len(spans)} rounds, {stale}; {takeover}"

    async def _round(self, victim: int, *, kills: bool) -> None:
        hub = self._scene.hubs[victim]
        async with asyncio.TaskGroup() as group:
            for update in self._batch():
                group.create_task(self._posting.post(update))
            await self._until(lambda: self._scene.look.number(CLAIMED) >= IN_HAND)
            began = time.monotonic()
            if kills:
                hub.kill()
                assert (await hub.ended()).was_killed
                self._deaths.append(self._death())
            else:
                hub.halt()
        await self._until(lambda: self._undone() == 0)
        self.takeovers.append(time.monotonic() - began)
        if kills:
            await self._start(hub, self._addresses[victim])
        else:
            hub.resume()
            await self._until_ready(self._addresses[victim])

    async def _start(self, hub: HubProcess, address: str) -> None:
        await hub.start()
        async with asyncio.timeout(PATIENCE):
            while not is_taken(address):
                await asyncio.sleep(TICK)
        await self._until_ready(address)

    def _death(self) -> Death:
        kill = Kill("any", 0, len(self.takeovers))
        return Death(kill, self._scene.look.texts_on_their_way(), self._scene.world.ledger.last)

    def _batch(self) -> list[Json]:
        self._people.respond()
        presses = list(self._people.presses)
        self._people.presses.clear()
        return presses + [self._people.send_one(sending) for sending in self._slow_ones()]

    def _slow_ones(self) -> list[Sending]:
        """Stickers that Telegram is asked about, each in a chat of its own: all can be in hand at once."""
        drawn = self._random.sample(self._program.sendings, len(self._program.sendings))
        slow = (one for one in drawn if one.chat_id > 0 and one.sticker.set_name not in self._program.listed)
        return list({one.chat_id: one for one in slow}.values())[:BATCH]

    def _undone(self) -> int:
        return len(self._scene.world.updates.emitted) - self._scene.look.done_jobs()

    async def _until_ready(self, address: str) -> None:
        """Its loop turns and it writes to the database; its late finishes may still be to come."""
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client, asyncio.timeout(PATIENCE):
            while (await client.get(address + READY)).status_code != 200:
                await asyncio.sleep(TICK)

    async def _until(self, reached: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not reached():
                    await asyncio.sleep(TICK)
        except TimeoutError:
            raise AssertionError(f"nothing goes on with {self._scene.look.rows(STUCK)}") from None


def _shown(spans: list[float]) -> str:
    return ", ".join(f"{span:.2f}" for span in spans)
