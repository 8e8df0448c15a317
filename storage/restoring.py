"""Putting a backup in the place of a database, so that nothing of what it holds runs a second time.

What the copy shows as waiting was very likely worked after the copy was made. So jobs become dead, to be
replayed by hand, and messages are dropped; unless somebody knows that the hub was stopped before the backup.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import func, inspect, select, update

from storage import archive, journal, revocations, sqlite_copy
from storage.archive import Archive, BackupError, Kind, Manifest
from storage.database import Database, Transaction
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.revocations import Former, Revocations
from storage.schema import HEAD, REVISIONS
from storage.sqlite import SqliteDatabase
from storage.steps import Steps
from storage.tables import jobs, messages

NAMES: dict[Kind, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Terms:
    """How to restore. `verify` counts and checks what was loaded before it is used, `force` takes the place
    of a file that is none of ours, `resume` leaves waiting what waits."""

    verify: bool = False
    force: bool = False
    resume: bool = False


NO_KEYS = Revocations()


@dataclass(frozen=True, slots=True)
class Settled:
    """How many jobs and messages the copy shows as not done yet, and what became of its keys."""

    jobs: int
    messages: int
    keys: Revocations = NO_KEYS


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. `aside` is where the data that was there before is now, if there was any."""

    manifest: Manifest
    settled: Settled
    aside: Path | None


class Target(Protocol):
    """The place of a database."""

    @property
    def kind(self) -> Kind:
        """Which database belongs there."""
        ...

    async def obstacle(self) -> str | None:
        """Why nothing can be restored here now, or None."""
        ...

    async def load(self, backup: Archive, terms: Terms, steps: Steps, *, now: datetime) -> Restored:
        """Put the backup there. Raises BackupError, and then the place is as it was."""
        ...

    async def rehearse(self, backup: Archive, steps: Steps) -> None:
        """Load it somewhere else and compare it with its manifest. Raises BackupError."""
        ...


async def restore(target: Target, file: Path, terms: Terms, steps: Steps, *, now: datetime) -> Restored:
    """Check the file, load it, and put to rest what may have been done since. Raises BackupError."""
    with archive.opened(file, steps) as backup:
        assert_fits(backup, target.kind)
        return await target.load(backup, terms, steps, now=now)


async def rehearse(target: Target, file: Path, terms: Terms, steps: Steps) -> Manifest:
    """All that can be found out without touching the place. Raises BackupError."""
    with archive.opened(file, steps) as backup:
        assert_fits(backup, target.kind)
        if terms.verify:
            await target.rehearse(backup, steps)
        return backup.manifest


def assert_fits(backup: Archive, kind: Kind) -> None:
    """Raise BackupError for a backup of the other database, or of a newer Switchboard."""
    manifest = backup.manifest
    if manifest.database != kind:
        raise BackupError(
            f"{backup.path} holds a {NAMES[manifest.database]} database and DATABASE_URL names "
            f"{NAMES[kind]}: a backup goes back into its own kind only"
        )
    if manifest.schema not in REVISIONS:
        raise BackupError(
            f"{backup.path} is from a newer Switchboard (schema {manifest.schema}, this one knows up to "
            f"{HEAD}); upgrade this one first"
        )


def assert_same_rows(manifest: Manifest, found: dict[str, int]) -> None:
    """Raise BackupError when not every row arrived."""
    for table, count in manifest.rows.items():
        if found.get(table) != count:
            raise BackupError(
                f"{table} has {found.get(table, 0)} rows after loading, the backup speaks of {count}"
            )


async def opened_once(database: Database, unit: Callable[[Transaction], Any] | None = None) -> Any:
    """Open a loaded database, which migrates it, run the unit and close it. Raises BackupError."""
    try:
        await database.open()
        try:
            return await database.write(unit) if unit else None
        finally:
            await database.close()
    except (DatabaseRefused, StorageUnavailable) as error:
        raise BackupError(str(error)) from error


def settle(tx: Transaction, made_at: datetime, terms: Terms, former: Former, *, now: datetime) -> Settled:
    """Put to rest what may have been done since, keep revoked what `former` says was, tell the journal."""
    unfinished = _resumed(tx) if terms.resume else _put_to_rest(tx, made_at, now)
    settled = replace(unfinished, keys=revocations.keep(tx, former))
    after = {
        "jobs": settled.jobs,
        "messages": settled.messages,
        "resumed": terms.resume,
        "revoked": settled.keys.kept,
    }
    key = made_at.astimezone(UTC).isoformat(timespec="seconds")
    journal.add(tx, at=now, actor="restore", action="restored", kind="backup", key=key, after=after)
    return settled


