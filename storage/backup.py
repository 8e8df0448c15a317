"""Making a backup: a copy of one moment while the hub works on, packed into one checked file."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from storage import archive, postgres_copy, sqlite_copy
from storage.archive import FORMAT, BackupError, Content, Kind, Manifest
from storage.sqlite import path_of
from storage.steps import Steps


class Source(Protocol):
    """A database that can be copied."""

    @property
    def kind(self) -> Kind:
        """Which one it is."""
        ...

    async def copy(self, to: Path, steps: Steps) -> Content:
        """Copy the state of one moment into a new file. Raises BackupError."""
        ...

    async def assert_ready(self) -> None:
        """Raise BackupError when something that a copy needs is missing."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteSource:
    """A SQLite file, whether a hub has it open or not."""

    path: Path
    kind: Kind = "sqlite"

    async def copy(self, to: Path, steps: Steps) -> Content:
        return await steps.run(lambda: sqlite_copy.copy(self.path, to, steps))

    async def assert_ready(self) -> None:
        await asyncio.to_thread(sqlite_copy.assert_room, self.path, self.path.parent)


@dataclass(frozen=True, slots=True)
class PostgresSource:
    """The tables of ours in a PostgreSQL database; `url` leads to it, not to a pooler."""

    url: str = field(repr=False)
    kind: Kind = "postgresql"

    async def copy(self, to: Path, steps: Steps) -> Content:
        return await postgres_copy.dump(self.url, to, steps)

    async def assert_ready(self) -> None:
        await postgres_copy.assert_dumpable(self.url)


def source_of(database_url: str, direct_url: str) -> Source:
    """What the settings DATABASE_URL and DATABASE_DIRECT_URL name."""
    if database_url.startswith("postgres"):
        return PostgresSource(direct_url or database_url)
    return SqliteSource(path_of(database_url))


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is there; `size` in bytes."""

    path: Path
    size: int
    manifest: Manifest


async def back_up(source: Source, to: Path, steps: Steps, *, now: datetime, version: str) -> Made:
    """Write a backup of all that was committed before; an earlier backup of that name is replaced.

    Raises BackupError. Whatever ends it early leaves nothing behind, and an earlier backup as it was.
    """
    await steps.run(lambda: _assert_writable(to))
    with archive.workspace(to) as folder:
        copied = folder / "copy"
        content = await source.copy(copied, steps)
        manifest = Manifest(
            format=FORMAT,
            database=source.kind,
            schema=content.schema,
            version=version,
            created_at=now,
            rows=content.rows,
        )
        return await steps.run(lambda: _packed(folder, manifest, copied, to, steps))


def _packed(folder: Path, manifest: Manifest, copied: Path, to: Path, steps: Steps) -> Made:
    try:
        archive.pack(folder, manifest, copied, to, steps)
        return Made(to, to.stat().st_size, manifest)
    except OSError as error:
        raise BackupError(f"cannot write {to}: {error.strerror}") from error


def _assert_writable(to: Path) -> None:
    """A slip of the hand must not replace the database, or anything else, by its backup."""
    try:
        if to.is_dir():
            raise BackupError(f"{to} is a folder; name a file in it")
        if to.exists() and not archive.is_backup(to):
            raise BackupError(f"{to} is there already and is no backup; choose another name")
    except OSError as error:
        raise BackupError(f"cannot write {to}: {error.strerror}") from error
