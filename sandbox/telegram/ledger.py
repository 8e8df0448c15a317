"""Every call the bot made, in the order they were settled."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from sandbox.telegram.wire import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `status` 0 means that no answer reached the caller; `applied` that the method did its work.

    `params` has numbers and JSON decoded. `at` is in seconds since 1970.
    """

    n: int
    at: float
    method: str
    params: Json
    status: int
    answer: Json
    applied: bool


class Ledger:
    """The newest `keep` calls; their numbers go on for ever."""

    def __init__(self, keep: int) -> None:
        self._calls: deque[Call] = deque(maxlen=keep)
        self._next = 1
        self.added: list[Callable[[], None]] = []

    @property
    def last(self) -> int:
        """The newest call's number; 0 before the first."""
        return self._next - 1

    @property
    def calls(self) -> list[Call]:
        """All kept calls, oldest first."""
        return list(self._calls)

    def of(self, method: str, *, applied: bool | None = None) -> list[Call]:
        """The calls of one method, optionally only the applied or the refused ones."""
        return [
            call
            for call in self._calls
            if call.method == method and (applied is None or call.applied == applied)
        ]

    def newest(self, most: int | None, wanted: Callable[[Call], bool]) -> list[Call]:
        """The newest `most` (None is all) of those wanted, oldest first."""
        found = list(islice(filter(wanted, reversed(self._calls)), most))
        return found[::-1]

    def add(self, at: float, method: str, params: Json, status: int, answer: Json, applied: bool) -> Call:
        """Write a call down."""
        call = Call(self._next, at, method, params, status, answer, applied)
        self._next += 1
        self._calls.append(call)
        for tell in self.added:
            tell()
        return call

    def clear(self) -> None:
        """Forget the calls."""
        self._calls.clear()
