"""Poll forms that are handed in: stored first, answered with what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import msgspec

from services.engine.clock import Clock
from services.engine.inbox import Inbox
from services.engine.observability import current_correlation_id
from services.flow.contacts import email_of, phone_of
from services.programmes.comments import Comments
from services.programmes.jobs import TOPIC, order_for
from services.programmes.model import collapsed, key_of
from storage import jobs, submissions
from storage.database import Database, Transaction
from storage.submissions import Submission, Wanted

Status = Literal["success", "duplicate", "accepted", "failed"]


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A poll form as somebody filled it in."""

    submission_id: str
    poll_id: int
    name: str
    last_name: str = ""
    phone: str = ""
    email: str = ""
    programs: Sequence[str] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_reachable(self) -> bool:
        """Whether phone or e-mail says who it was."""
        return bool(phone_of(self.phone) or email_of(self.email))

    @property
    def digest(self) -> str:
        """The same for the same form, in whatever order its fields came."""
        return sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a submission stands; deals by the programmes' titles as they were first given."""

    status: Status
    contact_id: int | None
    deal_ids: Mapping[str, int]
    unknown_programs: Sequence[str]


class SubmissionDiffers(Exception):
    """Another form was handed in under this id before."""


class PollForms:
    """Takes them in and tells of them."""

    def __init__(
        self, database: Database, clock: Clock, inbox: Inbox, comments: Comments, wait: float
    ) -> None:
        """`wait`: seconds that whoever hands one in waits for the result."""
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._comments = comments
        self._wait = wait

    async def hand_in(self, form: HandedIn) -> Standing:
        """Store it, have it worked, and wait for that a little.

        One that is known already is told as `duplicate` once it is done. Raises SubmissionDiffers,
        StorageUnavailable.
        """
        row = self._row(form)
        cause = current_correlation_id()
        stored, new = await self._database.write(lambda tx: self._store(tx, row, cause))
        if stored.digest != row.digest:
            raise SubmissionDiffers(form.submission_id)
        if new:
            self._inbox.wake(TOPIC)
        await self._inbox.wait(stored.job_id, self._wait)
        standing = await self.standing(form.submission_id)
        if standing is None:
            raise AssertionError("a submission that was just stored")
        if standing.status == "success" and not new:
            return Standing("duplicate", standing.contact_id, standing.deal_ids, standing.unknown_programs)
        return standing

    async def standing(self, submission_id: str) -> Standing | None:
        """How one stands now; None for an id that nobody handed in. Raises StorageUnavailable."""
        return await self._database.read(lambda tx: _standing(tx, submission_id))

    def _store(self, tx: Transaction, row: Submission, cause: str | None) -> tuple[Submission, bool]:
        if not submissions.put(tx, row):
            known = submissions.by_id(tx, row.id)
            return (known, False) if known else self._store(tx, row, cause)  # swept away at this moment
        job_id, _ = self._inbox.accept_in(tx, TOPIC, order_for(row.id), correlation_id=cause)
        submissions.belongs_to(tx, row.id, job_id)
        return submissions.by_id(tx, row.id) or row, True

    def _row(self, form: HandedIn) -> Submission:
        titles: dict[str, str] = {}
        for title in form.programs:
            titles.setdefault(key_of(title), title)
        return Submission(
            id=form.submission_id,
            digest=form.digest,
            poll_id=form.poll_id,
            name=collapsed(form.name),
            last_name=collapsed(form.last_name),
            phone=collapsed(form.phone),
            email=collapsed(form.email),
            comments=self._comments.of_answers(form.answers),
            job_id=0,
            contact_id=None,
            in_doubt=False,
            accepted_at=self._clock.now(),
            done_at=None,
            programmes=tuple(Wanted(key, title) for key, title in titles.items() if key),
        )


def _standing(tx: Transaction, submission_id: str) -> Standing | None:
    row = submissions.by_id(tx, submission_id)
    if row is None:
        return None
    deals = {each.title: each.deal_id for each in row.programmes if each.deal_id is not None}
    unknown = [each.title for each in row.programmes if each.deal_id is None] if row.done_at else []
    return Standing(_status(tx, row), row.contact_id, deals, unknown)


def _status(tx: Transaction, row: Submission) -> Status:
    if row.done_at:
        return "success"
    job = jobs.state(tx, row.job_id)
    return "failed" if job and job.state == "dead" else "accepted"
