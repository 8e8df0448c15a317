"""Questions to the portal: several go in one request, and each answer is read and doubted by itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalNotFound, PortalUnavailable
from services.bitrix24.outcomes import Done, Failed, Outcome

T = TypeVar("T")

MOST = 50  # questions in one request


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A command that changes nothing, and how its result is read. `read` raises PortalUnavailable."""

    command: Command
    read: Callable[[Any], T]


async def ask(portal: Portal, questions: Sequence[Question[T]], *, urgent: bool = False) -> list[T]:
    """The answers in order, with one request for up to `MOST` questions.

    Raises PortalRefused, PortalUnavailable, BreakerOpen when one of them has no answer.
    """
    return [
        question.read(_result(question.command, outcome))
        for question, outcome in await _asked(portal, questions, urgent)
    ]


async def find(portal: Portal, questions: Sequence[Question[T]], *, urgent: bool = False) -> list[T | None]:
    """Like `ask` for what may be gone: None where the portal says that there is nothing of this id."""
    return [
        None if is_absent(outcome) else question.read(_result(question.command, outcome))
        for question, outcome in await _asked(portal, questions, urgent)
    ]


async def _asked(
    portal: Portal, questions: Sequence[Question[T]], urgent: bool
) -> list[tuple[Question[T], Outcome]]:
    outcomes: list[Outcome] = []
    for start in range(0, len(questions), MOST):
        commands = [each.command for each in questions[start : start + MOST]]
        outcomes += await _outcomes(portal, commands, urgent)
    return list(zip(questions, outcomes, strict=True))


def is_absent(outcome: Outcome) -> bool:
    """Whether the portal says that there is nothing of this id."""
    return isinstance(outcome, Failed) and isinstance(outcome.error, PortalNotFound)


async def _outcomes(portal: Portal, commands: Sequence[Command], urgent: bool) -> Sequence[Outcome]:
    if len(commands) > 1:
        return await portal.batch(commands, urgent=urgent)
    try:
        return [await portal.call(commands[0].method, commands[0].params, urgent=urgent)]
    except PortalNotFound as error:
        return [Failed(error)]


def _result(command: Command, outcome: Outcome) -> Any:
    if isinstance(outcome, Done):
        return outcome.result
    if isinstance(outcome, Failed):
        raise outcome.error
    raise PortalUnavailable(
        f"{command.method}: {outcome.reason}", retry_after=getattr(outcome, "retry_after", None)
    )


def rows_of(result: Any, part: str | None = None) -> list[Mapping[str, Any]]:
    """The rows of a list, those of `crm.item.list` from its `items`; PHP's `[]` for nothing at all too."""
    rows = result.get(part) if part and isinstance(result, dict) else result
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PortalUnavailable("a list came in another shape")
    return cast(list[Mapping[str, Any]], rows)


def number_of(value: Any) -> int:
    """An object's number, which the portal writes as a number or as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise PortalUnavailable("a number came in another shape")


def lowest(rows: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The row with the lowest number; None without any row."""
    return min(rows, key=lambda row: number_of(row.get(name)), default=None)
