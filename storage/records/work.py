"""The inbox and the outbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewJob:
    """What `jobs.accept` stores; `dedup_until` is when the same dedup id may come again."""

    topic: str
    key: str
    payload: str
    correlation_id: str
    accepted_at: datetime
    due_at: datetime
    dedup_id: str | None = None
    dedup_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempts` counts this claim too; `lapses` of them ended without a result.

    `replays` is how often somebody had it worked anew after its end.
    """

    id: int
    topic: str
    key: str
    payload: str
    attempts: int
    lapses: int
    owner: str
    first_failed_at: datetime | None
    accepted_at: datetime
    correlation_id: str
    replays: int = 0


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands: waiting, claimed, done (with a result) or dead (with a reason)."""

    id: int
    topic: str
    state: str
    attempts: int
    lapses: int
    result: Any
    reason: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox; `content` is shaped by `kind` (services/flow/messages.py)."""

    id: int
    kind: str
    chat_id: int
    thread_id: int | None
    reply_to: int | None
    target: int | None
    target_row: int | None
    language: str
    content: Any
    state: str
    due_at: datetime
    attempts: int
    doubts: int
    sent_id: int | None
    correlation_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """Jobs of one topic in one state; `oldest` is when the first of those waiting is or was due."""

    topic: str
    state: str
    count: int
    oldest: datetime | None
