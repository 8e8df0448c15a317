"""How full a portal's bucket of requests is: one row per host, shared by all processes on the database.

A portal counts each request when it arrives, forgets `rate` of them a second and refuses what would be more
than its bucket holds. Requests are reserved here before they are sent, so that neither a crash nor another
process ever makes them more.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from storage.database import Transaction
from storage.tables import portal_buckets
from storage.upserts import insert_of, is_postgres

ROUNDING = 1e-6  # a tenth of a request ten times is one
APART = 60.0  # seconds that clocks of processes may differ, one's wait for the row included


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many requests counted at that moment."""

    level: float
    at: datetime

    def drained(self, rate: float, now: datetime) -> "Bucket":
        """The same bucket now. What another process wrote a little later than this `now` is kept as it is.

        Else two whose clocks differ would both drain it, each by its own. A clock that was set back by more
        is believed: nothing has drained, and time goes on from there.
        """
        elapsed = (now - self.at).total_seconds()
        if -APART < elapsed < 0:
            return self
        return Bucket(max(self.level - rate * max(elapsed, 0.0), 0.0), now)


@dataclass(frozen=True, slots=True)
class Wish:
    """Up to `wanted` requests, from a bucket that holds `room` and drains `rate` a second.

    `owed` is counted in any case: it had drained before what it was reserved for arrived. `at_least` is how
    full the bucket is known to be.
    """

    wanted: int
    rate: float
    room: float
    owed: float = 0.0
    at_least: float = 0.0


@dataclass(frozen=True, slots=True)
class Reserved:
    """So many requests may be sent; with none, ask again in `wait` seconds. `level` counts them already."""

    granted: int
    level: float
    wait: float


# Made once, for every few requests run them, and making them costs more than that.
_EMPTY = {
    postgres: insert_of(postgres, portal_buckets).on_conflict_do_nothing(index_elements=["host"])
    for postgres in (False, True)
}
_OF_HOST = portal_buckets.c.host == bindparam("of_host")
_FOUND = select(portal_buckets.c.level, portal_buckets.c.at).where(_OF_HOST).with_for_update()
_FILLED = update(portal_buckets).where(_OF_HOST).values(level=bindparam("level"), at=bindparam("at"))


def reserve(tx: Transaction, host: str, wish: Wish, *, now: datetime) -> Reserved:
    """Reserve what fits, in the one row of this host. A host nobody knows has an empty bucket."""
    tx.execute(_EMPTY[is_postgres(tx)], {"host": host, "level": 0.0, "at": now})
    bucket, reserved = fill(Bucket(*tx.execute(_FOUND, {"of_host": host}).one()), wish, now)
    tx.execute(_FILLED, {"of_host": host, "level": bucket.level, "at": bucket.at})
    return reserved


def fill(bucket: Bucket, wish: Wish, now: datetime) -> tuple[Bucket, Reserved]:
    """Count what fits into a bucket: how it is then, and what that gives."""
    drained = bucket.drained(wish.rate, now)
    level = max(drained.level, wish.at_least) + wish.owed
    granted = max(min(wish.wanted, int(wish.room - level + ROUNDING)), 0)
    missing = 0.0 if granted else level + 1 - wish.room
    level += granted
    return Bucket(level, drained.at), Reserved(granted, level, max(missing, 0.0) / wish.rate)
