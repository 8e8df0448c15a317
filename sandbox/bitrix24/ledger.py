"""Every request that came, in the order they were settled."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.bitrix24.wire import Json


@dataclass(slots=True)
class Command:
    """One method's run. `code` is None for success; otherwise the refusal's, which may be empty text."""

    name: str
    method: str
    params: Any
    applied: bool = False
    code: str | int | None = None


@dataclass(slots=True)
class Call:
    """One request. `status` 0 means that no answer reached the caller.

    `commands` are the methods that were tried: a batch's, or the one that was called directly. `applied` says
    that at least one did its work. `at` is in seconds since 1970, `seconds` how long it all took.
    """

    n: int
    at: float
    caller: str
    method: str
    params: Json
    commands: list[Command] = field(default_factory=list)
    status: int = 0
    code: str | int | None = None
    applied: bool = False
    seconds: float = 0.0
    fault: str | None = None


class Ledger:
    """The newest `keep` requests, and figures over all of them."""

    def __init__(self, keep: int = 5000) -> None:
        self._calls: deque[Call] = deque(maxlen=keep)
        self._next = 1
        self.added: list[Callable[[], None]] = []
        self.requests = 0
        self.commands = 0
        self.rejections = 0  # requests refused for a full bucket
        self.blocked = 0  # commands refused for a method's operating time
        self.cut = 0  # requests that ran into the portal's 60 seconds

    @property
    def last(self) -> int:
        """The newest call's number; 0 before the first."""
        return self._next - 1

    @property
    def calls(self) -> list[Call]:
        """All kept requests, oldest first."""
        return list(self._calls)

    def of(self, method: str) -> list[Command]:
        """The runs of one method, alone or in batches, oldest first."""
        return [one for call in self._calls for one in call.commands if one.method == method]

    def new(self, at: float, caller: str, method: str, params: Json) -> Call:
        """A request that has come; it is written down by `add` once it is settled."""
        return Call(0, at, caller, method, params)

    def add(self, call: Call) -> None:
        """Number a settled request, count it and keep it."""
        call.n, self._next = self._next, self._next + 1
        self.requests += 1
        self.commands += len(call.commands)
        self.rejections += call.code == "QUERY_LIMIT_EXCEEDED"
        codes = [one.code for one in call.commands] or [call.code]
        self.blocked += codes.count("OPERATION_TIME_LIMIT")
        self._calls.append(call)
        for tell in self.added:
            tell()

    def clear(self) -> None:
        """Forget the requests and start counting afresh."""
        self._calls.clear()
        self.requests = self.commands = self.rejections = self.blocked = self.cut = 0
