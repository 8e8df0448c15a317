"""Runs the program: people send, press and react; the hub is killed and started again."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from sandbox.telegram.ledger import Call
from sandbox.telegram.world import World
from tests.chaos.hub import HubProcess, Life
from tests.chaos.look import Look
from tests.chaos.program import Kill, Program, Sending

OUTSTANDING = (
    24  # updates not worked yet, at most: so that the kills meet work, and work goes on between them
)
PROGRESS = 5  # jobs finished after a start before the next kill is armed
TICK = 0.005  # seconds between looks at what has changed
PATIENCE = 60.0  # seconds without any change until the run counts as stuck
YES = "👍"
PRESS = "v1:add:"  # what the button of a proposal carries before its token


@dataclass(frozen=True, slots=True)
class Death:
    """One kill as it came: what was in doubt then, and the last call in the ledger before the next life."""

    kill: Kill
    texts_on_their_way: int
    last_call: int


@dataclass(frozen=True, slots=True)
class _Thumb:
    chat_id: int
    message_id: int
    person_id: int
    token: str


class Driver:
    """One run. Afterwards `deaths` has every kill, `lives` every process, `known_listed` the stickers
    (chat, message) that were sent when the gallery's row of their set could already be read, and `gap` the
    most updates that were ever seen confirmed to the stand-in but not stored.
    """

    def __init__(self, world: World, program: Program, hub: HubProcess, look: Look, random: Random) -> None:
        self._world = world
        self._program = program
        self._hub = hub
        self._look = look
        self._random = random
        self._sent = 0
        self._kills: Iterator[Kill] = iter(program.kills)
        self._next_kill = next(self._kills, None)
        self._armed: Kill | None = None
        self._done_at_start = 0
        self._seen_calls = 0
        self._thumbs: list[_Thumb] = []
        self._first_copies: dict[str, int] = {}  # by token: a doubled proposal is pressed on its elder twin
        self.known_listed: set[tuple[int, int]] = set()
        self.deaths: list[Death] = []
        self.lives: list[Life] = []
        self.gap = 0

    async def run(self) -> None:
        """From the first start to the last stop."""
        await self._hub.start()
        for sending in self._program.sendings:
            await self._tick()
            await self._until(lambda: self._outstanding() < OUTSTANDING)
            self._send(sending)
        await self._until(self._is_quiet)
        assert self._armed is None, f"never reached: {self._armed}"
        assert self._next_kill is None, f"never armed: {self._next_kill}"
        self.lives.append(await self._hub.stop())

    def _outstanding(self) -> int:
        return len(self._world.updates.emitted) - self._look.done_jobs()

    def _confirmed(self) -> int:
        return len(self._world.updates.emitted) - self._world.updates.pending_count

    def _is_quiet(self) -> bool:
        at_rest = self._hub.is_alive and not self._thumbs and not self._world.updates.pending_count
        return at_rest and not self._look.unsettled()

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Let things go on until it is so; TimeoutError when nothing has changed for long."""
        async with asyncio.timeout(PATIENCE) as limit:
            before = self._picture()
            while not reached():
                await self._tick()
                if (now := self._picture()) != before:
                    before = now
                    limit.reschedule(asyncio.get_running_loop().time() + PATIENCE)

    def _picture(self) -> tuple[int, int, int]:
        calls = sum(call.method != "getUpdates" for call in self._world.ledger.calls)
        return self._look.done_jobs(), calls, len(self.deaths)

    async def _tick(self) -> None:
        await asyncio.sleep(TICK)
        self.gap = max(self.gap, self._confirmed() - self._look.jobs())
        self._respond()
        if not self._hub.is_alive:
            await self._bury()
        elif self._armed is None and self._next_kill and self._is_time(self._next_kill):
            self._armed = self._next_kill
            self._next_kill = next(self._kills, None)
            await self._hub.arm(self._armed.point, self._armed.passages)

    def _is_time(self, kill: Kill) -> bool:
        """Not while a text is repeated: cut off a second time it would, by design, be given up."""
        progress = self._look.done_jobs() - self._done_at_start
        return self._sent >= kill.after and progress >= PROGRESS and not self._look.texts_to_repeat()

    async def _bury(self) -> None:
        life = await self._hub.ended()
        assert life.was_killed, f"the hub ended by itself, with {life.exit_code}"
        assert self._armed is not None
        last_call = self._world.ledger.calls[-1].n
        self.lives.append(life)
        self.deaths.append(Death(self._armed, self._look.texts_on_their_way(), last_call))
        self._armed = None
        self._done_at_start = self._look.done_jobs()
        await self._hub.start()

    def _send(self, sending: Sending) -> None:
        is_listed = self._look.is_listed(sending.sticker.set_name or "")
        message = self._world.send_sticker(sending.chat_id, sending.person_id, sending.sticker)
        if is_listed:
            self.known_listed.add((sending.chat_id, message.message_id))
        self._sent += 1

    def _respond(self) -> None:
        """Look at what the bot has shown since, and put thumbs where the hub knows its own message."""
        calls = self._world.ledger.calls
        for call in calls[self._seen_calls :]:
            if token := proposed(call):
                self._meet(call.params["chat_id"], call.answer["result"]["message_id"], token)
        self._seen_calls = len(calls)
        self._thumbs = [thumb for thumb in self._thumbs if not self._has_reacted(thumb)]

    def _meet(self, chat_id: int, message_id: int, token: str) -> None:
        """Some proposals are pressed, some of these by two at once, some get a 👍, many are left alone."""
        people = self._program.people_in(chat_id)
        someone, other = self._random.choice(people), self._random.choice(people)
        drawn = self._random.random()
        if drawn < 0.25:
            self._press(chat_id, message_id, someone, token)
        if drawn < 0.1:
            self._press(chat_id, message_id, other, token)
        if 0.2 < drawn < 0.35:
            self._thumbs.append(_Thumb(chat_id, message_id, someone, token))
        if first := self._first_copies.get(token):
            self._press(chat_id, first, someone, token)
        self._first_copies.setdefault(token, message_id)

    def _press(self, chat_id: int, message_id: int, person_id: int, token: str) -> None:
        self._world.press(chat_id, message_id, person_id, f"{PRESS}{token}")

    def _has_reacted(self, thumb: _Thumb) -> bool:
        """True when done with. A 👍 names only a message: it means nothing before the hub knows that one."""
        known = self._look.shown_as(thumb.token)
        if known == thumb.message_id:
            self._world.react(thumb.chat_id, thumb.message_id, thumb.person_id, [YES])
        return known is not None


def proposed(call: Call) -> str | None:
    """The token of the proposal that a call has shown, if that is what it did."""
    if call.method != "sendMessage" or not call.applied:
        return None
    rows = (call.params.get("reply_markup") or {}).get("inline_keyboard", [])
    data = [button.get("callback_data", "") for row in rows for button in row]
    return next((each.removeprefix(PRESS) for each in data if each.startswith(PRESS)), None)
