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
from services.flow.pause import NAME as PAUSED
from services.flow.places import Asker, Place
from storage import jobs, replaying, switches
from storage import journal as journal_rows
from storage.database import Database, Transaction
from storage.records import Job, JobState
from storage.replaying import Chosen, DeadGroup, DeadJob

TOPIC = "replay"
PART = 200  # jobs put back in one transaction
LOOK_EVERY = timedelta(seconds=3)  # between two looks at how they get on, and two edits of what is shown
GROUP_LOOK_EVERY = timedelta(seconds=15)  # in a group, where other things have to be said as well
LOOK_PART = 10  # and not before a tenth more of the time has gone since all are back
WATCHED = timedelta(minutes=10)  # from when all are back: what is not done by then is told as waiting
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
    back_at: datetime | None = None  # when all were
    looked_at: datetime | None = None
    told: dict[str, int] = {}  # the counts that are shown


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

    async def payload(self, job_id: int) -> str:
        """What a job is about, as it was accepted."""
        return await self._database.read(lambda tx: replaying.payload(tx, job_id))

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
        part: str | None = None,
    ) -> int:
        """Put the question, with how many would be replayed; the answer is that number; none, no question.

        `part`: only those whose key or reason holds it. What dies after this moment is not meant. Raises
        Anonymous.
        """
        chosen = Chosen(self._clock.now(), topic, reason, job_id, part=part)
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
        begun = Text("replay-begun", {"count": total})
        return Content((begun, Text("replay-paused")) if await self._is_paused() else (begun,))

    async def _is_paused(self) -> bool:
        switch = await self._database.read(lambda tx: switches.by_name(tx, PAUSED))
        return switch is not None and switch.is_on

    async def handle(self, job: Job, work: Work) -> dict[str, int]:
        """One link of the chain; how many jobs it put back."""
        order = msgspec.json.decode(job.payload, type=Order)
        put_back = {"replayed": 0}

        def unit(tx: Transaction) -> None:
            ended = self._put_back(tx, job, order)
            put_back["replayed"] = len(ended)
            self._go_on(tx, job, _further(order, ended, self._clock.now()))

        work.write(unit)
        work.afterwards(self._inbox.wake_all)
        return put_back

    def _put_back(self, tx: Transaction, job: Job, order: Order) -> list[DeadJob]:
        if order.back_at:
            return []
        now = self._clock.now()
        return replay_part(tx, self._journal, order.chosen, order.by, job=job, after=order.after, now=now)

    def _go_on(self, tx: Transaction, job: Job, order: Order) -> None:
        """Show how far it is when that is due, and store the next link unless this was the last."""
        now, over = self._clock.now(), False
        every = _look_every(order, now)
        if order.back_at or order.looked_at is None or now - order.looked_at >= every:
            order, over = self._look(tx, job, msgspec.structs.replace(order, looked_at=now))
        if not over:
            due = min(now + every, order.back_at + WATCHED) if order.back_at else now
            offer = Offer(job.key, f"after:{job.id}", _json(order))
            self._inbox.accept_in(tx, TOPIC, offer, correlation_id=job.correlation_id, due=due)

    def _look(self, tx: Transaction, job: Job, order: Order) -> tuple[Order, bool]:
        """Tell what differs from what is shown; the order as it is now, and whether that was all."""
        states = replaying.outcome(tx, job.correlation_id, since=order.since)
        counts = _counts(order, states)
        over = order.back_at is not None and (
            not counts["waiting"] or self._clock.now() - order.back_at >= WATCHED
        )
        if over or counts != order.told:
            text = Text("replay-over" if over else "replay-progress", counts)
            self._messages.edit(tx, job, order.place, Content((text,)), row=order.row)
        return msgspec.structs.replace(order, told=counts), over


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


def _further(order: Order, ended: list[DeadJob], now: datetime) -> Order:
    if not ended:
        return msgspec.structs.replace(order, back_at=order.back_at or now)
    return msgspec.structs.replace(order, after=ended[-1].id, replayed=order.replayed + len(ended))


def _look_every(order: Order, now: datetime) -> timedelta:
    """Less often as it lasts."""
    shortest = LOOK_EVERY if order.place.private else GROUP_LOOK_EVERY
    return max(shortest, (now - (order.back_at or now)) / LOOK_PART)


def _question(counts: dict[str, int], chosen: Chosen) -> Content:
    texts = [Text("replay-question", {"count": sum(counts.values())})]
    texts += [Text("replay-topic", {"topic": topic, "number": number}) for topic, number in counts.items()]
    return Content(tuple(texts))


def _counts(order: Order, states: dict[str, int]) -> dict[str, int]:
    return {
        "count": order.replayed,
        "total": order.total,
        "done": states.get("done", 0),
        "dead": states.get("dead", 0),
        "waiting": states.get("waiting", 0) + states.get("claimed", 0),
    }


def _json(order: Order) -> str:
    return msgspec.json.encode(order).decode()
