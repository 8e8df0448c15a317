"""A pass's way through one portal: list, order, wait, and count how the orders ended."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from services.deals.comparing import MARGIN, Changed, Compared
from services.deals.model import TOPIC, Action, Order, Result
from services.deals.passes import Leg, Ordered, State, Tally, state_of
from services.engine.clock import Clock
from services.engine.inbox import Inbox, Offer
from storage import job_states, portal_events, reconcile_cursors
from storage.database import Database, Transaction
from storage.portal_events import NewEvent
from storage.records import Job, JobState, NewJob

OVERLAP = timedelta(minutes=5)  # before the cursor: what a portal lists late, and clocks that differ
BATCH = 500  # deals looked at together
SEEN = 5000  # changes near the cursor that are remembered
LOOK = 1.0  # seconds between two looks at how the orders get on
PATIENCE = 600.0  # seconds until a batch is left to itself
PUT_OFF_PATIENCE = 60.0  # the same when all that is left waits for something outside

_REPAIRS: frozenset[Action] = frozenset({"created", "updated", "conflict"})


class Walk:
    """One pass in one portal."""

    def __init__(
        self,
        portal: Compared,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        job: Job,
        since: datetime | None,
    ) -> None:
        """`since`: from then on instead of from the cursor."""
        self._portal = portal
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._job = job
        self._since = since
        self._cursor = self._now = clock.now()
        self._state = State()
        self._leg = Leg(job.id, self._now, self._now)

    @property
    def domain(self) -> str:
        """The portal's."""
        return self._portal.domain

    @property
    def tally(self) -> Tally:
        """What was found so far."""
        return self._leg.tally

    async def run(self) -> None:
        """Have all transferred that needs it, from where this pass was cut off. Raises what list_all does."""
        await self._begin()
        if self._leg.over:
            return
        await self._wait()
        async for rows in self._batches():
            await self._order(rows)
            await self._wait()
        await self._database.write(self._finish)

    async def count(self) -> None:
        """The same without any order; `ordered` are those that there would be."""
        await self._begin()
        async for rows in self._batches():
            unseen = self._unseen(rows)
            made = await self._database.read(partial(self._portal.orders, rows=unseen))
            self._leg = _further(self._leg, rows, (len(unseen), len(made)), {})

    async def _begin(self) -> None:
        def look(tx: Transaction) -> tuple[reconcile_cursors.Cursor | None, State]:
            return reconcile_cursors.by_domain(tx, self._portal.domain), state_of(tx, self._portal.domain)

        cursor, self._state = await self._database.read(look)
        self._cursor = cursor.since if cursor else self._now
        known = self._state.leg
        if known and known.job == self._job.id:
            self._leg = known
        else:
            self._leg = Leg(self._job.id, self._since or self._cursor - OVERLAP, self._now)

    async def _batches(self) -> AsyncIterator[list[Changed]]:
        rows: list[Changed] = []
        async for row in self._portal.changed(self._leg.since, after=self._leg.after):
            rows.append(row)
            if len(rows) == BATCH:
                yield rows
                rows = []
        if rows:
            yield rows

    def _unseen(self, rows: Sequence[Changed]) -> list[Changed]:
        return [row for row in rows if self._state.seen.get(row.id) != row.at]

    async def _order(self, rows: Sequence[Changed]) -> None:
        """Order what these need, and store with it that they have been looked at."""
        unseen = self._unseen(rows)
        wanted = await self._database.read(partial(self._portal.orders, rows=unseen))
        jobs = [NewEvent(self._job_for(row, order)) for row, order in wanted]

        def unit(tx: Transaction) -> Leg:
            taken = portal_events.accept(tx, jobs) if jobs else []
            orders = {
                job_id: Ordered(row.id, row.at, new)
                for (job_id, new, _), (row, _) in zip(taken, wanted, strict=True)
            }
            leg = _further(self._leg, rows, (len(unseen), len(orders)), orders)
            self._keep(tx, leg)
            return leg

        self._leg = await self._database.write(unit)
        self._inbox.wake(TOPIC)

    def _job_for(self, row: Changed, order: Order) -> NewJob:
        """One that waits anyway reads late enough and is joined; where none does, no event had told."""
        payload = msgspec.json.encode(order).decode()
        return self._inbox.new_job(TOPIC, Offer(row.key.job_key, None, payload))

    async def _wait(self) -> None:
        """Wait for the ends of what is ordered, and count them."""
        begun, orders = self._clock.monotonic(), self._leg.orders
        while orders:
            states = await self._database.read(partial(job_states.of, job_ids=orders))
            if _is_enough(states.values(), self._clock.monotonic() - begun):
                self._leg = _counted(self._leg, states)
                return
            await self._clock.sleep(LOOK)

    def _keep(self, tx: Transaction, leg: Leg) -> None:
        state = msgspec.structs.replace(self._state, leg=leg)
        reconcile_cursors.keep(tx, self._portal.domain, self._cursor, _json(state))

    def _finish(self, tx: Transaction) -> None:
        """The cursor moves to the newest change, but not beyond what came while the list was read."""
        leg, since = msgspec.structs.replace(self._leg, over=True), self._cursor
        if leg.newest and leg.since <= since:
            since = max(since, min(leg.newest, leg.begun))
        # Within the second of the newest change more may come; not when that was long ago by any clock.
        settled = max(leg.newest or since, leg.begun - MARGIN)
        seen = self._state.seen | leg.seen
        near = {number: at for number, at in seen.items() if since - OVERLAP < at < settled}
        kept = State(msgspec.structs.replace(leg, seen={}), _newest(near))
        reconcile_cursors.finish(tx, self._portal.domain, since, _json(kept), at=self._clock.now())


