"""One leader at a time: duties run there, end with the lead, and a stale leader knows that it is one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf

import asyncpg
import pytest
from structlog.testing import capture_logs

from services.engine.leadership import COMPETE_EVERY, CONFIRM_EVERY, FENCE, Leadership
from services.engine.supervisor import Supervisor
from storage.database import SILENCE, LeaderLock
from storage.errors import StorageUnavailable
from storage.postgres import dsn_of
from storage.postgres_leader import LOCK
from tests.clock import HandClock
from tests.storage.files import Home, WatchedDatabase, opened


@dataclass
class Sessions:
    """What the database knows: who holds the lock, and when that session spoke last."""

    clock: HandClock
    holder: "Session | None" = None
    spoke_at: float = 0.0

    @property
    def current(self) -> "Session | None":
        if self.clock.monotonic() - self.spoke_at > SILENCE:
            self.holder = None
        return self.holder


@dataclass
class Session:
    """A lock as one process sees it, over a line that can be cut or become slow."""

    sessions: Sessions
    is_cut: bool = False
    answers_after: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def acquire(self) -> bool:
        await self._speak("acquire")
        if self.sessions.current in {None, self}:
            self.sessions.holder, self.sessions.spoke_at = self, self.sessions.clock.monotonic()
        answer = self.sessions.holder is self
        await self.sessions.clock.sleep(self.answers_after)
        return answer

    async def confirm(self) -> None:
        await self._speak("confirm")
        if self.sessions.current is not self:
            raise StorageUnavailable("the session is gone")
        self.sessions.spoke_at = self.sessions.clock.monotonic()
        await self.sessions.clock.sleep(self.answers_after)

    async def release(self) -> None:
        self.asked.append("release")
        if self.sessions.holder is self and not self.is_cut:
            self.sessions.holder = None

    async def _speak(self, word: str) -> None:
        self.asked.append(word)
        if self.is_cut:
            raise StorageUnavailable("the line is cut")

    def __hash__(self) -> int:
        return id(self)


class Process:
    """A process with one duty, which notes when it runs."""

    def __init__(self, clock: HandClock, lock: LeaderLock, **more: float) -> None:
        self.clock = clock
        self.supervisor = Supervisor(clock)
        self.leadership = Leadership(lock, clock, self.supervisor, **more)
        self.leadership.when_leading("poller", self._poll)
        self.began: list[float] = []
        self.ended: list[float] = []

    def start(self) -> None:
        self.supervisor.spawn("leadership", self.leadership.run)

    async def stop(self) -> None:
        await self.supervisor.stop(0)

    @property
    def is_polling(self) -> bool:
        return len(self.began) > len(self.ended)

    async def _poll(self) -> None:
        self.began.append(self.clock.monotonic())
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append(self.clock.monotonic())


@dataclass
class Pair:
    """Two processes on one database; `one` leads."""

    clock: HandClock
    sessions: Sessions
    lines: list[Session]
    one: Process
    two: Process

    @property
    def leaders(self) -> list[Process]:
        return [each for each in (self.one, self.two) if each.leadership.is_leader]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    clock = HandClock()
    sessions = Sessions(clock)
    lines = [Session(sessions), Session(sessions)]
    one, two = (Process(clock, line) for line in lines)
    with capture_logs():
        one.start()
        await clock.advance(0)
        two.start()
        await clock.advance(1)
        yield Pair(clock, sessions, lines, one, two)
        for line in lines:
            line.is_cut = False
        await two.stop()
        await one.stop()


async def test_of_two_processes_one_leads_and_only_it_has_the_duties(pair: Pair) -> None:
    await pair.clock.advance(120)
    assert pair.leaders == [pair.one]
    assert pair.one.began == [1000]
    assert pair.two.began == []


async def test_a_leader_that_stops_hands_the_lead_over_within_two_seconds(pair: Pair) -> None:
    await pair.one.stop()
    assert not pair.one.leadership.is_leader
    assert pair.one.ended == [1001]
    await pair.clock.advance(COMPETE_EVERY)
    assert pair.leaders == [pair.two]
    assert pair.two.is_polling


async def test_a_leader_whose_session_is_gone_ends_its_duties_with_the_next_proof(pair: Pair) -> None:
    pair.sessions.holder = None  # as pg_terminate_backend does
    await pair.clock.advance(CONFIRM_EVERY)
    assert not pair.one.is_polling
    assert pair.leaders == [pair.two]


async def test_a_leader_that_lost_its_line_stops_before_another_can_begin(pair: Pair) -> None:
    pair.lines[0].is_cut = True
    for _ in range(300):
        await pair.clock.advance(0.1)
        assert len([each for each in (pair.one, pair.two) if each.is_polling]) <= 1
        assert len(pair.leaders) <= 1
    assert pair.leaders == [pair.two]
    assert pair.one.ended[0] <= 1000 + 2 * CONFIRM_EVERY
    assert pair.two.began[0] >= 1000 + SILENCE


async def test_an_answer_that_does_not_come_ends_the_lead_before_the_fence(pair: Pair) -> None:
    pair.lines[0].answers_after = 3600
    await pair.clock.advance(FENCE)
    assert not pair.one.is_polling
    assert pair.one.ended[0] < 1000 + FENCE


async def test_a_leader_that_stood_still_past_the_fence_is_none_before_anything_runs(pair: Pair) -> None:
    stood_still(pair.clock, FENCE + 1)  # as after SIGSTOP and SIGCONT: no task has had its turn yet
    assert pair.one.is_polling
    assert not pair.one.leadership.is_leader


async def test_a_leader_that_stood_still_competes_again_and_loses_to_who_was_faster(pair: Pair) -> None:
    stood_still(pair.clock, 60)
    pair.sessions.holder = None
    pair.sessions.holder, pair.sessions.spoke_at = pair.lines[1], pair.clock.monotonic()
    await pair.clock.advance(0)
    assert not pair.one.is_polling
    await pair.clock.advance(10)
    assert pair.leaders == [pair.two]


async def test_a_leader_that_stood_still_unnoticed_takes_its_duties_up_again_at_once(pair: Pair) -> None:
    await pair.two.stop()
    stood_still(pair.clock, 60)
    await pair.clock.advance(0)
    assert pair.leaders == [pair.one]
    assert pair.one.began == [1000, 1061]
    assert pair.one.ended == [1061]


async def test_a_process_that_must_be_alone_keeps_its_duties_however_long_it_stood_still() -> None:
    clock = HandClock()
    sessions = Sessions(clock)
    process = Process(clock, Session(sessions), silence=inf)
    with capture_logs():
        process.start()
        await clock.advance(1)
        stood_still(clock, 8 * 86400)
        sessions.spoke_at = clock.monotonic()
        assert process.leadership.is_leader
        await clock.advance(60)
        assert process.began == [1000]
        assert process.is_polling
        await process.stop()


async def test_proofs_are_made_and_believed_in_proportion_to_the_locks_silence() -> None:
    clock = HandClock()
    line = Session(Sessions(clock))
    process = Process(clock, line, silence=SILENCE / 10)
    with capture_logs():
        process.start()
        await clock.advance(CONFIRM_EVERY)
        assert line.asked.count("confirm") == 10
        stood_still(clock, FENCE / 10 + 0.1)
        assert not process.leadership.is_leader
        await process.stop()


async def test_a_lock_granted_so_late_that_it_proves_nothing_starts_no_duty() -> None:
    clock = HandClock()

    class Late(Session):
        async def acquire(self) -> bool:
            granted = await super().acquire()
            if self.asked == ["acquire"]:
                stood_still(clock, FENCE + 1)
            return granted

    process = Process(clock, Late(Sessions(clock)))
    with capture_logs():
        process.start()
        await clock.advance(0)
        assert process.began == []
        await clock.advance(COMPETE_EVERY)
        assert process.is_polling
        await process.stop()


async def test_a_proof_that_came_while_the_process_stood_still_is_none() -> None:
    clock = HandClock()

    class Late(Session):
        async def confirm(self) -> None:
            await super().confirm()
            if self.asked.count("confirm") == 1:
                stood_still(clock, FENCE)  # the answer is there; whoever asked is not

    process = Process(clock, Late(Sessions(clock)))
    with capture_logs():
        process.start()
        await clock.advance(CONFIRM_EVERY)
        assert len(process.ended) == 1
        assert process.is_polling  # nobody else was faster
        await process.stop()


async def test_a_process_that_starts_while_the_database_is_away_leads_once_it_is_back() -> None:
    clock = HandClock()
    line = Session(Sessions(clock), is_cut=True)
    process = Process(clock, line)
    with capture_logs():
        process.start()
        await clock.advance(60)
        assert not process.leadership.is_leader
        line.is_cut = False
        await clock.advance(COMPETE_EVERY)
        assert process.is_polling
        await process.stop()


async def test_a_stop_while_the_lock_is_asked_for_lets_go_of_it() -> None:
    clock = HandClock()
    line = Session(Sessions(clock), answers_after=3)
    process = Process(clock, line)
    with capture_logs():
        process.start()
        await clock.advance(1)
        await process.stop()
    assert line.asked == ["acquire", "release"]
    assert line.sessions.holder is None


async def test_a_duty_that_breaks_runs_again_while_the_lead_lasts(pair: Pair) -> None:
    clock = HandClock()
    process = Process(clock, Session(Sessions(clock)))
    runs: list[float] = []

    async def breaks() -> None:
        runs.append(clock.monotonic())
        raise ValueError("a mistake")

    process.leadership.when_leading("schedule", breaks)
    process.start()
    await clock.advance(3)
    assert len(runs) > 2
    assert process.is_polling
    await process.stop()
    await clock.advance(60)
    assert not [moment for moment in runs if moment > 1003]


def test_a_duty_has_a_name_of_its_own() -> None:
    process = Process(HandClock(), Session(Sessions(HandClock())))
    with pytest.raises(RuntimeError, match="poller"):
        process.leadership.when_leading("poller", process.stop)


@asynccontextmanager
async def leading(database: WatchedDatabase) -> AsyncIterator[Process]:
    """A process on a real database, in virtual time."""
    clock = HandClock()
    clock.in_flight = lambda: database.in_flight
    process = Process(clock, database.leader_lock())
    with capture_logs():
        process.start()
        await clock.advance(0)
        yield process
        await process.stop()


async def test_a_real_database_gives_the_lead_to_somebody(home: Home) -> None:
    async with opened(home) as database, leading(database) as process:
        assert process.leadership.is_leader
        await process.clock.advance(30)
        assert process.began == [1000]


async def test_two_processes_on_postgres_follow_each_other(postgres_url: str) -> None:
    async with (
        opened(postgres_url) as database,
        leading(database) as one,
        opened(postgres_url) as other,
        leading(other) as two,
    ):
        assert (one.is_polling, two.is_polling) == (True, False)
        await cut_off_the_leader(postgres_url)
        await two.clock.advance(COMPETE_EVERY)
        assert two.is_polling
        await one.clock.advance(CONFIRM_EVERY)
        assert not one.is_polling


async def cut_off_the_leader(url: str) -> None:
    connection = await asyncpg.connect(dsn_of(url))
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND classid = $1 AND objid = $2",
            *LOCK,
        )
        assert [row[0] for row in ended] == [True]
    finally:
        await connection.close()


def stood_still(clock: HandClock, seconds: float) -> None:
    """Time went on and nobody had a turn."""
    clock._time += seconds
