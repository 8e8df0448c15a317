"""A portal as everybody above uses it: a call, a batch, a list."""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalMisconfigured
from services.bitrix24.listing import Listing
from services.bitrix24.outcomes import (
    HALTED,
    Done,
    Failed,
    NotRun,
    Outcome,
    error_of,
)
from services.bitrix24.rounds import Rounds
from services.bitrix24.tries import Tries
from services.engine.breaker import Breaker

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Portal:
    """One portal. `domain` is the name under which it was set up, wherever it lives now."""

    def __init__(self, domain: str, breaker: Breaker, tries: Tries, rounds: Rounds, size: int) -> None:
        """`size`: commands that share a request at most."""
        self.domain = domain
        self.breaker = breaker
        self._tries = tries
        self._rounds = rounds
        self._size = size

    async def call(self, method: str, params: Mapping[str, Any] = NOTHING, *, urgent: bool = False) -> Done:
        """Call one method. Calls that have to wait for their turn share a request.

        Raises PortalRefused and its kinds, PortalUnavailable when surely nothing was written, OutcomeUnknown
        when perhaps something was, BreakerOpen when nobody asked. `urgent`: a person waits for it.
        """
        outcome = await self._tries.run(Command(method, params), urgent=urgent)
        if isinstance(outcome, Done):
            return outcome
        raise error_of(method, outcome)

    async def batch(
        self, commands: Sequence[Command], *, halt: bool = False, urgent: bool = False
    ) -> list[Outcome]:
        """Run commands in order; they are named c0, c1, … for references. No transaction: what is done stays.

        One request for up to BATCH_SIZE commands, more where a batch would change a command's text, take too
        long, or write what a read of the same batch may not have found. With `halt` nothing runs after a
        command that failed or perhaps did; commands that refer to others need it (ValueError without).
        Raises PortalUnavailable, BreakerOpen or PortalMisconfigured when nothing at all was executed; what
        one command did is told, never raised.
        """
        outcomes = await self._rounds.run(commands, halt=halt, urgent=urgent)
        _raise_for_nothing(commands, outcomes)
        return outcomes

    def list_all(
        self, method: str, params: Mapping[str, Any] = NOTHING, *, key: str = "ID"
    ) -> AsyncIterator[dict[str, Any]]:
        """All rows of a list method in the order of their ids, each once, also while rows come and go.

        `key` is the name of the rows' id, as filters spell it. Raises ValueError for params with an order or
        a start of their own, and what `call` raises. A filter's unknown field is dropped by the portal in
        silence: check what the rows say.
        """
        return Listing(self._rounds, method, params, key, self._size).rows()


def _raise_for_nothing(commands: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
    misconfigured = [
        one.error
        for one in outcomes
        if isinstance(one, Failed) and isinstance(one.error, PortalMisconfigured)
    ]
    not_run = [one for one in outcomes if isinstance(one, NotRun)]
    if len(misconfigured) + len(not_run) < len(outcomes) or not outcomes:
        return
    if misconfigured:
        raise misconfigured[0]
    worst = max(not_run, key=lambda one: (one.code != HALTED, one.retry_after or 0.0))
    raise error_of(commands[outcomes.index(worst)].method, worst)
