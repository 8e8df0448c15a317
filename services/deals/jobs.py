"""The topic `deals`: a deal that may have changed is brought to its twin."""

from typing import Any

import msgspec

from services.bitrix24.errors import OutcomeUnknown
from services.bitrix24.written import SETTLING
from services.deals.answers import Asking
from services.deals.model import TOPIC, Order, Ruled
from services.deals.people import Learnt, Note
from services.deals.transfer import Outcome, Rooms, Transfer
from services.engine.errors import HubError, Refused
from services.engine.inbox import Topic
from services.engine.retry import OUTSIDE
from services.engine.work import Work
from services.flow.journal import Journal
from services.flow.leases import Hold
from storage import contact_links, deal_links, invalidations
from storage.database import Database, Transaction
from storage.records import Job

ACTOR = "transfer"  # in the journal
# Deals that are under way together for each job that another topic would have: at two requests a second the
# portals take fifty deals' commands in one, and a deal waits for five such requests.
SHARING = 40
# Seconds between two looks while many deals are begun: each portal's requests are then shared by all of them,
# and a deal is as long on its way as a fifth of a second more.
GATHER = 0.2
PEOPLE = "contact"  # the cache's region of whom phones and e-mails belong to


class DealJobs:
    """Works them. Twice is once: a twin is looked for by its origin before one is made."""

    def __init__(self, database: Database, rooms: Rooms, journal: Journal, asking: Asking) -> None:
        self._database = database
        self._asking = asking
        self._rooms = rooms
        self._journal = journal
        self._clock = rooms.looking.clock

    def topic(self, concurrency: int) -> Topic:
        """The row that the inbox needs."""
        return Topic(TOPIC, self.handle, concurrency, OUTSIDE, own_keys=True, gather=GATHER)

    async def handle(self, job: Job, work: Work) -> dict[str, Any]:
        """Work one; a Result as JSON."""
        order = msgspec.json.decode(job.payload, type=Ruled)
        if order.domain not in self._rooms.looking.sources.portals:
            raise Refused(f"{order.domain} is no source of deals")
        hold = Hold(self._database, self._clock)
        transfer = Transfer(self._rooms, order, hold)
        try:
            outcome = await transfer.run()
            audience = await self._asking.audience(outcome)
        except HubError as error:
            await self._keep(job, order, transfer.people, hold, error)
            raise
        self._finish(work, order, transfer.people, outcome, hold)
        self._asking.write(work, order, outcome, audience)
        result: dict[str, Any] = msgspec.to_builtins(outcome.result)
        return result

    async def _keep(self, job: Job, order: Order, people: Learnt, hold: Hold, error: HubError) -> None:
        """Write down what a try that failed has learnt, and let go; but not while a request may still run."""
        if isinstance(error, OutcomeUnknown):
            await hold.keep(SETTLING, lambda tx: self._learn(tx, job, order, people))
            return

        def unit(tx: Transaction) -> None:
            self._learn(tx, job, order, people)
            hold.release_in(tx)

        await self._database.write(unit)

    def _finish(self, work: Work, order: Order, people: Learnt, outcome: Outcome, hold: Hold) -> None:
        def unit(tx: Transaction) -> None:
            self._learn(tx, work.job, order, people)
            if outcome.link:
                deal_links.put(tx, outcome.link)
            if outcome.is_deleted:
                deal_links.mark_deleted(tx, order.domain, order.id, self._clock.now())
            for note in outcome.notes:
                self._record(tx, work.job, note)
            hold.release_in(tx)

        work.write(unit)

    def _learn(self, tx: Transaction, job: Job, order: Order, people: Learnt) -> None:
        now = self._clock.now()
        contact_links.put(tx, order.domain, "contact", people.contacts, now)
        contact_links.put(tx, order.domain, "company", people.companies, now)
        for key in people.outdated:
            invalidations.add(tx, PEOPLE, key, at=now)
        for note in people.notes:
            self._record(tx, job, note)

    def _record(self, tx: Transaction, job: Job, note: Note) -> None:
        self._journal.record(
            tx, job, ACTOR, note.action, note.kind, note.key, before=note.before, after=note.after
        )
