"""What everything is built on: the inbox, the cache, tasks, who leads."""

from functools import cached_property
from math import inf

from prometheus_client import CollectorRegistry

from services.engine.cache import Cache
from services.engine.clock import Clock
from services.engine.hints import Hints
from services.engine.inbox import Inbox
from services.engine.invalidations import Invalidations
from services.engine.leadership import Leadership
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from services.flow.faults import Faults
from services.flow.journal import Journal
from services.flow.messages import Messages
from services.hub.terms import GivenRooms

RECORDING = "fault.record"  # the task that stores what another one broke of
KIND_LENGTH = 60  # characters of a task's name in a fault


class EngineRooms(GivenRooms):
    """What everything is built on: the inbox, the cache, tasks, who leads."""

    @cached_property
    def supervisor(self) -> Supervisor:
        """Runs every task."""
        return _supervisor(self.clock, self.faults)

    @cached_property
    def inbox(self) -> Inbox:
        """Takes jobs."""
        return Inbox(self.database, self.clock, self.failpoints)

    @cached_property
    def cache(self) -> Cache:
        """Every region."""
        trace = self._settings.logs.level == "DEBUG"
        enabled = self._settings.cache.enabled
        return Cache(self.clock, self._terms.random, self.supervisor, enabled=enabled, trace=trace)

    @cached_property
    def invalidations(self) -> Invalidations:
        """Tells this process's cache what others changed."""
        return Invalidations(self.database, self.clock, self.cache)

    @cached_property
    def leadership(self) -> Leadership:
        """Whether this process leads."""
        silence = self._terms.silence
        # Who has opened an SQLite file is alone on it.
        believed = silence if self._settings.storage.is_postgres else inf
        lock = self.database.leader_lock(silence)
        return Leadership(lock, self.clock, self.supervisor, silence=believed)

    @cached_property
    def hints(self) -> Hints:
        """What other processes wrote."""
        return Hints(self.database, self.inbox)

    @cached_property
    def counters(self) -> Counters:
        """Counts for /metrics."""
        return Counters(CollectorRegistry())

    @cached_property
    def faults(self) -> Faults:
        """Counts what no person waits for."""
        return Faults(self.database, self.clock, self._terms.redact)

    @cached_property
    def messages(self) -> Messages:
        """What the hub says."""
        return Messages(self.clock)

    @cached_property
    def journal(self) -> Journal:
        """Who did what."""
        return Journal(self.clock)


def _supervisor(clock: Clock, faults: Faults) -> Supervisor:
    def broke(task: str, error: BaseException) -> None:
        kind = task_kind(task)
        if kind != RECORDING:  # else a fault that cannot be recorded would be one more to record
            sample = f"{type(error).__name__}: {error}"
            supervisor.spawn_once(RECORDING, faults.record(f"task.{kind}", sample))

    supervisor = Supervisor(clock, broke)
    return supervisor


def task_kind(task: str) -> str:
    """A task's name without the number of what it works on, so that faults are counted by kind."""
    return task.rstrip("0123456789").rstrip(".")[:KIND_LENGTH]
