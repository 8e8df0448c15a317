"""Two admins decide about the same thing at the same moment, each in a chat of their own: the first decides.

A duel counts as overlapped when both handlers began before the transaction of either had ended, by the
machine's monotonic clock; with two processes, when moreover each worked one of them.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.telegram.messages import Message
from sandbox.telegram.people import Person
from services.texts import Texts
from tests.chaos.driver import PATIENCE, TICK
from tests.chaos.scene import Scene

ALICE, BORIS, CHEN = 500100200, 500100201, 500100202
NAMES = {ALICE: "Alice", BORIS: "Boris"}
ADMINS = {
    "ADMIN_IDS": f"{ALICE},{BORIS}",
    "GALLERY_APPROVAL": "auto",
    "DEFAULT_LANGUAGE": "en",
    "JOB_CONCURRENCY": '{"telegram": 1, "default": 10}',  # so that no process takes both
}
AT_ONCE = 8  # proposals in one message
_TEXTS = Texts.load()


@dataclass(frozen=True, slots=True)
class Move:
    """One admin's decision: `update_id` is what the hub got, `query_id` what a press waits for."""

    who: int
    approve: bool
    card: Message
    update_id: int
    query_id: str | None


@dataclass(frozen=True, slots=True)
class Duel:
    """Two moves about one set."""

    name: str
    moves: tuple[Move, Move]


