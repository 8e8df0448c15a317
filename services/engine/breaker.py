"""Leaves an outside system alone while it fails: closed → open → half-open, one call to try → closed."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from services.engine.clock import Clock
from services.engine.errors import BreakerOpen, HubError, Unavailable

T = TypeVar("T")
State = Literal["closed", "open", "half_open"]

FAILURES = 5  # in a row until a breaker opens
REST = 10.0  # seconds an opened breaker lets nothing pass
GROWTH = 2.0  # each failed probe makes the next rest so many times longer
CAP = 300.0  # seconds of the longest rest
PROBING = 5.0  # seconds to wait that others are told while a probe is under way


class Breaker:
    """Guards the calls to one system.

    Only Unavailable counts as a failure: a refusal, however unwelcome, shows that the other side is there.
    Any other error says nothing about it and changes nothing. What a call tells that began before the
    newest change of state is not listened to.
    """

    def __init__(
        self,
        system: str,
        clock: Clock,
        *,
        failures: int = FAILURES,
        rest: float = REST,
        cap: float = CAP,
        user_text: str | None = None,
    ) -> None:
        """`user_text` is the text key of the error that an open breaker raises."""
        self.system = system
        self._clock = clock
        self._most = failures
        self._first_rest = min(rest, cap)
        self._cap = cap
        self.user_text = user_text
        self._state: State = "closed"
        self._failed = 0
        self._rest = self._first_rest
        self._again_at = 0.0
        self._trouble: str | None = None
        self._era = 0  # grows with each change of state
        self._listeners: list[Callable[[State], None]] = []

    @property
    def state(self) -> State:
        """closed, open, or half_open while one call finds out how the system is."""
        return self._state

    @property
    def trouble(self) -> str | None:
        """What the newest call failed of, for people; None while calls succeed."""
        return self._trouble

    @property
    def left(self) -> float:
        """Seconds until a call may try the system again; 0 when one may now."""
        return max(self._again_at - self._clock.monotonic(), 0.0) if self._state == "open" else 0.0

    def on_change(self, listener: Callable[[State], None]) -> None:
        """Tell `listener` each new state; it must not raise."""
        self._listeners.append(listener)

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work and learn from its end. Raises BreakerOpen, without having begun, while open."""
        era = self._enter()
        try:
            result = await work()
        except Unavailable as error:
            self._failure(era, error)
            raise
        except BaseException as error:
            if isinstance(error, HubError) and error.permanent:
                self._success(era)
            else:  # cancelled, or a mistake of ours: the next call finds out instead
                self._no_answer(era)
            raise
        self._success(era)
        return result

    def _enter(self) -> int:
        if self._state == "half_open":
            raise self._refusal(PROBING)
        if self._state == "open":
            if self.left > 0:
                raise self._refusal(self.left)
            self._change("half_open")
        return self._era

    def _refusal(self, wait: float) -> BreakerOpen:
        return BreakerOpen(self.system, "left alone, it failed", retry_after=wait, user_text=self.user_text)

    def _failure(self, era: int, error: Unavailable) -> None:
        if era != self._era:
            return
        self._failed += 1
        self._trouble = str(error).removeprefix(f"{error.system}: ")
        if self._state == "half_open":
            self._open(min(self._rest * GROWTH, self._cap), error)
        elif self._failed >= self._most:
            self._open(self._first_rest, error)

    def _open(self, rest: float, error: Unavailable) -> None:
        self._rest = rest
        asked_for = min(error.retry_after or 0.0, self._cap)
        self._again_at = self._clock.monotonic() + max(rest, asked_for)
        self._change("open")

    def _success(self, era: int) -> None:
        if era != self._era:
            return
        self._failed = 0
        self._trouble = None
        if self._state == "half_open":
            self._change("closed")

    def _no_answer(self, era: int) -> None:
        if era == self._era and self._state == "half_open":
            self._change("open")  # its time has come already

    def _change(self, state: State) -> None:
        self._state = state
        self._era += 1
        for listener in self._listeners:
            listener(state)
