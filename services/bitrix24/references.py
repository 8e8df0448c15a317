"""References between the commands of a batch: checked, renamed, and put in place by us where they can be.

The portal itself takes what it cannot resolve for the nearest thing there is (a missing contact becomes the
whole map of results), so what is known already is filled in here, and chains always halt.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.bitrix24.answers import name
from services.bitrix24.commands import Command, Reference
from services.bitrix24.encoding import plain
from services.bitrix24.outcomes import Done, Outcome


class Unresolved(Exception):
    """A command refers to something that is not there."""


def check(commands: Sequence[Command], halt: bool) -> None:
    """Raises ValueError or TypeError for what no batch may hold: our own mistake, and nothing is sent."""
    for position, command in enumerate(commands):
        plain(command.params)
        for reference in _found(command.params):
            if not halt:
                raise ValueError("commands that refer to others have to halt: else they run with garbage")
            if reference.position >= position:
                raise ValueError(f"c{position} refers to {reference.command}, which is not before it")


def bind(command: Command, outcomes: Sequence[Outcome | None], beside: Mapping[int, int]) -> Command:
    """The command with what is known in place. `beside`: where those stand now that go along with it.

    Raises Unresolved.
    """

    def put(reference: Reference) -> Any:
        position = reference.position
        if position in beside:
            return Reference(name(beside[position]), *reference.path)
        outcome = outcomes[position]
        if not isinstance(outcome, Done):
            raise Unresolved(reference.command)
        return _dig(outcome.result, reference)

    return Command(command.method, {key: _replaced(one, put) for key, one in command.params.items()})


def depends_on_read(command: Command, beside: Sequence[Command]) -> bool:
    """Whether it writes what a read of the same request gives.

    A read that finds nothing does not halt, and the portal would write its empty list. What a write gives,
    such as the number of a new contact, is there or the batch has halted.
    """
    return command.is_write and any(
        not beside[reference.position].is_write for reference in _found(command.params)
    )


def _dig(value: Any, reference: Reference) -> Any:
    for step in reference.path:
        match value:
            case dict() if str(step) in value:
                value = value[str(step)]
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                raise Unresolved(reference.command)
    if value is None:
        raise Unresolved(reference.command)
    return value


def _replaced(value: Any, put: Callable[[Reference], Any]) -> Any:
    match value:
        case Reference():
            return put(value)
        case Mapping():
            return {key: _replaced(one, put) for key, one in value.items()}
        case list() | tuple():
            return [_replaced(one, put) for one in value]
    return value


def _found(value: Any) -> list[Reference]:
    match value:
        case Reference():
            return [value]
        case Mapping():
            return [one for inner in value.values() for one in _found(inner)]
        case list() | tuple():
            return [one for inner in value for one in _found(inner)]
    return []
