"""Where calls leave the client: through the batcher, unless the portal is left alone just now."""

from collections.abc import Sequence
from typing import Protocol

from services.bitrix24.commands import Command
from services.bitrix24.outcomes import LEFT_ALONE, NotRun, Outcome
from services.engine.breaker import Breaker


class Batches(Protocol):
    """Waits for the limiter, lets calls share requests, and tells what became of each. See batcher.py."""

    async def call(self, command: Command, *, urgent: bool = False, alone: bool = False) -> Outcome:
        """Send one command, with others when it has to wait; `alone` never with others."""
        ...

    async def together(
        self, commands: Sequence[Command], *, halt: bool = False, urgent: bool = False
    ) -> list[Outcome]:
        """Send these in one request, in this order."""
        ...

    def fitting(self, commands: Sequence[Command]) -> int:
        """How many of the first of these should go into one request: at least one."""
        ...


class Sending:
    """Spares calls the queue when their end is known before."""

    def __init__(self, batches: Batches, breaker: Breaker) -> None:
        self._batches = batches
        self._breaker = breaker

    async def call(self, command: Command, *, urgent: bool, alone: bool) -> Outcome:
        """See Batches."""
        return self._refusal() or await self._batches.call(command, urgent=urgent, alone=alone)

    async def together(self, commands: Sequence[Command], *, halt: bool, urgent: bool) -> list[Outcome]:
        """See Batches."""
        if refusal := self._refusal():
            return [refusal for _ in commands]
        return await self._batches.together(commands, halt=halt, urgent=urgent)

    def fitting(self, commands: Sequence[Command]) -> int:
        """See Batches."""
        return self._batches.fitting(commands)

    def _refusal(self) -> NotRun | None:
        left = self._breaker.left
        return NotRun("left alone, it failed", left, LEFT_ALONE) if left else None
