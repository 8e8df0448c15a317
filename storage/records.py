"""Frozen rows, as queries return them. Moments are aware UTC datetimes."""

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
class Proposal:
    """Something that may be added, with the place it was asked in. `token` is what its button carries."""

    token: str
    kind: str
    key: str
    details: Any
    state: str
    chat_id: int
    thread_id: int | None
    source_message: int | None
    shown_row: int | None
    asker: int | None
    decided_by: int | None
    decided_name: str | None
    created_at: datetime
    decided_at: datetime | None
    expires_at: datetime


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
class StickerSet:
    """A listed set. `name` as Telegram writes it; `kind` regular, mask or custom_emoji.

    `checked_at` is when Telegram was last asked about it, `dead_at` since when it knows no such set.
    """

    name: str
    title: str
    kind: str
    count: int | None
    added_by: int | None
    added_in: int | None
    added_at: datetime
    checked_at: datetime | None = None
    dead_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who used the bot; `language` only when chosen with /lang, `role` only when given there.

    `spoken` is what the person's Telegram speaks, which may be a language we have no texts in.
    """

    user_id: int
    name: str
    username: str | None
    language: str | None
    role: str | None = None
    spoken: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Telegram's word about somebody in a chat: creator, administrator, member, restricted, left, kicked."""

    chat_id: int
    user_id: int
    status: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat the bot has seen; nothing is sent to one that is not active.

    `proposals`: what is not listed is proposed there. `language` only when chosen for the whole chat. `lacks`
    the rights whose lack it was told of. Quiet hours in minutes after midnight.
    """

    chat_id: int
    type: str
    title: str
    active: bool
    bot_status: str | None
    skipped: int
    moved_to: int | None
    proposals: bool = True
    language: str | None = None
    lacks: str | None = None
    quiet_from: int | None = None
    quiet_until: int | None = None


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
class Key:
    """An API key, without the key. `hint` is its first characters; a revoked one opens nothing."""

    id: int
    name: str
    hint: str
    scope: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Jobs of one topic in one state; `oldest` is when the first of those waiting is or was due."""

    topic: str
    state: str
    count: int
    oldest: datetime | None


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
