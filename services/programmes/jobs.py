"""The topic `submissions`: each is worked until its contact and deals are at the portal."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from services.bitrix24.errors import OutcomeUnknown
from services.bitrix24.written import SETTLING
from services.engine.errors import HubError, Refused
from services.engine.inbox import Offer, Topic
from services.engine.retry import OUTSIDE
from services.engine.work import Work
from services.flow.approvals import Approvals, Decider
from services.flow.journal import Journal
from services.flow.leases import Hold
from services.flow.places import Asker, Place
from services.programmes.attempt import READING, Attempt, Learnt, Note, Rooms
from services.programmes.model import PROGRAMME, Programme, collapsed
from storage import invalidations, submissions
from storage.database import Database, Transaction
from storage.records import Job
from storage.submissions import Submission

TOPIC = "submissions"
ACTOR = "poll_form"  # in the journal
CONTACT = "contact"  # the cache's region


class Order(msgspec.Struct, frozen=True):
    """What a job is about; `made`: programmes that are there by now, by key, however other processes look."""

    submission: str
    made: dict[str, Programme] = {}


def order_for(submission_id: str, made: Mapping[str, Programme] = MappingProxyType({})) -> Offer:
    """The job that brings a submission on. As often as it is ordered: what is there already is no work."""
    payload = msgspec.json.encode(Order(submission_id, dict(made))).decode()
    return Offer(f"submission:{submission_id}", None, payload)


class SubmissionJobs:
    """Works them. Twice is once: what an earlier try may have written is looked for before anything is."""

    def __init__(self, database: Database, rooms: Rooms, journal: Journal, approvals: Approvals) -> None:
        self._database = database
        self._rooms = rooms
        self._journal = journal
        self._approvals = approvals

    def topic(self, concurrency: int) -> Topic:
        """The row that the inbox needs."""
        return Topic(TOPIC, self.handle, concurrency, OUTSIDE, own_keys=True)

    async def handle(self, job: Job, work: Work) -> dict[str, Any]:
        """Bring one as far as possible; what the portal has of it then."""
        order = msgspec.json.decode(job.payload, type=Order)
        hold = Hold(self._database, self._rooms.clock)
        await hold.take([f"submission:{order.submission}"], READING)
        row = await self._database.read(lambda tx: submissions.by_id(tx, order.submission))
        if row is None:
            raise Refused("the submission is gone")
        again = row.done_at is not None or job.replays > 0
        attempt = Attempt(self._rooms, row, hold, order.made, again=again)
        try:
            await attempt.run()
            if unasked := await self._unasked(attempt.unknown):
                await attempt.look_everywhere(unasked)
        except HubError as error:
            await self._keep(job, row, attempt.learnt, hold, error)
            raise
        await self._finish(work, row, attempt, hold)
        return {"contact_id": attempt.learnt.contact_id, "deals": len(attempt.learnt.deals)}

    async def _unasked(self, keys: Sequence[str]) -> list[str]:
        """Those of them that somebody would have to be asked about now."""

        def query(tx: Transaction) -> list[str]:
            return [key for key in keys if not self._is_asked(tx, key)]

        return await self._database.read(query) if keys else []

    def _is_asked(self, tx: Transaction, key: str) -> bool:
        """Whether an admin is asked about a programme, or said no to it lately."""
        return bool(
            self._approvals.pending(tx, PROGRAMME, key) or self._approvals.rejected(tx, PROGRAMME, key)
        )

    async def _keep(self, job: Job, row: Submission, learnt: Learnt, hold: Hold, error: HubError) -> None:
        """Write down what a try that failed has learnt, and let go; but not while a request may still run."""
        if isinstance(error, OutcomeUnknown):
            await hold.keep(SETTLING, lambda tx: self._learn(tx, job, row, learnt))
            return

        def unit(tx: Transaction) -> None:
            self._learn(tx, job, row, learnt)
            hold.release_in(tx)

        await self._database.write(unit)

    async def _finish(self, work: Work, row: Submission, attempt: Attempt, hold: Hold) -> None:
        learnt, unknown = attempt.learnt, attempt.unknown
        audience = await self._approvals.audience(Asker(None, ACTOR)) if unknown else ()

        def unit(tx: Transaction) -> None:
            self._learn(tx, work.job, row, learnt)
            submissions.finish(tx, row.id, self._rooms.clock.now())
            hold.release_in(tx)
            for key in unknown:
                self._ask_for(tx, work, row, key, attempt, audience)

        work.write(unit)

    def _learn(self, tx: Transaction, job: Job, row: Submission, learnt: Learnt) -> None:
        submissions.learn(
            tx, row.id, contact_id=learnt.contact_id, deals=learnt.deals, in_doubt=learnt.in_doubt
        )
        for key in learnt.outdated:
            invalidations.add(tx, CONTACT, key, at=self._rooms.clock.now())
        for note in learnt.notes:
            self._record(tx, job, note)

    def _record(self, tx: Transaction, job: Job, note: Note) -> None:
        self._journal.record(tx, job, ACTOR, note.action, note.kind, note.key, after=note.after)

    def _ask_for(
        self,
        tx: Transaction,
        work: Work,
        row: Submission,
        key: str,
        attempt: Attempt,
        audience: tuple[Place, ...],
    ) -> None:
        """Let an admin decide about a programme that nobody knows, unless one said no to it lately."""
        if self._approvals.rejected(tx, PROGRAMME, key):
            return
        title = next(collapsed(each.title) for each in row.programmes if each.key == key)
        form = attempt.form.title if attempt.form else ""
        wisher = Decider(ACTOR, form or f"№ {row.poll_id}")
        self._approvals.wish(tx, work, PROGRAMME, key, {"title": title}, wisher, audience)
