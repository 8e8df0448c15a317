"""Replay: dead jobs are worked anew, when somebody who saw how many there are says so.

A replay is a chain of short jobs: each puts a part of the dead ones back, in order, and the later ones look
how those get on. So a stop of the hub ends none, and what is shown is written together with what was done.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.engine.clock import Clock
from services.engine.inbox import Inbox, Offer, Topic
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from services.flow.confirmations import Confirmations, Confirmed
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place
from storage import jobs, replaying
from storage import journal as journal_rows
from storage.database import Database, Transaction
from storage.records import Job, JobState
from storage.replaying import Chosen, DeadGroup, DeadJob

TOPIC = "replay"
PART = 200  # jobs put back in one transaction
LOOK_EVERY = timedelta(seconds=3)  # between two looks at how they get on, and two edits of what is shown
WATCHED = timedelta(minutes=10)  # from its beginning: what is not done by then is told as waiting
AT_ONCE = 4  # replays
RETRY = RetryPolicy(attempts=5, window=3600.0, delay=2.0, cap=60.0)


class Order(msgspec.Struct, frozen=True):
    """A replay on its way: what was chosen, by whom, where it is told, and how far it is."""

    chosen: Chosen
    by: str
    begun: datetime
    since: int  # the journal's last number before
    total: int
    place: Place
    row: int
    after: int = 0
    replayed: int = 0
    all_back: bool = False
    told_at: datetime | None = None


class Replay:
    """Asks whether dead jobs shall be worked anew, and has them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        messages: Messages,
        journal: Journal,
        confirmations: Confirmations,
    ) -> None:
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._messages = messages
        self._journal = journal
        self._confirmations = confirmations
        confirmations.register(TOPIC, self._confirmed)
        inbox.register(Topic(TOPIC, self.handle, AT_ONCE, RETRY, own_keys=True))

    async def groups(self, *, most: int, after: int) -> tuple[list[tuple[DeadGroup, list[DeadJob]]], int]:
        """A page of the dead ones by topic and reason, newest first, with examples; and how many groups."""

        def look(tx: Transaction) -> tuple[list[tuple[DeadGroup, list[DeadJob]]], int]:
            found = replaying.groups(tx, most=most, after=after)
            return [(group, replaying.newest_of(tx, group, most=most)) for group in found], (
                replaying.group_count(tx)
            )

        return await self._database.read(look)

    async def dead(self, job_id: int) -> DeadJob | None:
        """A dead job by its number."""
        return await self._database.read(lambda tx: replaying.by_id(tx, job_id))

    async def state(self, job_id: int) -> JobState | None:
        """How any job stands; None when there is none of that number."""
        return await self._database.read(lambda tx: jobs.state(tx, job_id))

    async def ask(
        self,
        work: Work,
        place: Place,
        asker: Asker,
        *,
        topic: str | None = None,
        reason: str | None = None,
        job_id: int | None = None,
    ) -> int:
        """Put the question, with how many would be replayed; the answer is that number; none, no question.

        What dies after this moment is not meant by it. Raises Anonymous.
        """
        chosen = Chosen(self._clock.now(), topic, reason, job_id)
        counts = await self._database.read(lambda tx: replaying.counts(tx, chosen))
        if counts:
            params = {"chosen": msgspec.to_builtins(chosen)}
            self._confirmations.ask(work, place, asker, TOPIC, params, _question(counts, chosen))
        return sum(counts.values())

    async def _confirmed(self, params: dict[str, Any], confirmed: Confirmed) -> Content:
        chosen = msgspec.convert(params["chosen"], Chosen)
        counts = await self._database.read(lambda tx: replaying.counts(tx, chosen))
        total, work, now = sum(counts.values()), confirmed.work, self._clock.now()
        if not total:
            return Content((Text("replay-nothing"),))
        by, row = actor_of(confirmed.by), confirmed.shown_row

        def unit(tx: Transaction) -> None:
            since = journal_rows.last(tx)
            order = Order(chosen, by, now, since, total, confirmed.place, row)
            offer = Offer(f"replay:{work.job.id}", f"job:{work.job.id}", _json(order))
            self._inbox.accept_in(tx, TOPIC, offer, correlation_id=work.job.correlation_id)

        work.write(unit)
        work.afterwards(lambda: self._inbox.wake(TOPIC))
        return Content((Text("replay-begun", {"count": total}),))

    async def handle(self, job: Job, work: Work) -> dict[str, int]:
        """One link of the chain; how many jobs it put back."""
        order = msgspec.json.decode(job.payload, type=Order)
        put_back = {"replayed": 0}

        def unit(tx: Transaction) -> None:
            ended = self._put_back(tx, job, order)
            put_back["replayed"] = len(ended)
            self._go_on(tx, job, _further(order, ended))

        work.write(unit)
        work.afterwards(self._inbox.wake_all)
        return put_back

    def _put_back(self, tx: Transaction, job: Job, order: Order) -> list[DeadJob]:
        if order.all_back:
            return []
        now = self._clock.now()
        return replay_part(tx, self._journal, order.chosen, order.by, job=job, after=order.after, now=now)

    def _go_on(self, tx: Transaction, job: Job, order: Order) -> None:
        """Show how far it is, and store the next link unless this was the last."""
        now = self._clock.now()
        states = replaying.outcome(tx, job.correlation_id, since=order.since)
        open_ = states.get("waiting", 0) + states.get("claimed", 0)
        over = order.all_back and (not open_ or now - order.begun >= WATCHED)
        if over or order.told_at is None or now - order.told_at >= LOOK_EVERY:
            order = msgspec.structs.replace(order, told_at=now)
            self._messages.edit(tx, job, order.place, _progress(order, states, open_, over), row=order.row)
        if not over:
            due = now + LOOK_EVERY if order.all_back else now
            offer = Offer(job.key, f"after:{job.id}", _json(order))
            self._inbox.accept_in(tx, TOPIC, offer, correlation_id=job.correlation_id, due=due)


def replay_part(
    tx: Transaction,
    journal: Journal,
    chosen: Chosen,
    by: str,
    *,
    job: Job | None,
    after: int,
    now: datetime,
) -> list[DeadJob]:
    """Put the next chosen ones back, in order, each with a line in the journal; none: that were all."""
    ended = replaying.replay(tx, chosen, after=after, now=now, most=PART)
    for each in ended:
        before = {"topic": each.topic, "state": "dead", "attempts": each.attempts, "reason": each.reason}
        after_ = {"topic": each.topic, "state": "waiting", "replays": each.replays + 1}
        journal.record(
            tx, job, by, replaying.ACTION, replaying.KIND, str(each.id), before=before, after=after_
        )
    return ended


def _further(order: Order, ended: list[DeadJob]) -> Order:
    if not ended:
        return msgspec.structs.replace(order, all_back=True)
    return msgspec.structs.replace(order, after=ended[-1].id, replayed=order.replayed + len(ended))


def _question(counts: dict[str, int], chosen: Chosen) -> Content:
    texts = [Text("replay-question", {"count": sum(counts.values())})]
    texts += [Text("replay-topic", {"topic": topic, "number": number}) for topic, number in counts.items()]
    return Content(tuple(texts))


def _progress(order: Order, states: dict[str, int], open_: int, over: bool) -> Content:
    counts = {
        "count": order.replayed,
        "total": order.total,
        "done": states.get("done", 0),
        "dead": states.get("dead", 0),
        "waiting": open_,
    }
    return Content((Text("replay-over" if over else "replay-progress", counts),))


def _json(order: Order) -> str:
    return msgspec.json.encode(order).decode()
