"""What happened, and whom it was told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Who did what to which item."""

    id: int
    at: datetime
    actor: str
    action: str
    kind: str
    key: str
    before: Any
    after: Any
    job_id: int | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """All occurrences of one kind of error, with the newest as sample."""

    id: int
    kind: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: str
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One cause that admins are told of: open, closed (its end is to be told yet) or told.

    `params` is what its text tells, `changes` how often that changed, `returns` how often the cause ended
    and came back soon after.
    """

    id: int
    kind: str
    subject: str
    state: str
    count: int
    params: Any
    since: datetime
    changes: int
    closed_at: datetime | None
    returns: int


@dataclass(frozen=True, slots=True)
class NoticeMessage:
    """A chat's message (`shown_row`) that tells of a notice, and the one (`over_row`) that tells its end.

    It tells what the notice was after so many `changes`.
    """

    id: int
    notice: int
    chat_id: int
    language: str
    shown_row: int
    written_at: datetime
    changes: int
    over_row: int | None
