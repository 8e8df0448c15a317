"""Failures on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from sandbox.fault_list import FaultList
from sandbox.telegram.wire import Json, WorldError, without

FaultKind = Literal["429", "500", "502", "503", "504", "timeout", "lost_answer", "refused", "slow"]
KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(slots=True)
class Fault:
    """What goes wrong, where (`method` "*" is any) and for how long (times, seconds, or until removed).

    502 to 504 are pages of a proxy in front. timeout holds the connection and applies nothing; refused closes
    it and applies nothing; lost_answer applies the call and closes without an answer; slow applies it and
    answers `delay` seconds later. `until` is on the clock given to Faults.
    """

    id: int
    method: str
    kind: FaultKind
    times: int | None = None
    until: float | None = None
    seconds: float | None = None
    retry_after: int = 1
    delay: float = 1.0
    chat_id: int | None = None

    def api(self, now: float) -> Json:
        """The shape the page knows; `left` is how many of its seconds remain."""
        return without(
            {
                "id": self.id,
                "method": self.method,
                "kind": self.kind,
                "times": self.times,
                "seconds": self.seconds,
                "left": None if self.until is None else round(max(self.until - now, 0), 3),
                "retry_after": self.retry_after if self.kind == "429" else None,
                "delay": self.delay if self.kind == "slow" else None,
                "chat_id": self.chat_id,
            }
        )


class Faults(FaultList[Fault]):
    """Those waiting to happen, oldest first."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic = monotonic

    def add(
        self,
        kind: FaultKind,
        method: str = "*",
        *,
        times: int | None = None,
        seconds: float | None = None,
        retry_after: int = 1,
        delay: float = 1.0,
        chat_id: int | None = None,
    ) -> Fault:
        """Plan a failure; without times and seconds it stays until removed. WorldError for unknown kinds."""
        if kind not in KINDS:
            raise WorldError(f"unknown kind of fault: {kind}")
        until = None if seconds is None else self._monotonic() + seconds
        fault = Fault(self._next, method, kind, times, until, seconds, retry_after, delay, chat_id)
        return self._keep(fault)

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault that hits this call, if any; one of its times is used up."""
        if not self._faults:
            return None
        for fault in self.active():
            hit = fault.method in ("*", method) and fault.chat_id in (None, chat_id)
            if hit:
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            self._tell()

    def active(self) -> list[Fault]:
        """Faults that may still happen."""
        now = self._monotonic()
        self._faults = [fault for fault in self._faults if fault.until is None or fault.until > now]
        return list(self._faults)

    def shown(self) -> list[Json]:
        """The active ones as the page knows them."""
        now = self._monotonic()
        return [fault.api(now) for fault in self.active()]
