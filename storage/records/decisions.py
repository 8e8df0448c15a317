"""What people are asked and what they decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that somebody has to decide: `action` (add) on an item. `asker` is who asked first.

    `chat_id` is where they did. `state` is pending, approved, rejected or expired. `decided_by` is an actor
    of the journal.
    """

    token: str
    action: str
    kind: str
    key: str
    card: Any
    details: Any
    state: str
    asker: int | None
    asker_name: str
    chat_id: int | None
    proposed_at: datetime
    decided_by: str | None
    decided_name: str | None
    decided_at: datetime | None
    reason: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """One person's wish for what an approval is about, and where the outcome is to be told.

    `proposal` is the token of the proposal that was accepted.
    """

    token: str
    proposal: str | None
    asker: int | None
    asker_name: str
    chat_id: int
    thread_id: int | None
    source_message: int | None
    language: str
    at: datetime
    id: int = 0


@dataclass(frozen=True, slots=True)
class ApprovalCard:
    """A message that shows an approval (`purpose` card), or that asks why it was rejected (reason)."""

    token: str
    purpose: str
    chat_id: int
    language: str
    shown_row: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message the bot was shown, and which items it is about."""

    chat_id: int
    message_id: int
    thread_id: int | None
    kind: str
    keys: list[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question put to one person: `action` with `params` (JSON) is done when they say yes in time."""

    token: str
    action: str
    params: Any
    user_id: int
    chat_id: int
    shown_row: int
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What somebody has to choose: queued, open, answered, expired or settled.

    `texts`, `choices` and `link` are JSON of services/flow; `chosen` is the answer's place among the choices.
    `version` counts what they were while it waited.
    """

    token: str
    kind: str
    key: str
    texts: Any
    choices: Any
    details: Any
    link: Any
    version: int
    state: str
    chosen: int | None
    decided_by: str | None
    decided_name: str | None
    decided_at: datetime | None
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class InquiryCard:
    """A message that shows an inquiry."""

    token: str
    chat_id: int
    language: str
    shown_row: int
