"""`run.py restore FILE`: put a backup in the place of the database, so that nothing runs a second time."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from commands.opening import open_database
from commands.progress import shown
from services.version import VERSION
from settings import Settings
from storage import restoring
from storage.archive import BackupError, Manifest
from storage.postgres_target import PostgresTarget
from storage.restoring import Restored, SqliteTarget, Target, Terms
from storage.revocations import Revocations
from storage.sqlite import path_of
from storage.steps import Steps

STAGES = {
    "checksum": "checking the file",
    "copy": "backing up what is there",
    "unpack": "unpacking it",
    "load": "loading it",
    "check": "checking what was loaded",
    "settle": "settling what may have been done since",
}


def restore(settings: Settings, file: Path, terms: Terms, out: TextIO, *, dry_run: bool) -> int:
    """Restore, or with `dry_run` only look, and tell about it on `out`. The answer is the exit code."""
    target = _target(settings)
    run = _rehearsed if dry_run else _restored
    zone = settings.telegram.timezone
    try:
        out.write(asyncio.run(run(target, file, terms, out, zone)))
    except BackupError as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("switchboard: stopped\n")
        return 1
    return 0


def _target(settings: Settings) -> Target:
    storage = settings.storage
    if storage.is_postgres:
        url = storage.direct_url or storage.database_url
        return PostgresTarget(url, open_database(settings), VERSION)
    return SqliteTarget(path_of(storage.database_url))


async def _restored(target: Target, file: Path, terms: Terms, out: TextIO, zone: ZoneInfo) -> str:
    with shown(STAGES, out) as progress:
        done = await restoring.restore(target, file, terms, Steps(progress), now=datetime.now(UTC))
    return _report(done, zone, resumed=terms.resume)


async def _rehearsed(target: Target, file: Path, terms: Terms, out: TextIO, zone: ZoneInfo) -> str:
    with shown(STAGES, out) as progress:
        manifest = await restoring.rehearse(target, file, terms, Steps(progress))
    obstacle = await target.obstacle()
    refusal = f"; now it would be refused: {obstacle}" if obstacle else ""
    return f"{_about(manifest, zone)}\nnothing was changed{refusal}\n"


def _report(done: Restored, zone: ZoneInfo, *, resumed: bool) -> str:
    jobs, messages = done.settled.jobs, done.settled.messages
    fate = (
        f"{jobs} jobs and {messages} messages wait and go on at the next start"
        if resumed
        else f"{jobs} jobs are dead and {messages} messages dropped: they may have been done since the backup"
    )
    aside = [f"what was there before is now {done.aside}"] if done.aside else []
    return "\n".join(
        [f"restored: {_about(done.manifest, zone)}", fate, *_about_keys(done.settled.keys), *aside, ""]
    )


def _about_keys(keys: Revocations) -> list[str]:
    kept = f"{keys.kept} keys revoked since the backup stay revoked"
    doubtful = f"{keys.doubtful} keys are good that may have been revoked since the backup: see `keys list`"
    return [*([kept] if keys.kept else []), *([doubtful] if keys.doubtful else [])]


def _about(manifest: Manifest, zone: ZoneInfo) -> str:
    made = manifest.created_at.astimezone(zone).isoformat(" ", "seconds")
    rows = sum(manifest.rows.values())
    return f"backup of {made} by version {manifest.version}, schema {manifest.schema}, {rows} rows"
