"""The errors of the house. Each answers its caller's questions: for good? again when? what may a person see?

    HubError                 user_text: a text key for a person; the message itself is for the log
    ├─ NotAllowed            this person may not do this
    │  └─ Anonymous          nobody knows which person it is; said in groups too, with what helps
    ├─ NotRecognised         the input is nothing we know
    ├─ NoSuchItem            the outside says that there is nothing of this name
    ├─ StaleButton           a button whose proposal is gone, closed, or was never in this chat
    ├─ Refused               a request that is wrong in itself; asking again does not help
    ├─ Unavailable           an outside system cannot answer now; retry_after in seconds when it said so
    │  └─ BreakerOpen        nobody asked it just now, because it failed before; costs a job no attempt
    └─ LostClaim             another worker owns this job by now; nothing was written

The database's own outage is storage.errors.StorageUnavailable.
"""

from typing import Protocol


class HubError(Exception):
    """Root of what the hub raises on purpose."""

    permanent = True
    user_text = "error-internal"

    def __init__(self, message: str = "", *, user_text: str | None = None) -> None:
        super().__init__(message)
        if user_text:
            self.user_text = user_text

    @property
    def retry_after(self) -> float | None:
        """Seconds the other side asked us to wait, when it did."""
        return None


class NotAllowed(HubError):
    """This person may not do this here."""

    user_text = "error-not-allowed"


class Anonymous(NotAllowed):
    """Somebody spoke in a group's name: whoever it is has to show themselves."""

    user_text = "error-anonymous"


class NotRecognised(HubError):
    """The input is nothing any kind of item recognises."""

    user_text = "error-not-recognised"


class NoSuchItem(HubError):
    """The outside system says that there is nothing of this name."""

    user_text = "error-no-such-item"


class StaleButton(HubError):
    """The button's proposal is gone, or was never shown in this chat."""

    user_text = "error-stale-button"


class Refused(HubError):
    """The other side, or a rule of ours, says no for good."""

    user_text = "error-refused"


class Unavailable(HubError):
    """An outside system cannot answer now. Never to be read as "not found"."""

    permanent = False
    user_text = "error-unavailable"

    def __init__(
        self,
        system: str,
        message: str = "",
        *,
        retry_after: float | None = None,
        user_text: str | None = None,
    ) -> None:
        super().__init__(f"{system}: {message}" if message else system, user_text=user_text)
        self.system = system
        self._retry_after = retry_after

    @property
    def retry_after(self) -> float | None:
        return self._retry_after


class BreakerOpen(Unavailable):
    """The system failed lately and is left alone; `retry_after` is when the next call may try it.

    Nothing was asked, so this is no failed attempt of whoever wanted to.
    """


class LostClaim(HubError):
    """The lease lapsed and somebody else owns the job; whatever was prepared is not written."""

    permanent = False


class FaultRecorder(Protocol):
    """Counts faults by kind; implemented above the engine."""

    async def record(self, kind: str, sample: str) -> None:
        """Count one occurrence. Never raises: a fault that cannot be stored is logged."""
        ...
