"""How many requests a portal takes: its leaky bucket, kept on our side so that it never has to refuse one.

The portal counts a request when it arrives, forgets `rate` of them a second and refuses what would be more
than `burst` (https://apidocs.bitrix24.com/limits.html). We count one when it is reserved, in blocks that are
stored before any of them is sent (storage/portal_buckets.py). So nothing is lost by a crash, and several
processes share one bucket. But what is counted early drains early, while the portal knows nothing of it yet.
So each request has a part of the bucket that is its own, and a moment when that has drained:

- One that has not been sent by then may not be sent any more.
- Of one that was sent or arrived shortly before or after, what had drained is counted again. When it arrived
  nobody tells us; its answer is the latest moment. Requests may travel LATENESS longer than others without
  that, for which a small part of the bucket is kept free.

Within one process this holds however long requests travel. Another process learns of a late one only with the
next block of the process that sent it.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.turns import Turns
from services.engine.clock import Clock
from services.engine.supervisor import Supervisor
from storage import portal_buckets
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.portal_buckets import Bucket, Reserved, Wish

log = structlog.get_logger(__name__)

BLOCK = 5  # requests reserved at once
LATENESS = 0.5  # seconds that one request may travel longer than another without being counted again
ARRIVED = 5.0  # seconds after which a request has reached the portal, if it ever does
CUT = 0.8  # a refusal leaves so much of rate and burst …
LEAST = 0.2  # … but never less than so much of the settings
RISE = 0.1  # of the settings, given back …
SUCCESSES = 20  # … after so many requests that were taken
TOGETHER = 1.0  # seconds within which several refusals have one cause
STORAGE_REST = 10.0  # seconds until a database that is away is asked again
CARE = 0.5  # of the rate, while nobody knows what other processes send


@dataclass(slots=True, eq=False)
class Permit:
    """The right to send one request now. To be given back with `ended` or `unused`."""

    limiter: "Limiter" = field(repr=False)
    drained_at: float  # when its part of the bucket has drained; moments of the monotonic clock
    sent: float = math.inf

    def ended(self) -> None:
        """The answer is here, or nothing will come."""
        self.limiter.ended(self)

    def unused(self) -> None:
        """Nothing was sent."""
        self.limiter.returned(self)


class Limiter:
    """The bucket of one portal, as this process sees it.

    While the database is away requests go on, carefully: the bucket counts as full and drains at half its
    rate. Those that come from work already claimed should end, and what people ask should be answered.
    """

    def __init__(
        self,
        host: str,
        database: Database,
        clock: Clock,
        supervisor: Supervisor,
        *,
        rate: float = 2.0,
        burst: int = 50,
    ) -> None:
        """`host` names the bucket, `rate` in requests a second."""
        self._host = host
        self._database = database
        self._clock = clock
        self._supervisor = supervisor
        self._rate = rate
        self._burst = burst
        self._turns: Turns[asyncio.Future[Permit]] = Turns()
        self._serving = False
        self._block: deque[Permit] = deque()  # reserved and not sent yet, the first to drain first
        self._under_way: set[Permit] = set()
        self._owed = 0.0  # requests, and parts of some, that have to be counted again
        self._share = 1.0  # of rate and burst, after refusals
        self._successes = 0
        self._refused_at = -math.inf
        self._is_full = False
        self._alone: Bucket | None = None  # instead of the stored one, while that is away
        self._storage_at = -math.inf  # when it may be asked again

    @property
    def waiting(self) -> int:
        """How many wait for a permit."""
        return len(self._turns)

    @property
    def share(self) -> float:
        """How much of the settings is used, from 0.2 to 1; less than 1 after refusals."""
        return self._share

    async def admit(self, *, urgent: bool = False) -> Permit:
        """Wait until one more request may be sent.

        Urgent ones overtake, but every fourth permit goes to one that is not. Raises PortalUnavailable when
        the hub ends meanwhile.
        """
        turn: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._turns.join(turn, urgent=urgent)
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            self._turns.leave(turn)
            if turn.done() and not turn.cancelled() and not turn.exception():
                turn.result().unused()
            raise

    def accepted(self) -> None:
        """The portal took a request."""
        self._successes += 1
        if self._share < 1 and self._successes >= SUCCESSES:
            self._successes = 0
            self._share = min(self._share + RISE, 1.0)
            self._tell("portal.faster")

    def rejected(self) -> None:
        """The portal refused one: its bucket is full, because others use it too or we counted wrong."""
        self._is_full = True
        self._block.clear()
        self._successes = 0
        now = self._clock.monotonic()
        if now - self._refused_at >= TOGETHER:
            self._refused_at = now
            self._share = max(self._share * CUT, LEAST)
            self._tell("portal.slower")

    def ended(self, permit: Permit) -> None:
        """See Permit."""
        if permit in self._under_way:
            self._under_way.discard(permit)
            self._owed += self._missing(permit)

    def returned(self, permit: Permit) -> None:
        """See Permit."""
        if permit in self._under_way:
            self._under_way.discard(permit)
            self._block.appendleft(permit)
            self._serve()

    def _serve(self) -> None:
        """Give out what there is; somebody sees to the rest."""
        while self._turns and (permit := self._take()):
            self._hand_over(permit)
        if self._turns and not self._serving:
            self._serving = True
            self._supervisor.spawn_once("bitrix24.limiter", self._give_out())

    async def _give_out(self) -> None:
        try:
            while self._turns:
                if permit := self._take():
                    self._hand_over(permit)
                elif wait := await self._reserve():
                    await self._clock.sleep(wait)
        finally:
            self._serving = False
            while self._turns:
                turn = self._turns.next()
                if not turn.done():
                    turn.set_exception(PortalUnavailable("the hub ends"))

    def _hand_over(self, permit: Permit) -> None:
        turn = self._turns.next()
        if turn.done():  # cancelled, and about to leave
            self._block.appendleft(permit)
            return
        permit.sent = self._clock.monotonic()
        self._under_way.add(permit)
        turn.set_result(permit)

    def _take(self) -> Permit | None:
        now = self._clock.monotonic()
        while self._block:
            permit = self._block.popleft()
            if permit.drained_at > now:
                return permit
        return None

    async def _reserve(self) -> float:
        """Fill the block; seconds to wait when nothing fits."""
        now = self._clock.monotonic()
        owed = self._count_again()
        reserved = await self._reserved(owed, self._clock.now())
        if self._is_full:  # said meanwhile, so what was reserved is not there
            return reserved.wait
        lowest = reserved.level - reserved.granted
        heights = range(1, reserved.granted + 1)
        self._block.extend(Permit(self, now + (lowest + height) / self._rate) for height in heights)
        return reserved.wait

    def _count_again(self) -> float:
        """What is owed, with what is under way: that has its part of the bucket back then."""
        owed, self._owed = self._owed, 0.0
        for permit in self._under_way:
            if missing := self._missing(permit):
                owed += missing
                permit.drained_at = self._arrival(permit) + 1 / self._rate
        return owed

    def _missing(self, permit: Permit) -> float:
        """How much of a request's part of the bucket had drained, at most, when it arrived."""
        left = (permit.drained_at - self._arrival(permit)) * self._rate
        return min(max(1 - left, 0.0), 1.0)

    def _arrival(self, permit: Permit) -> float:
        latest = min(self._clock.monotonic(), permit.sent + ARRIVED)
        return max(latest - LATENESS, permit.sent)

    async def _reserved(self, owed: float, moment: datetime) -> Reserved:
        is_full, self._is_full = self._is_full, False
        if self._clock.monotonic() >= self._storage_at:
            wish = self._wish(owed, is_full, moment)
            try:
                reserved = await self._database.write(
                    lambda tx: portal_buckets.reserve(tx, self._host, wish, now=moment)
                )
            except StorageUnavailable as error:
                log.warning("portal.bucket_not_stored", details={"reason": str(error)})
                self._storage_at = self._clock.monotonic() + STORAGE_REST
            else:
                self._alone = None
                return reserved
        return self._without_storage(self._wish(owed, is_full, moment, care=CARE), moment)

    def _without_storage(self, wish: Wish, moment: datetime) -> Reserved:
        bucket = self._alone or Bucket(wish.room, moment)
        self._alone, reserved = portal_buckets.fill(bucket, wish, moment)
        return reserved

    def _wish(self, owed: float, is_full: bool, moment: datetime, *, care: float = 1.0) -> Wish:
        rate, burst = self._rate * self._share * care, self._burst * self._share
        at_least = burst if is_full else 0.0
        if self._alone:
            at_least = max(at_least, self._alone.drained(rate, moment).level)
        return Wish(BLOCK, rate, max(burst - rate * LATENESS, 1.0), owed, at_least)

    def _tell(self, event: str) -> None:
        log.warning(event, details={"share": round(self._share, 2), "host": self._host})
