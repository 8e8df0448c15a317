"""What became of what was written: read, doubted, and judged."""

from collections.abc import Sequence

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.errors import OutcomeUnknown, PortalUnavailable
from services.bitrix24.outcomes import Done, Failed, NotRun, Outcome, Unknown
from services.bitrix24.questions import number_of
from services.engine.clock import Clock

SETTLING = 60.0  # seconds after which the portal surely is done with a request, or has cut it off
SENDING = 120.0  # seconds that a write may take with its repeats; then its outcome counts as unknown
BAD_VALUE = "ERROR_CORE"  # what the portal says of an e-mail it does not like, among other things
MAKING = "add"  # the last word of methods that answer the number of what they have made


async def send(
    portal: Portal, clock: Clock, commands: Sequence[Command], *, halt: bool = False, urgent: bool = False
) -> list[Outcome]:
    """Write, and see what became of it. Raises OutcomeUnknown after SENDING, and what Portal.batch does."""
    try:
        async with clock.timeout(SENDING):
            told = await portal.batch(commands, halt=halt, urgent=urgent)
    except TimeoutError:
        raise OutcomeUnknown("no answer in time", retry_after=SETTLING) from None
    return read(commands, told)


def read(commands: Sequence[Command], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes. What was made and told in no number is Unknown: it is looked for by its origin."""
    return [_read(command, outcome) for command, outcome in zip(commands, outcomes, strict=True)]


def _read(command: Command, outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Done) or command.method.rpartition(".")[2] != MAKING:
        return outcome
    try:
        is_one = number_of(outcome.result) > 0
    except PortalUnavailable:
        is_one = False
    return outcome if is_one else Unknown(f"{command.method}: a number came in another shape")


def judge(outcomes: Sequence[Outcome]) -> None:
    """Raise why nobody can go on: OutcomeUnknown before PortalRefused before PortalUnavailable."""
    unknown = [each for each in outcomes if isinstance(each, Unknown)]
    failed = [each.error for each in outcomes if isinstance(each, Failed)]
    not_run = [each for each in outcomes if isinstance(each, NotRun)]
    if unknown:
        raise OutcomeUnknown(unknown[0].reason, retry_after=SETTLING)
    if failed:
        raise failed[0]
    if not_run:
        waits = [each.retry_after for each in not_run if each.retry_after]
        raise PortalUnavailable(not_run[0].reason, retry_after=max(waits, default=None))
