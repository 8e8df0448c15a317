"""What became of what a try has written: read, doubted, and judged."""

from collections.abc import Sequence

from services.bitrix24.commands import Command
from services.bitrix24.errors import OutcomeUnknown, PortalUnavailable
from services.bitrix24.outcomes import Done, Failed, NotRun, Outcome, Unknown
from services.programmes.questions import number_of

SETTLING = 60.0  # seconds after which the portal surely is done with a request, or has cut it off
MAKING = "add"  # the last word of methods that answer the number of what they have made


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
    """Raise what keeps a try from going on: OutcomeUnknown before PortalRefused before PortalUnavailable."""
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