_OPEN_JOBS = jobs.c.state.in_(("waiting", "claimed"))
_OPEN_MESSAGES = messages.c.state.in_(("waiting", "sending"))
_NOBODY = {"owner": None, "lease_until": None}


def _resumed(tx: Transaction) -> Settled:
    """Free what nobody works any more."""
    if "begun_at" in {column["name"] for column in inspect(tx).get_columns(messages.name)}:
        # Who began to send is gone for certain: nobody has to wait and see.
        tx.execute(update(messages).where(_OPEN_MESSAGES).values(begun_at=None))
    freed = tx.execute(update(jobs).where(_OPEN_JOBS).values(state="waiting", **_NOBODY)).rowcount
    # One that was being sent stays so: the start of the hub knows what to do about its doubt.
    left = tx.execute(select(func.count()).select_from(messages).where(_OPEN_MESSAGES)).scalar_one()
    return Settled(freed, left)


def _put_to_rest(tx: Transaction, made_at: datetime, now: datetime) -> Settled:
    """Let nothing of a restored copy run by itself."""
    origin = f"restored from the backup of {made_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    dead = {"state": "dead", "finished_at": now, "reason": f"{origin}: may have been done since"}
    dropped = {"state": "dropped", "sent_at": now, "reason": f"{origin}: may have been sent since"}
    return Settled(
        tx.execute(update(jobs).where(_OPEN_JOBS).values(**dead, **_NOBODY)).rowcount,
        tx.execute(update(messages).where(_OPEN_MESSAGES).values(**dropped)).rowcount,
    )


@dataclass(frozen=True, slots=True)
class SqliteTarget:
    """A SQLite file, there already or not."""

    path: Path
    kind: Kind = "sqlite"

    async def obstacle(self) -> str | None:
        lock = self._lock
        if lock.exists():
            try:
                with _locked(lock, self.path):
                    pass
            except BackupError as error:
                return str(error)
        return self._in_the_way()

    async def load(self, backup: Archive, terms: Terms, steps: Steps, *, now: datetime) -> Restored:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self._lock, self.path):
                if not terms.force and (reason := self._in_the_way()):
                    raise BackupError(reason)
                return await self._load(backup, terms, steps, now)
        except OSError as error:
            raise BackupError(f"cannot write to {self.path.parent}: {error.strerror}") from error

    async def rehearse(self, backup: Archive, steps: Steps) -> None:
        there = next(folder for folder in self.path.absolute().parents if folder.exists())
        with archive.workspace(there / self.path.name) as folder:
            await steps.run(lambda: _unpacked(backup, folder / "loaded", steps, verify=True))

    async def _load(self, backup: Archive, terms: Terms, steps: Steps, now: datetime) -> Restored:
        with archive.workspace(self.path) as folder:
            loaded = folder / "loaded"
            await steps.run(lambda: _unpacked(backup, loaded, steps, verify=terms.verify))
            steps.tell("settle")
            made_at = backup.manifest.created_at
            former = await steps.run(lambda: revocations.known_in(self.path))
            settled: Settled = await opened_once(
                SqliteDatabase(loaded), lambda tx: settle(tx, made_at, terms, former, now=now)
            )
            aside = await steps.run(lambda: sqlite_copy.replace(self.path, loaded, now=now))
        return Restored(backup.manifest, settled, aside)

    @property
    def _lock(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")  # the one a hub holds

    def _in_the_way(self) -> str | None:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return None
        if sqlite_copy.rows_in(self.path) is not None:
            return None  # it is kept beside
        return f"{self.path} is no database of Switchboard; --force moves it aside"


def _unpacked(backup: Archive, to: Path, steps: Steps, *, verify: bool) -> None:
    try:
        backup.unpack(to, steps)
    except OSError as error:
        raise BackupError(f"cannot write to {to.parent.parent}: {error.strerror}") from error
    to.chmod(0o600)
    if verify:
        assert_same_rows(backup.manifest, sqlite_copy.examine(to, steps).rows)


@contextmanager
def _locked(lock: Path, path: Path) -> Iterator[None]:
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"a Switchboard runs on {path}; stop it first") from None
        yield
