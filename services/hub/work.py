"""Working the inbox, and what operators do about it."""

from functools import cached_property

from services.engine.schedule import HOUR, Schedule
from services.engine.workers import Workers
from services.flow import backups
from services.flow.backup_jobs import BackupJobs
from services.flow.backups import Backups
from services.flow.invalidations import Dropping
from services.flow.pause import EVERY as PAUSE_EVERY
from services.flow.pause import Pause
from services.flow.replay import Replay
from services.hub.people import PeopleRooms


class WorkRooms(PeopleRooms):
    """Working the inbox, and what operators do about it."""

    @cached_property
    def pause(self) -> Pause:
        """Whether work goes on."""
        # Who has opened an SQLite file is alone on it: nobody else touches the switch.
        every = PAUSE_EVERY if self._settings.storage.is_postgres else HOUR
        rooms = (self.inbox, self.roles, self.journal, self.confirmations)
        return Pause(self.database, self.clock, *rooms, every=every)

    @cached_property
    def workers(self) -> Workers:
        """Work the jobs."""
        return Workers(
            self.inbox,
            self.database,
            clock=self.clock,
            random=self._terms.random,
            supervisor=self.supervisor,
            failpoints=self.failpoints,
            faults=self.faults,
            finished=self.messages.wake,
            passing=self.pause.passing,
            lease=self._terms.lease,
        )

    @cached_property
    def schedule(self) -> Schedule:
        """What happens regularly."""
        return Schedule(self.inbox, self.clock, lambda: self.leadership.is_leader, self.pause.passing)

    @cached_property
    def backups(self) -> Backups | None:
        """Makes backups; None: there is no place for them."""
        return backups.build_backups(self._settings, self.clock, self.faults)

    @cached_property
    def backup_jobs(self) -> BackupJobs:
        """Has them made, regularly and when somebody asks."""
        rooms = (self.database, self.clock, self.inbox, self.messages, self.journal)
        return BackupJobs(self.backups, *rooms, self.excerpt)

    @cached_property
    def dropping(self) -> Dropping:
        """Drops what the cache remembers."""
        return Dropping(self.cache, self.clock, self.journal, self.confirmations)

    @cached_property
    def replay(self) -> Replay:
        """Works dead jobs anew."""
        return Replay(self.database, self.clock, self.inbox, self.messages, self.journal, self.confirmations)
