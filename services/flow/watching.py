"""The watch with all signs of the hub's own; what features add stands in the hub."""

from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from services.flow import notice_kinds as kinds
from services.flow.cache_signs import CacheSigns
from services.flow.excerpts import Excerpt
from services.flow.job_signs import JobSigns
from services.flow.key_signs import KeySigns
from services.flow.notices import Notices
from services.flow.roles import Roles
from services.flow.watch import Watch
from storage.database import Database


def build_watch(
    database: Database,
    clock: Clock,
    notices: Notices,
    roles: Roles,
    excerpt: Excerpt,
    faults: FaultRecorder,
    *,
    cache_enabled: bool,
    backup_every: float,
) -> Watch:
    """Make it; `backup_every` in seconds."""
    watch = Watch(database, notices, roles, faults)
    jobs = JobSigns(database, clock, excerpt, backup_every=backup_every)
    cache = CacheSigns(database, clock, enabled=cache_enabled)
    watch.on(kinds.DEAD_JOBS, jobs.dead)
    watch.on(kinds.JOB_AGE, jobs.aged)
    watch.on(kinds.BACKUP, jobs.backup)
    watch.on(kinds.HIT_RATE, cache.hit_rate, in_use=cache_enabled)
    watch.on(kinds.EMPTY_CACHE, cache.empty, in_use=cache_enabled)
    watch.on(kinds.OLD_KEYS, KeySigns(database, clock).old)
    return watch
