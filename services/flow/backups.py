"""Backups: one file each, in a folder, the old ones thinned out."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from services.engine.health import Told
from services.engine.retry import RetryPolicy
from services.version import VERSION
from settings import Settings
from storage.archive import BackupError
from storage.backup import Source, back_up, source_of
from storage.sqlite import path_of
from storage.steps import Steps

log = structlog.get_logger(__name__)

TOPIC = "backup"
HINT = "until this is repaired no backup is made; docs/operations/backup.md helps"
NEWEST = 7  # backups that are kept whatever their age
WEEKS = 4  # weeks before those of which one backup each is kept
PATIENCE = timedelta(hours=1)  # that a hub may be up without a backup
LEFT_BEHIND = timedelta(days=1)  # after this nobody works on a half-made backup any more
# A disk that is full or a database that restarts just then is not to cost the day's backup.
RETRY = RetryPolicy(attempts=8, window=6 * 3600.0, delay=300.0, cap=7200.0)
STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"switchboard-([0-9]{8}T[0-9]{6}Z)\.backup")
_HALF_MADE = re.compile(r"\.switchboard-([0-9]{8}T[0-9]{6}Z)\.backup\.[A-Za-z0-9_]+\.part")


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup of ours in the folder, made at `at`."""

    path: Path
    at: datetime


class Backups:
    """Makes backups, keeps some of them, and knows when there should be one."""

    def __init__(
        self, source: Source, folder: Path, *, clock: Clock, faults: FaultRecorder, every: timedelta
    ) -> None:
        self._source = source
        self._folder = folder
        self._clock = clock
        self._faults = faults
        self._every = every
        self._since = clock.now()
        self._problem: str | None = None
        self._stage: str | None = None

    @property
    def folder(self) -> Path:
        """Where they go."""
        return self._folder

    @property
    def stage(self) -> str | None:
        """What the one that this process is making is at: copy, check, pack or seal; None: it makes none."""
        return self._stage

    async def make(self) -> dict[str, object]:
        """Make one and thin out the old ones; what was made and removed. Raises BackupError."""
        now = self._clock.now()
        path = self._folder / f"switchboard-{now.astimezone(UTC):{STAMP}}.backup"
        try:
            await asyncio.to_thread(self._make_folder)
            made = await back_up(self._source, path, Steps(self._tell), now=now, version=VERSION)
        except BackupError as error:
            self._problem = f"the last backup failed: {error}"
            raise
        finally:
            self._stage = None
        self._problem = None
        log.info("backup.made", details={"file": path.name, "bytes": made.size})
        removed = await self._thin_out(now)
        return {"file": path.name, "bytes": made.size, "removed": removed}

    async def check(self) -> str | None:
        """For the health list: what is wrong, or None."""
        if self._problem:
            return self._problem
        newest, now = await asyncio.to_thread(self._newest), self._clock.now()
        if newest is None:
            return "there is no backup" if now - self._since > PATIENCE else None
        return _too_old(newest, now, self._every)

    async def probe(self) -> Sequence[Told]:
        """For the doctor: whether backups come, and could be made now."""
        try:
            await asyncio.to_thread(self._try_folder)
            await self._source.assert_ready()
        except BackupError as error:
            return [Told("failed", str(error))]
        newest, now = await asyncio.to_thread(self._newest), self._clock.now()
        if newest is None:
            return [Told("warning", f"none in {self._folder} yet", "a running hub makes one within minutes")]
        if reason := _too_old(newest, now, self._every):
            return [Told("warning", reason, "is a hub running? its /errors tell why a backup failed")]
        return [Told("ok", f"{newest.path.name}, {_ago(now - newest.at)} old, in {self._folder}")]

    def _tell(self, stage: str, done: int, total: int) -> None:
        self._stage = stage

    async def _thin_out(self, now: datetime) -> list[str]:
        """Remove what is not to be kept; a file that cannot be removed is a fault, not a failed backup."""
        removed = []
        for path in await asyncio.to_thread(self._superfluous, now):
            try:
                await asyncio.to_thread(_remove, path)
                removed.append(path.name)
            except OSError as error:
                await self._faults.record("backup.not_removed", f"{path.name}: {error.strerror}")
        return removed

    def _superfluous(self, now: datetime) -> list[Path]:
        kept = self._all()
        return [each.path for each in superfluous(kept)] + self._left_behind(now)

    def _all(self) -> list[Kept]:
        """Our backups, newest first; other files in the folder are none of our business."""
        if not self._folder.is_dir():
            return []
        named = [(path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir() if path.is_file()]
        kept = [Kept(path, at) for path, match in named if match and (at := _moment(match[1]))]
        return sorted(kept, key=lambda each: each.at, reverse=True)

    def _left_behind(self, now: datetime) -> list[Path]:
        """Folders of backups that a killed process was making."""
        named = [(path, _HALF_MADE.fullmatch(path.name)) for path in self._folder.iterdir()]
        return [
            path
            for path, match in named
            if match and (at := _moment(match[1])) and now - at > LEFT_BEHIND and path.is_dir()
        ]

    def _newest(self) -> Kept | None:
        return next(iter(self._all()), None)

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise BackupError(f"cannot make {self._folder}: {error.strerror}") from error

    def _try_folder(self) -> None:
        there = next(each for each in (self._folder, *self._folder.absolute().parents) if each.exists())
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            raise BackupError(f"cannot write to {there}: {error.strerror}") from error


def superfluous(kept: Sequence[Kept]) -> list[Kept]:
    """Of backups, newest first, those to remove: behind the newest ones, one of each week stays."""
    weeks: set[tuple[int, int]] = set()
    leaving = []
    for each in kept[NEWEST:]:
        year, week, _ = each.at.isocalendar()
        if (year, week) in weeks or len(weeks) == WEEKS:
            leaving.append(each)
        else:
            weeks.add((year, week))
    return leaving


def build_backups(settings: Settings, clock: Clock, faults: FaultRecorder) -> Backups | None:
    """Backups as the settings want them; None when there is no place for them."""
    storage, work = settings.storage, settings.work
    folder = folder_of(settings)
    if folder is None:
        return None
    source = source_of(storage.database_url, storage.direct_url)
    every = timedelta(hours=work.backup_interval_hours)
    return Backups(source, folder, clock=clock, faults=faults, every=every)


def folder_of(settings: Settings) -> Path | None:
    """Where regular backups go; None when there is no place for them."""
    if settings.work.backup_dir:
        return Path(settings.work.backup_dir)
    if settings.storage.is_postgres:
        return None
    return path_of(settings.storage.database_url).parent / "backups"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _too_old(newest: Kept, now: datetime, every: timedelta) -> str | None:
    age = now - newest.at
    return f"the newest backup is {_ago(age)} old" if age > every * 2 + PATIENCE else None


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 1:
        return f"{max(age.total_seconds(), 0) / 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
