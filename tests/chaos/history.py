"""All that is known after a run: what was sent, what the hub's database holds, what the stand-in applied."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from sandbox.telegram.ledger import Call
from tests.chaos.driver import Death
from tests.chaos.hub import Life
from tests.chaos.look import Look

Json = dict[str, Any]

EXCUSE = "error-gallery-unavailable"  # what people are told whose question could not be answered

_OF_SETS = "FROM journal WHERE kind = 'stickerset'"
_OF_UPDATES = "FROM jobs WHERE topic = 'telegram' ORDER BY id"  # what happens regularly is nobody's update


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of the inbox."""

    id: int
    dedup_id: str
    state: str
    attempts: int
    lapses: int
    finished_at: str | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One row of the outbox."""

    id: int
    kind: str
    chat_id: int
    reply_to: int | None
    target: int | None
    target_row: int | None
    content: Any
    state: str
    doubts: int
    sent_id: int | None
    job_id: int

    @property
    def word(self) -> str:
        """What it does, in a word: its kind, with proposals and the purposes of reactions told apart."""
        if self.kind == "reaction":
            return f"reaction {self.content['purpose']}"
        if self.kind == "text" and any(EXCUSE in str(text) for text in self.content.get("texts", ())):
            return "excuse"
        return "proposal" if self.kind == "text" and self.content["actions"] else self.kind


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One proposal."""

    token: str
    key: str
    state: str
    chat_id: int
    source_message: int
    shown_row: int


@dataclass(frozen=True, slots=True)
class SetRow:
    """One listed set."""

    name: str
    added_at: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the journal that is about a set; backups and the like are told there too."""

    action: str
    key: str
    job_id: int


@dataclass(frozen=True)
class History:
    """See the module. `known_listed` are stickers (chat, message) sent when their set was listed for certain;
    `gap` is the most updates seen confirmed but not stored; `acknowledged` are the numbers of those that
    were answered with 200; `outages` of the database may have people told to try again; `lives` are one
    more than `deaths`.
    """

    bot_id: int
    updates: Sequence[Json]
    calls: Sequence[Call]
    jobs: Sequence[JobRow]
    messages: Sequence[MessageRow]
    proposals: Sequence[ProposalRow]
    sets: Sequence[SetRow]
    journal: Sequence[JournalRow]
    integrity: str
    listed_at_start: frozenset[str]
    known_listed: frozenset[tuple[int, int]]
    gap: int = 0
    acknowledged: frozenset[int] = frozenset()
    outages: int = 0
    deaths: Sequence[Death] = ()
    lives: Sequence[Life] = ()

    @cached_property
    def job_of(self) -> Mapping[int, JobRow]:
        """The job of an update, by update_id."""
        found = {job.dedup_id: job for job in self.jobs}
        numbers = [update["update_id"] for update in self.updates]
        return {number: found[known] for number in numbers if (known := self.dedup_id(number)) in found}

    def dedup_id(self, update_id: int) -> str:
        """What makes an update known in the inbox."""
        return f"{self.bot_id}:{update_id}"

    @cached_property
    def effects(self) -> Mapping[int, list[MessageRow]]:
        """The messages that each job wrote."""
        found = defaultdict(list)
        for message in self.messages:
            found[message.job_id].append(message)
        return found

    @cached_property
    def message(self) -> Mapping[int, MessageRow]:
        """Rows of the outbox by id."""
        return {message.id: message for message in self.messages}

    @cached_property
    def added_at(self) -> Mapping[str, str]:
        """When each listed set was added, by its name in lower case."""
        return {row.name.lower(): row.added_at for row in self.sets}

    def of_kind(self, kind: str) -> list[Json]:
        """The updates of a kind, in the order in which they came."""
        return [update for update in self.updates if kind in update]


def read_rows(look: Look) -> dict[str, Any]:
    """The part of a history that the database holds, as History's arguments."""
    return {
        "jobs": [
            JobRow(*row)
            for row in look.rows(f"SELECT {_columns(JobRow)} FROM jobs WHERE topic = 'telegram' ORDER BY id")
        ],
        "messages": [_message(row) for row in look.rows(f"SELECT {_columns(MessageRow)} FROM messages")],
        "proposals": [
            ProposalRow(*row) for row in look.rows(f"SELECT {_columns(ProposalRow)} FROM proposals")
        ],
        "sets": [SetRow(*row) for row in look.rows(f"SELECT {_columns(SetRow)} FROM sticker_sets")],
        "journal": [JournalRow(*row) for row in look.rows(f"SELECT {_columns(JournalRow)} {_OF_SETS}")],
        "integrity": look.integrity(),
    }


def _columns(record: type) -> str:
    return ", ".join(field.name for field in fields(record))


def _message(row: tuple[Any, ...]) -> MessageRow:
    found = MessageRow(*row)
    return replace(found, content=json.loads(found.content))
