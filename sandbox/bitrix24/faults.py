"""Failures on demand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from sandbox.bitrix24.wire import Json, PageError, RestError, operating_limit, query_limit
from sandbox.fault_list import FaultList

Moment = Literal["before", "after"]
FaultKind = Literal[
    "bucket",
    "operating",
    "overload",
    "credentials",
    "zero",
    "internal",
    "internal_applied",
    "html",
    "html_applied",
    "reset",
    "lost_answer",
    "timeout",
    "timeout_applied",
    "malformed",
    "empty",
    "renamed",
    "skipped",
    "slow",
]
KINDS: tuple[str, ...] = get_args(FaultKind)

# Where the work is done all the same; everywhere else nothing is applied.
APPLIED = frozenset(
    {"internal_applied", "html_applied", "lost_answer", "timeout_applied", "malformed", "empty", "slow"}
)
_INSIDE_ONLY = frozenset({"skipped"})
_OUTSIDE_ONLY = frozenset({"renamed"})


def refusal(kind: str) -> RestError | None:
    """The error answer that a kind gives; None for those without one."""
    internal = RestError("INTERNAL_SERVER_ERROR", "Internal server error", 500)
    refusals = {
        "bucket": query_limit(),
        "operating": operating_limit(),
        "overload": RestError("OVERLOAD_LIMIT", "REST API is blocked due to overload.", 503),
        "credentials": RestError("INVALID_CREDENTIALS", "Invalid request credentials", 401),
        "zero": RestError(0, "error"),
        "internal": internal,
        "internal_applied": internal,
    }
    return refusals.get(kind)


@dataclass(slots=True)
class Fault:
    """What goes wrong, and where: `method` None is any, the first `after` that it would hit are spared.

    `inside` strikes one command of a batch: a refusal is that command's alone; a connection that breaks ends
    the whole request there, with the commands before it applied. `times` None is until it is removed.
    """

    id: int
    kind: FaultKind
    method: str | None = None
    times: int | None = 1
    after: int = 0
    inside: bool = False
    delay: float = 1.0

    @property
    def applies(self) -> bool:
        """Whether the work is done all the same."""
        return self.kind in APPLIED

    def api(self) -> Json:
        """The shape the page knows."""
        return {
            "id": self.id,
            "kind": self.kind,
            "method": self.method,
            "times": self.times,
            "after": self.after,
            "inside": self.inside,
            "delay": self.delay,
        }


class Faults(FaultList[Fault]):
    """Those waiting to happen; the oldest that fits happens first, one a request and one a command."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: dict[str, int] = {}  # how often each kind has

    def plan(
        self,
        kind: FaultKind,
        *,
        method: str | None = None,
        times: int | None = 1,
        after: int = 0,
        inside: bool = False,
        delay: float = 1.0,
    ) -> Fault:
        """Plan a failure. `method` is a request's, or that of a command in it. PageError for nonsense."""
        if kind not in KINDS:
            raise PageError(f"unknown kind of fault: {kind}")
        inside = inside or kind in _INSIDE_ONLY
        if inside and kind in _OUTSIDE_ONLY:
            raise PageError(f"{kind} does not happen to one command")
        fault = Fault(self._next, kind, method and method.lower(), times, after, inside, delay)
        return self._keep(fault)

    def take(self, methods: Iterable[str], *, inside: bool = False) -> Fault | None:
        """The fault that hits a request with these methods (inside: a command); one of its times is used."""
        named = set(methods)
        for fault in list(self._faults):
            if fault.inside != inside or (fault.method is not None and fault.method not in named):
                continue
            if fault.after:
                fault.after -= 1
                continue
            self._use(fault)
            return fault
        return None

    def _use(self, fault: Fault) -> None:
        self.happened[fault.kind] = self.happened.get(fault.kind, 0) + 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        self._tell()

    def planned(self) -> list[Fault]:
        """Those that may still happen, oldest first."""
        return list(self._faults)
