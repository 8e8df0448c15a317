"""A caller's batch in as few requests as it takes: in order, halting when asked to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.bitrix24.commands import Command
from services.bitrix24.encoding import travels_alone
from services.bitrix24.outcomes import (
    BATCH_REFUSED,
    FINAL,
    HALTED,
    UNRESOLVED,
    Failed,
    NotRun,
    Outcome,
    Unknown,
    asked_before,
)
from services.bitrix24.references import Unresolved, bind, check, depends_on_read
from services.bitrix24.retrying import Attempts
from services.bitrix24.sending import Sending
from services.bitrix24.singly import Singly


@dataclass(slots=True)
class _State:
    commands: Sequence[Command]
    halt: bool
    outcomes: list[Outcome | None]
    last: dict[int, NotRun] = field(default_factory=dict)

    @property
    def pending(self) -> list[int]:
        return [position for position, outcome in enumerate(self.outcomes) if outcome is None]

    @property
    def is_halted(self) -> bool:
        return self.halt and any(
            isinstance(one, Failed | Unknown) or (isinstance(one, NotRun) and one.code == UNRESOLVED)
            for one in self.outcomes
        )

    def take(self, positions: Sequence[int], outcomes: Sequence[Outcome]) -> NotRun | None:
        """Keep what is over; the worst of what may be tried again, if any."""
        worst: NotRun | None = None
        for position, outcome in zip(positions, outcomes, strict=True):
            if not isinstance(outcome, NotRun):
                self.outcomes[position] = outcome
                continue
            self.last[position] = asked_before(self.last.get(position), outcome)
            if outcome.code != HALTED and (worst is None or _asked(outcome) > _asked(worst)):
                worst = outcome
        return worst

    def give_up(self, why: NotRun) -> list[Outcome]:
        """Everything, with the rest not run."""
        for position in self.pending:
            self.outcomes[position] = self.last.get(position, why)
        return [outcome for outcome in self.outcomes if outcome is not None]


class Rounds:
    """Works batches off."""

    def __init__(self, sending: Sending, singly: Singly, new_attempts: Callable[[], Attempts]) -> None:
        self._sending = sending
        self._singly = singly
        self._new_attempts = new_attempts

    async def run(self, commands: Sequence[Command], *, halt: bool, urgent: bool) -> list[Outcome]:
        """What became of each command, in order. Raises ValueError for a batch that makes no sense."""
        check(commands, halt)
        state = _State(commands, halt, [None] * len(commands))
        head, attempts = 0, self._new_attempts()
        while pending := state.pending:
            if state.is_halted:
                return state.give_up(NotRun("an earlier command failed", code=HALTED))
            if pending[0] != head:
                head, attempts = pending[0], self._new_attempts()
            going = self._next(state, pending)
            if going and (why := await self._try(state, going, attempts, urgent)):
                return state.give_up(why)
        return state.give_up(NotRun("", code=HALTED))

    async def _try(
        self, state: _State, going: dict[int, Command], attempts: Attempts, urgent: bool
    ) -> NotRun | None:
        """One request; the reason to stop when no further one makes sense."""
        commands = list(going.values())
        outcomes = await self._sending.together(commands, halt=state.halt, urgent=urgent)
        failed = state.take(list(going), outcomes)
        if failed is None or state.is_halted:
            return None
        if failed.code == BATCH_REFUSED:
            self._singly.begin(failed.reason)
            return None
        if failed.code in FINAL:
            return failed
        what = commands[0].method if len(commands) == 1 else "batch"
        return None if await attempts.again(what, failed) else failed

    def _next(self, state: _State, pending: Sequence[int]) -> dict[int, Command]:
        """What goes into the next request, by its position in the caller's batch."""
        going: dict[int, Command] = {}
        for position in pending[: 1 if self._singly.is_on else len(pending)]:
            beside = {earlier: place for place, earlier in enumerate(going)}
            try:
                command = bind(state.commands[position], state.outcomes, beside)
            except Unresolved as error:
                if not going:
                    reason = f"{error} gave nothing of the kind"
                    state.outcomes[position] = NotRun(reason, code=UNRESOLVED)
                break
            is_alone = travels_alone(command)
            if going and (is_alone or not self._fits(command, list(going.values()))):
                break
            going[position] = command
            if is_alone:
                break
        return going

    def _fits(self, command: Command, beside: list[Command]) -> bool:
        together = [*beside, command]
        return not depends_on_read(command, beside) and self._sending.fitting(together) == len(together)


def _asked(outcome: NotRun) -> float:
    return outcome.retry_after or 0.0