class Duels:
    """A run of them. With `reacts` Boris decides by a reaction, else by a button too."""

    def __init__(self, scene: Scene, random: Random, *, reacts: bool) -> None:
        self._scene = scene
        self._world = scene.world
        self._random = random
        self._reacts = reacts
        self._asked = 0
        self.fought: list[Duel] = []
        for who, name in (*NAMES.items(), (CHEN, "Chen")):
            self._world.add_person(Person(who, name, language_code="en", started=True))

    async def run(self, wanted: int) -> None:
        """Fight until so many have overlapped, or three times as many were fought."""
        for hub in self._scene.hubs:
            await hub.start()
        while self.overlapped() < wanted and len(self.fought) < 3 * wanted:
            for name in await self._ask():
                self.fought.append(await self._fight(name))
        await self._scene.until_quiet()
        for hub in self._scene.hubs:
            assert (await hub.stop()).exit_code == 0

    def overlapped(self) -> int:
        """How many truly did."""
        tasks = dict(self._scene.look.rows("SELECT dedup_id, id FROM jobs WHERE topic = 'telegram'"))
        begun, ended = (self._moments(point) for point in ("handling", "finish"))
        both = [[_task(tasks, self._world.bot.id, move) for move in duel.moves] for duel in self.fought]
        return sum(
            # What has just finished may not be noted yet, and does not count then.
            _overlap([begun[task] for task in pair], [ended.get(task, (0.0, 0)) for task in pair])
            for pair in both
        )

    def _moments(self, point: str) -> dict[str, tuple[float, int]]:
        """When each task passed a point, and in which of the processes."""
        books = enumerate(self._scene.logs)
        found = {task: (at, number) for number, book in books for task, at in book.moments(point).items()}
        if len(self._scene.logs) == 1:  # which cannot be two: each task counts as its own
            return {task: (at, number) for number, (task, (at, _)) in enumerate(found.items())}
        return found

    async def _ask(self) -> list[str]:
        """Chen asks for some sets in one message; their names, once both admins have the cards."""
        names = [f"Duel_{self._asked + number}_by_bot" for number in range(AT_ONCE)]
        self._asked += AT_ONCE
        for name in names:
            self._world.add_set(name, name)
        self._world.send_text(CHEN, CHEN, " ".join(f"https://t.me/addstickers/{name}" for name in names))
        await self._scene.until_quiet()
        # What came of the set before may be told after it.
        offer = next(each for each in reversed(self._world.sent(CHEN)) if names[-1] in each.text)
        self._world.react(CHEN, offer.message_id, CHEN, ["👍"])
        await self._until(lambda: all(self._card(who, names[-1]) for who in NAMES))
        await self._scene.until_quiet()
        return names

    async def _fight(self, name: str) -> Duel:
        cards = {who: self._card(who, name) for who in NAMES}
        first = [*NAMES]
        self._random.shuffle(first)
        moves = [self._move(who, cards[who]) for who in first]
        await self._until(lambda: self._scene.look.done_jobs() == len(self._world.updates.emitted))
        return Duel(name, (moves[0], moves[1]))

    def _move(self, who: int, card: Message | None) -> Move:
        assert card is not None
        approve, query = self._random.random() < 0.5, None
        if who == BORIS and self._reacts:
            self._world.react(who, card.message_id, who, ["👍" if approve else "👎"])
        else:
            wanted = "v1:yes:" if approve else "v1:no:"
            buttons = [each["callback_data"] for row in card.buttons for each in row]
            data = next(each for each in buttons if each.startswith(wanted))
            query = self._world.press(who, card.message_id, who, data)
        return Move(who, approve, card, self._world.updates.emitted[-1]["update_id"], query)

    def _card(self, who: int, name: str) -> Message | None:
        newest = self._world.sent(who)[-3 * AT_ONCE :]
        return next((each for each in newest if name in each.text.split("\n") and each.buttons), None)

    async def _until(self, reached: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():
                await asyncio.sleep(TICK)

    # What came of them

    def faults(self) -> list[str]:
        """Every rule that some duel broke."""
        look = self._scene.look
        decided = {key: row for key, *row in look.rows("SELECT key, state, decided_by FROM approvals")}
        journal = Counter(look.rows("SELECT key, action FROM journal WHERE action <> 'ask'"))
        listed = {name for (name,) in look.rows("SELECT name FROM sticker_sets")}
        return [
            f"{duel.name}: {fault}"
            for duel in self.fought
            for fault in self._broken(duel, decided[duel.name], journal, listed)
        ]

    def _broken(
        self, duel: Duel, decided: Sequence[Any], journal: Counter[tuple[Any, ...]], listed: set[str]
    ) -> list[str]:
        state, actor = decided
        winner = next((move for move in duel.moves if actor == f"user:{move.who}"), None)
        if winner is None or state != ("approved" if winner.approve else "rejected"):
            return [f"{state} by {actor}"]
        loser = duel.moves[duel.moves[0] is winner]
        entries = [(duel.name, "approve"), (duel.name, "reject"), (duel.name, "add")]
        counts = [journal[each] for each in entries]
        told = _TEXTS.translate("en", f"first-{state}", {"name": NAMES[winner.who], "at": ""})
        checks = {
            f"journal says {counts}": counts == [winner.approve, not winner.approve, winner.approve],
            "the gallery says otherwise": (duel.name in listed) == winner.approve,
            "the second was not told who was first": self._heard(loser).startswith(told),
            "the first was told of another": " was first" not in self._heard(winner),
            "the cards differ": len({move.card.text for move in duel.moves}) == 1,
            "a card has buttons": not any(move.card.buttons for move in duel.moves),
        }
        return [fault for fault, holds in checks.items() if not holds]

    def _heard(self, move: Move) -> str:
        """What somebody was told of their own decision."""
        if move.query_id:
            answer = self._world.queries.answer_of(move.query_id)
            return (answer.text or "") if answer else ""
        replies = [each for each in self._world.sent(move.who) if each.reply_to is move.card]
        return " ".join(each.text for each in replies)

    def figures(self) -> str:
        """The run in a line."""
        look = self._scene.look
        states = dict(look.rows("SELECT state, count(*) FROM approvals GROUP BY state"))
        firsts = dict(look.rows("SELECT decided_name, count(*) FROM approvals GROUP BY decided_name"))
        where = "two processes" if len(self._scene.logs) > 1 else "one process"
        doors = "a press and a reaction" if self._reacts else "two presses"
        return (
            f"{len(self.fought)} times {doors} on {where}: {self.overlapped()} overlapped;"
            f" {states}, first were {firsts}"
        )


def _task(tasks: dict[str, int], bot_id: int, move: Move) -> str:
    return f"job.telegram.{tasks[f'{bot_id}:{move.update_id}']}"


def _overlap(begun: list[tuple[float, int]], ended: list[tuple[float, int]]) -> bool:
    apart = begun[0][1] != begun[1][1]
    return apart and max(at for at, _ in begun) < min(at for at, _ in ended)
