"""What a portal's errors mean, by their `error` code: one map, and the exceptions of the client.

    PortalRefused            the portal says no to this command, for good
    ├─ PortalNotFound        there is no such object
    └─ PortalMisconfigured   credentials, scopes, licence: nothing will work until somebody acts
    PortalUnavailable        no answer, or "not now"; unless it is the next one, nothing was executed
    └─ OutcomeUnknown        a write that perhaps was executed: look for its result before another try

A portal's texts are localised and change: only codes are matched. The one exception is the classic methods'
empty code, where the text is all there is (reference: apidocs.bitrix24.com, error codes).
"""

from enum import Enum
from typing import Any

from services.engine.errors import Refused, Unavailable

SYSTEM = "bitrix24"
LONGEST_DESCRIPTION = 300  # characters of a portal's own text that are kept
TOO_MANY = 429  # the status of a request that was not let in, whoever says it


class PortalRefused(Refused):
    """The portal says no to this command, for good. `description` is for people, without secrets."""

    def __init__(self, method: str, code: str, description: str = "") -> None:
        """`description` in the portal's own language, already without secrets."""
        said = " ".join(part for part in (code, description[:LONGEST_DESCRIPTION]) if part)
        super().__init__(f"{method}: {said or 'refused'}")
        self.method = method
        self.code = code
        self.description = description[:LONGEST_DESCRIPTION]


class PortalNotFound(PortalRefused):
    """There is nothing of this id."""


class PortalMisconfigured(PortalRefused):
    """Credentials, scopes, rights or licence: fatal until somebody acts."""


class PortalUnavailable(Unavailable):
    """The portal cannot answer now; nothing was executed, or only reading was asked for."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(SYSTEM, message, retry_after=retry_after)


class OutcomeUnknown(PortalUnavailable):
    """A write that perhaps was executed: look it up by its origin before another try."""


class Meaning(Enum):
    """What an error code says about the command it answers."""

    REFUSED = "refused"
    NOT_FOUND = "not found"
    MISCONFIGURED = "misconfigured"
    BUCKET_FULL = "bucket full"  # too many requests; not executed
    METHOD_PAUSED = "method paused"  # its operating time is used up; not executed
    NOT_NOW = "not now"  # not executed, for a passing reason
    UNKNOWN = "unknown"  # perhaps executed


_MEANINGS: dict[Meaning, tuple[str, ...]] = {
    Meaning.BUCKET_FULL: ("QUERY_LIMIT_EXCEEDED",),
    Meaning.METHOD_PAUSED: ("OPERATION_TIME_LIMIT",),
    Meaning.NOT_NOW: ("CONNECTION_ERROR",),
    Meaning.UNKNOWN: ("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"),
    Meaning.NOT_FOUND: ("NOT_FOUND", "ERROR_NOT_FOUND", "200540400001"),
    Meaning.MISCONFIGURED: (
        "ACCESS_DENIED",
        "APPLICATION_NOT_FOUND",
        "AUTHORIZATION_ERROR",
        "EXPIRED_TOKEN",
        "INSUFFICIENT_SCOPE",
        "INVALID_CREDENTIALS",
        "INVALID_REQUEST",
        "INVALID_TOKEN",
        "NO_AUTH_FOUND",
        "OVERLOAD_LIMIT",
        "PAYMENT_REQUIRED",
        "PORTAL_DELETED",
        "USER_ACCESS_ERROR",
        "WRONG_LICENSE",
    ),
    Meaning.REFUSED: (
        "100",
        "ERROR_ARGUMENT",
        "ERROR_BATCH_LENGTH_EXCEEDED",
        "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "ERROR_METHOD_NOT_FOUND",
        "INVALID_ARG_VALUE",
    ),
}
CODES = {code: meaning for meaning, codes in _MEANINGS.items() for code in codes}

_OF_BATCHES_ALONE = frozenset({"ACCESS_DENIED", "INSUFFICIENT_SCOPE"})  # single calls may still be let in
_OF_ANY_MOMENT = "ERROR_CORE"


def code_and_description(body: dict[str, Any]) -> tuple[str, str]:
    """The code as text (it may be "", a number, or inside a REST 3.0 object) and the portal's own words."""
    error = body["error"]
    if isinstance(error, dict):
        return str(error.get("code", "")), str(error.get("message", ""))
    return str("" if error is None else error), str(body.get("error_description") or "")


def meaning_of(code: str, description: str, status: int | None) -> Meaning:
    """What the code means; `status` (None inside a batch) only decides about codes nobody knows."""
    if known := CODES.get(code.upper()):
        return known
    if status == TOO_MANY:
        return Meaning.NOT_NOW
    if not code and description.strip(" .").lower() == "not found":
        return Meaning.NOT_FOUND
    return Meaning.UNKNOWN if status is not None and status >= 500 else Meaning.REFUSED


def refuses_batches(code: str, description: str, status: int) -> bool:
    """Whether an answer to a whole batch proves that none of its commands ran, and single calls may work.

    What a command fails of is told beside its name. A refusal of everything, other than a server's mistake,
    was made before the first one.
    """
    if code.upper() in _OF_BATCHES_ALONE:
        return True
    meaning = meaning_of(code, description, status)
    return meaning in (Meaning.REFUSED, Meaning.NOT_FOUND) and code.upper() != _OF_ANY_MOMENT
