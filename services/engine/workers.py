"""Working the inbox: claim with a lease, handle, and one transaction for the finish."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

import structlog

from services.engine.clock import Clock
from services.engine.errors import BreakerOpen, FaultRecorder, LostClaim
from services.engine.failpoints import Failpoints
from services.engine.gathering import Gathering
from services.engine.inbox import Inbox, Passing, Topic, is_permanent
from services.engine.observability import bound, new_correlation_id
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from storage import jobs, postponing
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import Job

log = structlog.get_logger(__name__)

LEASE = 30.0  # seconds a claim lives without being renewed; renewed three times within
LONGEST_REASON = 1000  # characters
PUT_OFF = 0.05  # seconds at least; a job that is due again at this very moment is begun again in it
STORAGE_AGAIN = 0.5  # seconds until work that the database refused is tried again


class Workers:
    """Runs each topic's jobs, at most its concurrency at once."""

    def __init__(
        self,
        inbox: Inbox,
        database: Database,
        *,
        clock: Clock,
        random: Random,
        supervisor: Supervisor,
        failpoints: Failpoints,
        faults: FaultRecorder,
        finished: Callable[[], None],
        passing: Passing = lambda topic: None,
        lease: float = LEASE,
    ) -> None:
        """`finished()` is called after each durable finish: its messages may go out."""
        self._inbox = inbox
        self._database = database
        self._clock = clock
        self._random = random
        self._supervisor = supervisor
        self._failpoints = failpoints
        self._faults = faults
        self._finished = finished
        self._passing = passing
        self._lease = lease
        self._process = new_correlation_id()
        self._claims = count()
        self._held: dict[str, dict[int, Job]] = {}
        self._busy: dict[str, set[str]] = {}  # the claims, by owner and job, whose handler has not ended

    async def recover(self, *, alone: bool) -> None:
        """Free what earlier processes had claimed; `alone` when no other process can be alive."""
        now = self._clock.now()
        freed, buried = await self._database.write(lambda tx: jobs.free_lapsed(tx, now=now, everything=alone))
        if freed or buried:
            log.warning("inbox.lapsed", details={"freed": freed, "buried": buried})
            for topic in self._inbox.topics:
                self._inbox.wake(topic.name)
        for _ in range(buried):
            await self._faults.record("inbox.buried", "a job's worker died five times")

    def start(self, topic: Topic) -> None:
        """Begin to work a topic."""
        self._held[topic.name] = {}
        self._busy[topic.name] = set()
        self._supervisor.spawn(f"inbox.{topic.name}", lambda: self._run(topic))

    def keep_leases(self) -> None:
        """Begin to renew this process's claims and to free the lapsed ones of others."""
        self._supervisor.spawn("inbox.leases", self._renew)

    async def hand_back(self) -> None:
        """Release claims that were not worked to an end, so that nobody waits for their lease."""
        try:
            await self._database.write(lambda tx: jobs.release_all(tx, self._process))
        except StorageUnavailable as error:  # then the next start, or the end of the lease, frees them
            log.warning("inbox.not_handed_back", details={"reason": str(error)})

    async def _run(self, topic: Topic) -> None:
        held, busy, gathering = self._held[topic.name], self._busy[topic.name], Gathering(topic.gather)
        while True:
            # Finishes are written while the next jobs are handled; not more of them than there are handlers.
            free = min(topic.concurrency - len(busy), 2 * topic.concurrency - len(held))
            now = self._clock.now()
            claimed, due = await self._claim(topic, free, now) if free > 0 else ([], None)
            gathering.begun(self._clock.monotonic(), len(claimed))
            for job in claimed:
                held[job.id] = job
                busy.add(_claim_of(job))
                self._supervisor.spawn_once(f"job.{topic.name}.{job.id}", self._work(topic, job))
            if free <= 0:
                await self._inbox.until_woken(topic.name, self._look_every(topic))
            elif len(claimed) < free and not self._inbox.take_hint(topic.name):
                await self._inbox.until_woken(topic.name, self._idle(topic, due))
            if len(claimed) < free and (seconds := gathering.left(self._clock.monotonic())):
                await self._clock.sleep(seconds)

    async def _claim(self, topic: Topic, most: int, now: datetime) -> tuple[list[Job], datetime | None]:
        """Jobs to work now; and if these are all there are, when the next one will be due."""
        keys = self._passing(topic)
        if keys is not None and not keys:
            return [], None
        claimed, due = await self._database.write(partial(self._take, topic, most, now, keys))
        if claimed:
            self._failpoints.hit("claim")
        return claimed, due

    def _take(
        self, topic: Topic, most: int, now: datetime, keys: Collection[str] | None, tx: Transaction
    ) -> tuple[list[Job], datetime | None]:
        until = now + timedelta(seconds=self._lease)
        # Fresh for each claim, so that a stale handler of this very process is a stranger too.
        owner = f"{self._process}.{next(self._claims)}"
        claimed = jobs.claim(tx, topic.name, owner=owner, now=now, lease_until=until, most=most, keys=keys)
        # From the moment of the claim on: what becomes due after it was not seen by it.
        return claimed, jobs.next_due(tx, topic.name, now) if len(claimed) < most else None

    def _idle(self, topic: Topic, due: datetime | None) -> float:
        if due is None:
            return self._look_every(topic)
        return min(self._look_every(topic), max((due - self._clock.now()).total_seconds(), 0.0))

    def _look_every(self, topic: Topic) -> float:
        # Nobody tells of rows that the database took back from a process that stood still.
        return min(topic.idle, self._lease)

    async def _work(self, topic: Topic, job: Job) -> None:
        try:
            with bound(job.correlation_id):
                await self._attempt(topic, job)
        finally:
            self._busy[topic.name].discard(_claim_of(job))
            if self._held[topic.name].get(job.id) is job:  # else this process has claimed it anew
                del self._held[topic.name][job.id]
            self._inbox.finished(job)
            self._inbox.key_is_free(topic)

    async def _attempt(self, topic: Topic, job: Job) -> None:
        was_told = False
        while True:
            try:
                return await self._try(topic, job)
            except StorageUnavailable as error:
                # Our own database is away: that is nobody's failed attempt, and could not be written either.
                if not was_told:  # an outage may be long, and many jobs wait it out
                    log.warning("job.storage_unavailable", details=_facts(job, reason=error))
                was_told = True
                await self._clock.sleep(STORAGE_AGAIN)

    async def _try(self, topic: Topic, job: Job) -> None:
        work = Work(job)
        try:
            self._failpoints.hit("handling")
            result = await self._handle(topic, job, work)
            await self._finish(work, lambda tx: jobs.finish(tx, job, at=self._clock.now(), result=result))
            log.debug("job.done", details=_facts(job))
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the inbox's edge: any failure is this job's outcome
            await self._failed(topic, job, error)

    async def _handle(self, topic: Topic, job: Job, work: Work) -> Any:
        busy, claim = self._busy[topic.name], _claim_of(job)
        busy.add(claim)
        try:
            return await topic.handle(job, work)
        finally:
            if len(busy) >= topic.concurrency:
                self._inbox.wake(topic.name)
            busy.discard(claim)

    async def _failed(self, topic: Topic, job: Job, error: Exception) -> None:
        now = self._clock.now()
        if isinstance(error, BreakerOpen) and await self._is_put_off(topic, job, error, now):
            return
        due = None
        if not is_permanent(error):
            failures = job.attempts - job.lapses
            retry_after = getattr(error, "retry_after", None)
            due = topic.retry.next_due(failures, job.first_failed_at or now, now, self._random, retry_after)
        reason = f"{type(error).__name__}: {_first_line(error)}"
        log.warning("job.failed", details=_facts(job, again=due), exc_info=error)
        await self._faults.record(f"job.{topic.name}.{type(error).__name__}", _first_line(error))
        if due:
            await self._finish(Work(job), lambda tx: jobs.retry(tx, job, at=now, due_at=due, reason=reason))
        else:
            await self._bury(topic, job, error, now, reason)

    async def _bury(self, topic: Topic, job: Job, error: Exception, now: datetime, reason: str) -> None:
        work = Work(job)
        try:
            if topic.last_word:
                await topic.last_word(job, work, error)
            await self._finish(work, lambda tx: jobs.bury(tx, job, at=now, reason=reason))
        except StorageUnavailable:
            raise
        except Exception as failure:
            log.error("job.last_word_failed", details=_facts(job), exc_info=failure)
            await self._faults.record(f"job.{topic.name}.last_word", _first_line(failure))
            await self._finish(Work(job), lambda tx: jobs.bury(tx, job, at=now, reason=reason))

    async def _is_put_off(self, topic: Topic, job: Job, error: BreakerOpen, now: datetime) -> bool:
        wait = max(error.retry_after or 0.0, PUT_OFF)
        due = topic.retry.after_waiting(job.first_failed_at, now, wait)
        if due is None:
            return False
        log.info("job.put_off", details=_facts(job, until=due, reason=error))
        await self._finish(Work(job), lambda tx: postponing.put_off(tx, job, due_at=due, reason=str(error)))
        return True

    async def _finish(self, work: Work, end: Callable[[Transaction], bool]) -> None:
        """Write the job's effects and its end together, or nothing of it when the claim was lost."""

        def unit(tx: Transaction) -> None:
            if not end(tx):
                raise LostClaim(f"job {work.job.id}")
            work.apply(tx)

        try:
            await self._database.write(unit)
        except LostClaim:
            log.warning("job.claim_lost", details=_facts(work.job))
            return
        self._failpoints.hit("finish")
        work.settled()
        self._finished()

    async def _renew(self) -> None:
        while True:
            await self._clock.sleep(self._lease / 3)
            await self._prolong()
            await self.recover(alone=False)

    async def _prolong(self) -> None:
        held = [(job.id, job.owner) for of_topic in self._held.values() for job in of_topic.values()]
        until = self._clock.now() + timedelta(seconds=self._lease)
        await self._database.write(lambda tx: jobs.renew(tx, held, lease_until=until))


def _first_line(error: Exception) -> str:
    # What follows it is the statement, when a database refused one.
    return str(error).split("\n", 1)[0][:LONGEST_REASON]


def _claim_of(job: Job) -> str:
    return f"{job.owner} {job.id}"


def _facts(job: Job, **more: Any) -> dict[str, Any]:
    facts = {"job": job.id, "topic": job.topic, "attempt": job.attempts}
    return facts | {name: str(value) for name, value in more.items() if value}
