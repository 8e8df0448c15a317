"""What is asked of a portal: one method with its parameters, and references to what earlier ones gave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

# The last words of methods that change nothing, so that a lost answer may simply be asked for again.
READING = frozenset(
    {
        "categories",
        "count",
        "current",
        "entities",
        "fields",
        "find",
        "findbycomm",
        "get",
        "getfields",
        "info",
        "list",
        "methods",
        "profile",
        "scope",
        "search",
        "time",
        "types",
    }
)
TAKING = frozenset({"event.offline.get"})  # reads and, by default, takes away what it has read


@dataclass(frozen=True, slots=True, init=False)
class Reference:
    """What an earlier command of the same batch gave, to stand as a whole value in a later one's parameters.

    `command` is the earlier one's name: `c0` for the first of the batch, and so on. The rest leads into its
    result: `Reference("c0")` is the result itself, `Reference("c0", "items", 0, "id")` a part of it.
    """

    command: str
    path: tuple[str | int, ...]

    def __init__(self, command: str, *path: str | int) -> None:
        object.__setattr__(self, "command", command)
        object.__setattr__(self, "path", path)

    @property
    def position(self) -> int:
        """Where the earlier command stands in its batch. Raises ValueError for a name that is not ours."""
        if self.command[:1] != "c" or not self.command[1:].isdecimal():
            raise ValueError(f"a reference names commands c0, c1, …, not {self.command!r}")
        return int(self.command[1:])


@dataclass(frozen=True, slots=True)
class Command:
    """One method call. Method names are the portal's own, such as `crm.deal.add`.

    Parameters are maps, lists and plain values: str, int, Decimal, float, bool (sent as 1 or 0; a `Y` or `N`
    is the caller's), None (sent as an empty text, which clears a field), date, aware datetime, Reference.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_write(self) -> bool:
        """Whether calling it twice may do something twice. A method we do not know counts as a write."""
        method = self.method.lower()
        return method in TAKING or method.rpartition(".")[2] not in READING
