"""What became of a command. Only NotRun is surely not executed; nothing here is raised by itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.bitrix24.commands import Command
from services.bitrix24.errors import SYSTEM, OutcomeUnknown, PortalRefused, PortalUnavailable
from services.engine.errors import BreakerOpen, HubError


@dataclass(frozen=True, slots=True)
class Timing:
    """What the portal measured, in seconds. `operating…` is the method's own; some portals tell none."""

    duration: float
    processing: float
    operating: float | None = None  # used up by this method in the window that slides over ten minutes
    operating_reset_at: float | None = None  # unix time when the oldest minute of that window is over


@dataclass(frozen=True, slots=True)
class Done:
    """Executed. `total` and `next` are of lists only and 0 or None with start=-1."""

    result: Any
    total: int | None = None
    next: int | None = None
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The portal said no to this command, for good."""

    error: PortalRefused
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class NotRun:
    """Surely not executed, or a read whose answer was lost. `code` is the portal's, or one of those below."""

    reason: str
    retry_after: float | None = None
    code: str = ""
    timing: Timing | None = None
    spent: float = 0.0  # seconds that the request took


@dataclass(frozen=True, slots=True)
class Unknown:
    """A write that perhaps was executed. Look for its result before another try."""

    reason: str
    timing: Timing | None = None


Outcome = Done | Failed | NotRun | Unknown

# Codes of NotRun. The first two are the portal's own.
BUCKET_FULL = "QUERY_LIMIT_EXCEEDED"
METHOD_PAUSED = "OPERATION_TIME_LIMIT"
HALTED = "halted"  # an earlier command of a halting batch failed
UNRESOLVED = "unresolved"  # it refers to a result that is not there
BATCH_REFUSED = "batch refused"  # the portal takes no batches; single calls may work
AWAY = "away"  # no connection, or an answer that is none; counts against the portal
LEFT_ALONE = "left alone"  # the breaker is open: nobody asked
STOPPING = "stopping"  # the hub ends
FINAL = frozenset({HALTED, UNRESOLVED, LEFT_ALONE, STOPPING})  # the client itself does not try these again


def asked_before(before: NotRun | None, outcome: NotRun) -> NotRun:
    """What to tell of a command that was tried before the breaker opened: it counts as an attempt.

    When to try again is for its caller to say: the breaker's rest is minutes, and would use up in an hour the
    attempts that are meant for days.
    """
    return replace(before, code=AWAY) if before and outcome.code == LEFT_ALONE else outcome


def error_of(method: str, outcome: Failed | NotRun | Unknown) -> HubError:
    """What to raise where a call cannot go on with this outcome: see `Portal.call`."""
    match outcome:
        case Failed():
            return outcome.error
        case NotRun() if outcome.code == LEFT_ALONE:
            return BreakerOpen(SYSTEM, outcome.reason, retry_after=outcome.retry_after)
        case NotRun():
            return PortalUnavailable(f"{method}: {outcome.reason}", retry_after=outcome.retry_after)
        case Unknown():
            return OutcomeUnknown(f"{method}: {outcome.reason}")


# Sends one HTTP request (a plain call for one command, a batch for several; the flag is `halt`) and tells
# what became of each command, in order. It waits for nobody, repeats nothing, and raises nothing but
# cancellation. The limiter and the operating times have been told about the answer when it returns.
Exchange = Callable[[Sequence[Command], bool], Awaitable[list[Outcome]]]
