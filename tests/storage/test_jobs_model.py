"""The inbox's rows beside a model that can be read, under any order of events."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storage import jobs
from storage.database import Result, Transaction
from storage.records import Job
from tests.storage.files import new_file, opened, rows
from tests.storage.rows import LEASE, NOON, new_job

KEYS = st.sampled_from(["chat:1", "chat:2", "chat:3"])
TOPICS = st.sampled_from(["telegram", "portal"])
DEDUP_WINDOW = timedelta(seconds=100)
STEPS = st.sampled_from([1, 10, 31, 60, 101])
FAR = timedelta(days=3)


class Undone(Exception):
    """Takes back a unit that only wanted to look."""


@dataclass
class Row:
    """One job as it ought to be."""

    id: int
    topic: str
    key: str
    due: float
    state: str = "waiting"
    attempts: int = 0
    lapses: int = 0
    owner: str | None = None
    lease_until: float = 0.0
    dedup_id: str | None = None
    dedup_until: float = 0.0

    def is_ahead(self, now: float) -> bool:
        """Whether younger jobs of its key have to wait for it."""
        return self.state == "claimed" or (self.state == "waiting" and (self.due <= now or self.attempts > 0))


class JobsMachine(RuleBasedStateMachine):
    """The model: a list of rows in the order of their numbers, and the claims that workers hold."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.context = opened(new_file(Path(self.folder.name)))
        self.database = self.runner.run(self.context.__aenter__())
        self.now = 0.0
        self.model: list[Row] = []
        self.claims: list[Job] = []
        self.owners = 0
        self.worked: list[int] = []

    def teardown(self) -> None:
        self.runner.run(self.context.__aexit__(None, None, None))
        self.runner.close()
        self.folder.cleanup()

    def moment(self, seconds: float = 0.0) -> datetime:
        return NOON + timedelta(seconds=self.now + seconds)

    def write(self, unit: Callable[[Transaction], Result]) -> Result:
        return self.runner.run(self.database.write(unit))

    def row(self, job_id: int) -> Row:
        return next(row for row in self.model if row.id == job_id)

    def owned(self, job: Job) -> Row | None:
        row = self.row(job.id)
        return row if row.state == "claimed" and row.owner == job.owner else None

    @rule(
        topic=TOPICS, key=KEYS, dedup_id=st.sampled_from([None, "a", "b"]), delay=st.sampled_from([0, 0, 50])
    )
    def accept(self, topic: str, key: str, dedup_id: str | None, delay: int) -> None:
        new = new_job(
            key,
            topic=topic,
            dedup_id=dedup_id,
            dedup_until=self.moment() + DEDUP_WINDOW,
            now=self.moment(),
            due=self.moment(delay),
        )
        job_id, is_new = self.runner.run(self.database.write_row(jobs.accept, new))
        same = [r for r in self.model if dedup_id and (r.topic, r.dedup_id) == (topic, dedup_id)]
        known = same[-1] if same and same[-1].dedup_until > self.now else None
        assert is_new == (known is None)
        if known:
            assert job_id == known.id
        else:
            until = self.now + DEDUP_WINDOW.total_seconds()
            self.model.append(Row(job_id, topic, key, self.now + delay, dedup_id=dedup_id, dedup_until=until))

    @rule(topic=TOPICS, most=st.integers(1, 3))
    def claim(self, topic: str, most: int) -> None:
        self.owners += 1
        owner = f"p.{self.owners}"
        found = self.write(
            lambda tx: jobs.claim(
                tx, topic, owner=owner, now=self.moment(), lease_until=self.moment() + LEASE, most=most
            )
        )
        runnable = [row for row in self.model if self.may_run(row, topic)]
        ready = sorted(sorted(runnable, key=lambda row: row.due)[:most], key=lambda row: row.id)
        assert [job.id for job in found] == [row.id for row in ready]
        for row in ready:
            row.state, row.owner, row.attempts = "claimed", owner, row.attempts + 1
            row.lease_until = self.now + LEASE.total_seconds()
        assert [(job.attempts, job.lapses) for job in found] == [(r.attempts, r.lapses) for r in ready]
        self.claims += found

    def may_run(self, row: Row, topic: str) -> bool:
        mates = [other for other in self.model if other.key == row.key and other is not row]
        return (
            (row.topic, row.state) == (topic, "waiting")
            and row.due <= self.now
            and not any(mate.state == "claimed" for mate in mates)
            and not any(mate.is_ahead(self.now) for mate in mates if mate.id < row.id)
        )

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), dead=st.booleans())
    def end(self, data: st.DataObject, dead: bool) -> None:
        """By a worker that may have lost its claim long ago."""
        job = data.draw(st.sampled_from(self.claims))
        row = self.owned(job)
        if dead:
            written = self.write(lambda tx: jobs.bury(tx, job, at=self.moment(), reason="no"))
        else:
            written = self.write(lambda tx: jobs.finish(tx, job, at=self.moment()))
        assert written == (row is not None)
        if row:
            row.state, row.owner = ("dead" if dead else "done"), None

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), wait=st.sampled_from([0, 20, 200]))
    def fail(self, data: st.DataObject, wait: int) -> None:
        job = data.draw(st.sampled_from(self.claims))
        row = self.owned(job)
        written = self.write(
            lambda tx: jobs.retry(tx, job, at=self.moment(), due_at=self.moment(wait), reason="no")
        )
        assert written == (row is not None)
        if row:
            row.state, row.owner, row.due = "waiting", None, self.now + wait

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.claims))
        self.write(lambda tx: jobs.renew(tx, [(job.id, job.owner)], lease_until=self.moment() + LEASE))
        if row := self.owned(job):
            row.lease_until = self.now + LEASE.total_seconds()

    @rule(alone=st.booleans())
    def free(self, alone: bool) -> None:
        lapsed = [r for r in self.model if r.state == "claimed" and (alone or r.lease_until < self.now)]
        deadly = [row for row in lapsed if row.lapses + 1 >= jobs.LAPSES_TO_BURY]
        found = self.write(lambda tx: jobs.free_lapsed(tx, now=self.moment(), everything=alone))
        assert found == (len(lapsed) - len(deadly), len(deadly))
        for row in lapsed:
            row.lapses, row.owner, row.state = row.lapses + 1, None, "waiting"
        for row in deadly:
            row.state = "dead"

    @rule()
    def hand_back(self) -> None:
        claimed = [row for row in self.model if row.state == "claimed"]
        assert self.write(lambda tx: jobs.release_all(tx, "p")) == len(claimed)
        for row in claimed:
            row.state, row.owner, row.attempts = "waiting", None, row.attempts - 1

    @rule(seconds=STEPS)
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        query = "SELECT id, topic, key, state, attempts, lapses, owner FROM jobs ORDER BY id"
        found = self.runner.run(rows(self.database, query))
        assert found == [(r.id, r.topic, r.key, r.state, r.attempts, r.lapses, r.owner) for r in self.model]

    @invariant()
    def nobody_is_in_limbo(self) -> None:
        """Each row is ended, or waits with a due time and no owner, or is under a lease of an owner."""
        ended = (
            "state IN ('done', 'dead') AND owner IS NULL AND lease_until IS NULL AND finished_at IS NOT NULL"
        )
        waiting = "state = 'waiting' AND owner IS NULL AND lease_until IS NULL AND finished_at IS NULL"
        claimed = "state = 'claimed' AND owner IS NOT NULL AND lease_until IS NOT NULL AND attempts > 0"
        query = f"SELECT id FROM jobs WHERE NOT (({ended}) OR ({waiting}) OR ({claimed}))"
        assert self.runner.run(rows(self.database, query)) == []

    @invariant()
    def of_one_key_one_is_claimed_at_most_and_of_one_id_one_row_is_known(self) -> None:
        twice = "SELECT key FROM jobs WHERE state = 'claimed' GROUP BY key HAVING count(*) > 1"
        assert self.runner.run(rows(self.database, twice)) == []
        ids = "SELECT dedup_id FROM jobs WHERE dedup_id IS NOT NULL"
        twice = f"{ids} GROUP BY topic, dedup_id HAVING count(*) > 1"
        assert self.runner.run(rows(self.database, twice)) == []

    @invariant()
    def whoever_waits_is_reached_in_the_end(self) -> None:
        """Once all leases are over and all due times have come, each key with work has a job that may run."""
        reached = self.runner.run(self.reached_in_the_end())
        assert reached == {row.key for row in self.model if row.state in {"waiting", "claimed"}}

    async def reached_in_the_end(self) -> set[str]:
        later = self.moment() + FAR
        found: set[str] = set()

        def look(tx: Transaction) -> None:
            tx.exec_driver_sql(
                "UPDATE jobs SET lapses = 0"
            )  # those that would be buried now are not our question
            jobs.free_lapsed(tx, now=later)
            for topic in ("telegram", "portal"):
                claimed = jobs.claim(tx, topic, owner="x", now=later, lease_until=later, most=100)
                found.update(job.key for job in claimed)
            raise Undone

        with contextlib.suppress(Undone):
            await self.database.write(look)
        return found


TestJobs = JobsMachine.TestCase
TestJobs.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
