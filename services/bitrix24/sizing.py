"""How many commands go into one batch, so that it lasts a third of the time a portal lets a request run.

The portal cuts a request after 60 s with part of it done. How long a command takes differs from 0.05 s to
more than a second, robots of the portal included, so it is measured for each method.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from services.bitrix24.commands import Command
from services.bitrix24.operating import Operating
from services.bitrix24.outcomes import NotRun, Outcome

LONGEST = 20.0  # seconds that the commands of a batch may take together
FIRST_WRITES = 20  # commands of a method that nobody has measured yet
LARGEST = 50  # commands in a batch; the portal takes no more
ROUNDING = 1e-6  # twenty times a second are twenty seconds
EASING = 0.5  # of the way down to a shorter time after each batch; up to a longer one at once


class Durations:
    """What a command of each method takes, in seconds, by what the last batches took."""

    def __init__(self) -> None:
        self._measured: dict[str, float] = {}

    def expected(self, command: Command) -> float:
        """Seconds; for a method nobody has measured, what makes the first batch as large as it may be."""
        first = LONGEST / (FIRST_WRITES if command.is_write else LARGEST)
        return self._measured.get(command.method.lower(), first)

    def is_new(self, command: Command) -> bool:
        """Whether it writes, and nobody knows yet how long that takes."""
        return command.is_write and command.method.lower() not in self._measured

    def fitting(self, commands: Sequence[Command], size: int) -> int:
        """How many of the first of these make one request: at least one, if there are any."""
        seconds = 0.0
        for count, command in enumerate(commands[:size]):
            seconds += self.expected(command)
            if count and seconds > LONGEST + ROUNDING:
                return count
        return min(size, len(commands))

    def learn(self, commands: Sequence[Command], outcomes: Sequence[Outcome], lasted: float) -> None:
        """Look at one request that took `lasted` seconds. What was not executed teaches nothing."""
        taken: dict[str, list[float]] = {}
        share = lasted / len(commands)
        for command, outcome in zip(commands, outcomes, strict=True):
            if not isinstance(outcome, NotRun):
                seconds = outcome.timing.duration if outcome.timing else share
                taken.setdefault(command.method.lower(), []).append(seconds)
        for method, times in taken.items():
            self._note(method, sum(times) / len(times))

    def _note(self, method: str, seconds: float) -> None:
        known = self._measured.get(method, seconds)
        self._measured[method] = max(seconds, known + (seconds - known) * EASING)


@dataclass
class Load:
    """One request that is being put together: only reads, or writes and what is read after them."""

    durations: Durations
    operating: Operating
    size: int
    busy: Collection[str]  # new methods whose first request is on its way
    commands: list[Command] = field(default_factory=list)
    by_method: dict[str, float] = field(default_factory=dict)  # seconds

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits."""
        return len(self.commands) >= self.size or sum(self.by_method.values()) >= LONGEST

    def may_begin(self, commands: Sequence[Command]) -> bool:
        """Whether these may be sent now, in a request of their own."""
        return not self.commands and all(map(self._is_free, commands))

    def begin(self, commands: Sequence[Command]) -> None:
        """Put them in as they are."""
        for command in commands:
            self._add(command)

    def takes(self, commands: Sequence[Command]) -> bool:
        """Put them in if all of them fit."""
        fits = self._has_time(commands) if self.commands else self.may_begin(commands)
        if fits:
            self.begin(commands)
        return fits

    def _is_free(self, command: Command) -> bool:
        is_proved = not self.durations.is_new(command) or command.method.lower() not in self.busy
        return is_proved and self.operating.room(command.method) > 0

    def _has_time(self, commands: Sequence[Command]) -> bool:
        is_alike = commands[0].is_write == self.commands[0].is_write
        if not is_alike or len(self.commands) + len(commands) > self.size:
            return False
        taken = dict(self.by_method)
        for command in commands:
            method = command.method.lower()
            taken[method] = taken.get(method, 0.0) + self.durations.expected(command)
            if not self._is_free(command) or taken[method] > self.operating.room(method):
                return False
        return sum(taken.values()) <= LONGEST + ROUNDING

    def _add(self, command: Command) -> None:
        method = command.method.lower()
        self.commands.append(command)
        self.by_method[method] = self.by_method.get(method, 0.0) + self.durations.expected(command)
