"""Receipts: one message that tells how a job gets on, to whoever has asked for it or joined.

Each look is a short job that orders the next one. So a stop of the hub ends none, and what is shown is
written together with what was seen.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from services.engine.clock import Clock
from services.engine.inbox import Inbox, Offer, Topic
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from services.flow.messages import Content, Messages
from services.flow.places import Place
from storage import jobs
from storage.database import Database, Transaction
from storage.records import Job, JobState

AT_ONCE = 4
RETRY = RetryPolicy(attempts=5, window=3600.0, delay=2.0, cap=60.0)
LOOK_EVERY = timedelta(seconds=3)
GROUP_LOOK_EVERY = timedelta(seconds=15)  # in a group, where other things have to be said as well

Told = Callable[[Transaction, int, JobState | None], Content]
"""What to say of a job by its number; None: nothing is known of it any more."""


class Receipt(msgspec.Struct, frozen=True):
    """Where somebody waits for which job, and what stands there."""

    job_id: int
    place: Place
    row: int
    since: datetime
    shown: Content


class Receipts:
    """The handler of a topic of its own; `told` says in words how a job stands."""

    def __init__(
        self,
        topic: str,
        told: Told,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        messages: Messages,
        *,
        watched: timedelta,
        group_every: timedelta = GROUP_LOOK_EVERY,
    ) -> None:
        """`watched`: how long at most a job is followed; `group_every`: between two looks for a group."""
        self._topic = topic
        self._told = told
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._messages = messages
        self._watched = watched
        self._group_every = group_every

    def topic(self) -> Topic:
        """Also while work is paused: it changes nothing."""
        return Topic(self._topic, self.tell, AT_ONCE, RETRY, own_keys=True, pausable=False)

    def ask(self, work: Work, place: Place, begun: Content, order: Callable[[Transaction], int]) -> None:
        """Say that it has begun, and follow the job that `order` stores or joins in the same transaction."""
        job = work.job

        def unit(tx: Transaction) -> None:
            row = self._messages.text(tx, job, place, begun, name=self._topic)
            if row is not None:
                self._look_later(tx, job, Receipt(order(tx), place, row, self._clock.now(), begun))

        work.write(unit)
        work.afterwards(lambda: self._inbox.wake(self._topic))

    async def tell(self, job: Job, work: Work) -> None:
        """Look how the job gets on, and say so when that is something else than what stands there."""
        receipt = msgspec.json.decode(job.payload, type=Receipt)

        def look(tx: Transaction) -> tuple[JobState | None, Content]:
            state = jobs.state(tx, receipt.job_id)
            return state, self._told(tx, receipt.job_id, state)

        state, content = await self._database.read(look)
        if content != receipt.shown:
            work.write(lambda tx: self._messages.edit(tx, job, receipt.place, content, row=receipt.row))
        if not self._is_over(receipt, state):
            following = msgspec.structs.replace(receipt, shown=content)
            work.write(lambda tx: self._look_later(tx, job, following))

    def _is_over(self, receipt: Receipt, state: JobState | None) -> bool:
        ended = state is None or state.state in {"done", "dead"}
        return ended or self._clock.now() - receipt.since > self._watched

    def _look_later(self, tx: Transaction, job: Job, receipt: Receipt) -> None:
        offer = Offer(f"receipt:{receipt.row}", f"after:{job.id}", msgspec.json.encode(receipt).decode())
        due = self._clock.now() + (LOOK_EVERY if receipt.place.private else self._group_every)
        self._inbox.accept_in(tx, self._topic, offer, correlation_id=job.correlation_id, due=due)
