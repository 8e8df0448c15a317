"""One call, tried again while that is safe and soon enough."""

from collections.abc import Callable

from services.bitrix24.commands import Command
from services.bitrix24.encoding import travels_alone
from services.bitrix24.outcomes import BATCH_REFUSED, FINAL, NotRun, Outcome, asked_before
from services.bitrix24.references import check
from services.bitrix24.retrying import Attempts
from services.bitrix24.sending import Sending
from services.bitrix24.singly import Singly


class Tries:
    """Works single calls off."""

    def __init__(self, sending: Sending, singly: Singly, new_attempts: Callable[[], Attempts]) -> None:
        self._sending = sending
        self._singly = singly
        self._new_attempts = new_attempts

    async def run(self, command: Command, *, urgent: bool) -> Outcome:
        """What became of it in the end. Raises ValueError for one that refers to others."""
        check([command], halt=True)
        is_alone, attempts = travels_alone(command), self._new_attempts()
        before: NotRun | None = None
        while True:
            alone = is_alone or self._singly.is_on
            outcome = await self._sending.call(command, urgent=urgent, alone=alone)
            if not isinstance(outcome, NotRun):
                return outcome
            if outcome.code == BATCH_REFUSED:
                self._singly.begin(outcome.reason)
                continue
            if outcome.code in FINAL:
                return asked_before(before, outcome)
            if not await attempts.again(command.method, outcome):
                return outcome
            before = outcome
