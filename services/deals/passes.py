"""Passes of the reconcile: what is wanted of one, how far it is, and how somebody has one made.

There is one at a time, wherever it is worked; whoever wants one meanwhile joins it. Counting is a topic of
its own: it changes nothing, so it waits for nobody.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.engine.inbox import DAY
from services.engine.observability import new_correlation_id
from storage import jobs, postponing, reconcile_cursors
from storage.database import Transaction
from storage.records import Job, NewJob

RECONCILE, COUNTING = "reconcile", "reconcile.count"  # topics
ACTOR = "schedule"  # of a pass that nobody asked for


class Wish(msgspec.Struct, frozen=True):
    """A pass's payload; the schedule's says nothing. `since`: from then on instead of from the cursor."""

    by: str = ACTOR
    since: datetime | None = None


class Tally(msgspec.Struct, frozen=True):
    """What a pass found in one portal.

    `changed`: deals changed since the last one; `ordered`: those of them that nobody had looked at. The five
    that follow say how these ended; `waiting` ones had not, as when the home portal is away. `missed`: no
    event had told of them. `away` is why the portal could not be asked to the end.
    """

    changed: int = 0
    ordered: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    conflict: int = 0
    failed: int = 0
    waiting: int = 0
    missed: int = 0
    away: str = ""

    @property
    def ended(self) -> int:
        """How many of the ordered ones there is nothing more to wait for."""
        return self.created + self.updated + self.unchanged + self.conflict + self.failed + self.waiting


Tallies = dict[str, Tally]  # by domain
_NUMBERS = tuple(name for name in Tally.__struct_fields__ if name != "away")


def sum_of(tallies: Tallies) -> dict[str, int]:
    """All portals' numbers together, by their names."""
    return {name: sum(getattr(tally, name) for tally in tallies.values()) for name in _NUMBERS}


def tallies_of(result: Any) -> Tallies:
    """What a pass found, of its job's result."""
    return msgspec.convert(result or {}, Tallies)


class Ordered(msgspec.Struct, frozen=True):
    """What a job was ordered for; `missed`: no event had told of the change."""

    deal: int
    at: datetime
    missed: bool


class Leg(msgspec.Struct, frozen=True):
    """A pass in one portal, as it is stored after each step: what follows a crash begins here.

    Rows up to the id `after` have been looked at; `orders` are the jobs whose ends are not counted yet.
    `seen`: deals whose change at that moment has been looked at.
    """

    job: int
    since: datetime
    begun: datetime
    after: int = 0
    newest: datetime | None = None
    orders: dict[int, Ordered] = {}
    tally: Tally = Tally()
    seen: dict[int, datetime] = {}
    over: bool = False


class State(msgspec.Struct, frozen=True):
    """All that is kept of one portal: its newest pass, and which changes near the cursor were seen."""

    leg: Leg | None = None
    seen: dict[int, datetime] = {}


def state_of(tx: Transaction, domain: str) -> State:
    """What is kept of a portal."""
    cursor = reconcile_cursors.by_domain(tx, domain)
    return msgspec.json.decode(cursor.state, type=State) if cursor and cursor.state else State()


def progress_of(tx: Transaction, job_id: int) -> Tallies:
    """How far a pass is, in the portals that it has begun with."""
    found = ((each.source_domain, each.state) for each in reconcile_cursors.every(tx) if each.state)
    legs = {domain: msgspec.json.decode(state, type=State).leg for domain, state in found}
    return {domain: leg.tally for domain, leg in legs.items() if leg and leg.job == job_id}


def order_pass(
    tx: Transaction, wish: Wish, *, now: datetime, dry: bool = False, cause: Job | None = None
) -> int:
    """The number of the job that is the pass: a new one, or the one on its way.

    Nobody joins with a `since`: the other one may have begun later. A `cause` that is worked again, because
    its worker died, orders the same one.
    """
    topic = topic_of(dry=dry)
    if wish.since is None and (known := postponing.hurry(tx, topic, now=now)) is not None:
        return known
    row = NewJob(
        topic=topic,
        key=f"tick:{topic}",  # that of the schedule's
        payload=msgspec.json.encode(wish).decode(),
        correlation_id=cause.correlation_id if cause else new_correlation_id(),
        accepted_at=now,
        due_at=now,
        dedup_id=f"job:{cause.id}" if cause else None,
        dedup_until=now + timedelta(seconds=DAY) if cause else None,
    )
    ((job_id, _),) = jobs.accept(tx, [row])
    return job_id


def topic_of(*, dry: bool) -> str:
    """Where a pass is worked."""
    return COUNTING if dry else RECONCILE
