"""Those who write and press. What they do is an update for us to deliver, not for the stand-in."""

from collections import deque
from random import Random

from sandbox.telegram.world import World
from tests.chaos.driver import PRESS, proposed
from tests.chaos.history import Json
from tests.chaos.look import Look
from tests.chaos.program import Program, Sending

PRESSED = 0.4  # share of the proposals that somebody presses


class People:
    """Everybody in a program. `presses` wait to be delivered; `known_listed` is as in History."""

    def __init__(self, world: World, program: Program, random: Random, look: Look | None = None) -> None:
        """Without a look nothing counts as known to be listed."""
        self._world = world
        self._program = program
        self._random = random
        self._look = look
        self._tokens: set[str] = set()
        self._seen_calls = 0
        self.presses: deque[Json] = deque()
        self.pressed = 0
        self.known_listed: set[tuple[int, int]] = set()

    def send(self) -> Json:
        """Somebody sends a sticker."""
        return self.send_one(self._random.choice(self._program.sendings))

    def send_one(self, sending: Sending) -> Json:
        """A certain one."""
        is_listed = self._look is not None and self._look.is_listed(sending.sticker.set_name or "")
        message = self._world.send_sticker(sending.chat_id, sending.person_id, sending.sticker)
        if is_listed:
            self.known_listed.add((sending.chat_id, message.message_id))
        return self._emitted()

    def chat(self) -> Json:
        """Somebody says something to the others in a group."""
        group, members = self._random.choice(list(self._program.groups.items()))
        self._world.send_text(group, self._random.choice(members), "Good morning!")
        return self._emitted()

    def respond(self) -> None:
        """Look at what the bot has shown since, and press some of it."""
        calls = self._world.ledger.newest(self._world.ledger.last - self._seen_calls, lambda _: True)
        self._seen_calls = self._world.ledger.last
        for call in calls:
            token = proposed(call)
            if token and token not in self._tokens:
                self._tokens.add(token)
                self._press(call.params["chat_id"], call.answer["result"]["message_id"], token)

    def _press(self, chat_id: int, message_id: int, token: str) -> None:
        people = self._program.people_in(chat_id)
        times = self._random.choice((1, 1, 2)) if self._random.random() < PRESSED else 0
        for person in self._random.choices(people, k=times):
            self._world.press(chat_id, message_id, person, f"{PRESS}{token}")
            self.presses.append(self._emitted())
            self.pressed += 1

    def _emitted(self) -> Json:
        self._world.updates.clear()
        newest: Json = self._world.updates.emitted[-1]
        return newest
