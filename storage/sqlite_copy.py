"""A SQLite file as a backup sees it: copied while others write, examined, put in the place of another."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from storage.archive import BackupError, Content, put_in_place
from storage.steps import Steps

PAGES = 512  # copied at one step, 2 MiB: in between the interpreter serves others
BUSY = 5.0  # seconds to wait for a lock
ROOM = 2  # times the database's size: the copy, and at worst as much again for the packed file
STEP = 200_000  # of SQLite's own instructions between two looks whether a check is still wanted


def copy(source: Path, to: Path, steps: Steps) -> Content:
    """Copy a file that others may be writing to: all that was committed before, of one moment.

    The copy is examined. Raises BackupError.
    """
    assert_room(source, to.parent)
    with _told(f"cannot copy {source}"), _connected(source) as origin, _connected(to, new=True) as copied:
        copied.execute("PRAGMA synchronous=OFF")  # nobody takes it for a database before it is packed
        # One read transaction for all steps: without it every write of others starts the copy anew
        # (sqlite.org/backup.html).
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_schema")
        origin.backup(
            copied, pages=PAGES, progress=lambda _, left, total: steps.tell("copy", total - left, total)
        )
        copied.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    return examine(to, steps)


def assert_room(source: Path, folder: Path) -> None:
    """Raise BackupError when a backup into a folder could fill the disk: the hub may live on the same one."""
    with _told(f"cannot copy {source}"):
        needed = ROOM * source.stat().st_size if source.exists() else 0
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"no room in {folder}: a backup takes {needed >> 20} MiB for a while, {free >> 20} MiB are free"
        )


def examine(path: Path, steps: Steps) -> Content:
    """Check every page and reference, and count. Raises BackupError when something is not as it should be."""
    steps.tell("check")
    with _told(f"cannot read {path}"), _connected(path) as connection:
        connection.set_progress_handler(lambda: steps.tell("check"), STEP)
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
        if found != ["ok"]:
            raise BackupError(f"the database is damaged: {' '.join(found[0].split())}")
        if stray := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise BackupError(f"the database is damaged: a row of {stray[0]} refers to one that is not there")
        return content(connection)


def content(connection: sqlite3.Connection) -> Content:
    """Revision and rows. Raises BackupError when there are no tables of ours."""
    tables = {
        str(name)
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    }
    if "alembic_version" not in tables:
        raise BackupError("the database has no tables of Switchboard")
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    counted = {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - from the schema
        for name in sorted(tables - {"alembic_version"})
    }
    return Content(str(revision), counted)


def rows_in(path: Path) -> int | None:
    """How many rows a file holds that a restore would take away; None for what is no database of ours."""
    try:
        with _connected(path) as connection:
            return sum(
                count for name, count in content(connection).rows.items() if name not in {"health_marks"}
            )
    except (BackupError, sqlite3.Error):
        return None


def replace(path: Path, by: Path, *, now: datetime) -> Path | None:
    """Put a finished file in the place of another; the other one's new name, if there was one.

    Nobody may have either open. A crash in the middle leaves the old file or the new one, whole.
    """
    if left := _logs_of(by):  # what it holds would be missing
        raise BackupError(
            f"cannot finish {by}: {left[0].name} could not be written into it; is the disk full?"
        )
    was_there = path.exists()
    aside = path.with_name(f"{path.name}.before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    if aside.exists():
        raise BackupError(f"{aside} is there already; try again in a second")
    if was_there:
        _write_back(path)
    logs = _logs_of(path)  # of whatever was here: SQLite would take them for the new file's own
    if was_there and not logs:
        _keep_as(path, aside)
    elif was_there:
        path.rename(aside)
    for log in logs:
        log.replace(aside.with_name(aside.name + log.name.removeprefix(path.name)))
    put_in_place(by, path)
    return aside if was_there else None


def _write_back(path: Path) -> None:
    """Have SQLite put a log that a killed process left behind into the file, and take it away."""
    try:
        with _connected(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.Error, BackupError):  # then it is kept as it is, log and all
        return


def _keep_as(path: Path, aside: Path) -> None:
    try:
        aside.hardlink_to(path)  # both names for a moment: at no time is there no file
    except OSError:  # a file system without hard links
        path.rename(aside)


def _logs_of(path: Path) -> list[Path]:
    names = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")]
    return [name for name in names if name.exists()]


@contextmanager
def _connected(path: Path, *, new: bool = False) -> Iterator[sqlite3.Connection]:
    if not new and not path.is_file():
        raise BackupError(f"there is no database at {path}")
    uri = f"file:{quote(str(path.absolute()))}?mode={'rwc' if new else 'rw'}"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None)) as connection:
        yield connection


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"{what}: {error}") from error
    except OSError as error:
        raise BackupError(f"{what}: {error.strerror}") from error