def _further(
    leg: Leg, rows: Sequence[Changed], counts: tuple[int, int], orders: Mapping[int, Ordered]
) -> Leg:
    """How far it is behind these rows; `counts` are those that nobody had seen, and those ordered."""
    changed, ordered = counts
    tally = msgspec.structs.replace(
        leg.tally, changed=leg.tally.changed + changed, ordered=leg.tally.ordered + ordered
    )
    newest = max([row.at for row in rows] + ([leg.newest] if leg.newest else []))
    return msgspec.structs.replace(leg, tally=tally, newest=newest, after=rows[-1].id, orders=dict(orders))


def _counted(leg: Leg, states: Mapping[int, JobState]) -> Leg:
    """The same with the ends of its orders counted. What ended well was read after it was listed."""
    numbers, seen = msgspec.structs.asdict(leg.tally), dict(leg.seen)
    for job_id, order in leg.orders.items():
        end = _end_of(states.get(job_id))
        numbers[end] += 1
        numbers["missed"] += order.missed and end in _REPAIRS
        if end not in ("failed", "waiting"):
            seen[order.deal] = order.at
    return msgspec.structs.replace(leg, tally=Tally(**numbers), seen=_newest(seen), orders={})


def _end_of(state: JobState | None) -> str:
    """Which number of the tally counts a job."""
    if state is None or state.state == "dead":
        return "failed"
    if state.state != "done":
        return "waiting"
    result = msgspec.convert(state.result, Result)
    if result.status == "failed":
        return "failed"
    return result.action if result.action in _REPAIRS else "unchanged"


def _is_enough(states: Collection[JobState], waited: float) -> bool:
    """Whether all are at their end, or have had their time. One with a reason has been put off."""
    left = [each for each in states if each.state not in ("done", "dead")]
    patience = PUT_OFF_PATIENCE if all(each.reason for each in left) else PATIENCE
    return not left or waited >= patience


def _newest(seen: Mapping[int, datetime]) -> dict[int, datetime]:
    return dict(sorted(seen.items(), key=lambda each: each[1])[-SEEN:])


def _json(state: State) -> str:
    return msgspec.json.encode(state).decode()
