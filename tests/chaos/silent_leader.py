"""Two hubs, and the one that sends is stopped in the middle of it until the other has taken its place."""

import asyncio
from collections.abc import Callable
from random import Random

from tests.chaos.driver import PATIENCE, TICK
from tests.chaos.history import History
from tests.chaos.people import People
from tests.chaos.posting import Answers, Posting
from tests.chaos.program import Program
from tests.chaos.scene import Scene

BATCH = 10  # stickers a round
ANSWER_TIME = 1.0  # seconds until a client turns from a hub that says nothing to the other
SENDING_TAKES = 0.1  # seconds that Telegram takes for a text, so that some are still to be sent
SENT = "SELECT count(*) FROM messages WHERE kind = 'text' AND state = 'sent'"
UNSENT = "SELECT count(*) FROM messages WHERE kind = 'text' AND state = 'waiting'"


class SilentLeader:
    """One run. `late_sendings` are, by round, what the stopped one still had sent when it came back."""

    def __init__(self, scene: Scene, program: Program, addresses: list[str], random: Random) -> None:
        self._scene = scene
        self._program = program
        self._people = People(scene.world, program, random)
        self._posting = Posting(addresses, Answers(), answer_time=ANSWER_TIME)
        self.late_sendings: list[int] = []

    async def run(self, rounds: int) -> None:
        """From the first start to the last stop."""
        self._scene.world.faults.add("slow", "sendMessage", delay=SENDING_TAKES)
        try:
            for hub in self._scene.hubs:
                await hub.start()
            for _ in range(rounds):
                async with asyncio.timeout(3 * PATIENCE):
                    await self._round()
            for hub in self._scene.hubs:
                assert (await hub.stop()).exit_code == 0
        finally:
            await self._posting.aclose()

    def history(self) -> History:
        """What it leaves."""
        return self._scene.history(self._program, self._people, self._posting.answers, deaths=(), lives=())

    async def _round(self) -> None:
        await self._until(lambda: self._leader() is not None)
        leader = self._leader()
        assert leader is not None
        hub, log, other = self._scene.hubs[leader], self._scene.logs[leader], self._scene.logs[1 - leader]
        sent, taken = self._scene.look.number(SENT), other.count("leadership.taken")
        async with asyncio.TaskGroup() as group:
            for _ in range(BATCH):
                group.create_task(self._posting.post(self._people.send()))
            await self._until(lambda: self._scene.look.number(SENT) > sent)
            assert self._scene.look.number(UNSENT)
            hub.halt()
        sendings, resigned = log.tasks("sending").total(), log.count("leadership.ended")
        await self._until(lambda: other.count("leadership.taken") > taken and self._is_quiet())
        hub.resume()
        await self._until(lambda: log.count("leadership.ended") > resigned)
        await self._until(self._is_quiet)
        self.late_sendings.append(log.tasks("sending").total() - sendings)

    def _leader(self) -> int | None:
        leads = [log.count("leadership.taken") - log.count("leadership.ended") for log in self._scene.logs]
        return leads.index(1) if sum(leads) == 1 else None

    def _is_quiet(self) -> bool:
        look = self._scene.look
        return look.done_jobs() == len(self._scene.world.updates.emitted) and not look.unsettled()

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():
                await asyncio.sleep(TICK)
