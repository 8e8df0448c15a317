"""`run.py backup FILE`: a backup of the database, beside a running hub or without one."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from commands.progress import shown
from services.version import VERSION
from settings import Settings
from storage.archive import BackupError
from storage.backup import Made, Source, back_up, source_of
from storage.steps import Steps

STAGES = {
    "copy": "copying the database",
    "check": "checking the copy",
    "pack": "packing it",
    "seal": "sealing it",
}


def backup(settings: Settings, to: Path, out: TextIO) -> int:
    """Make it and tell about it on `out`. The answer is the exit code."""
    source = source_of(settings.storage.database_url, settings.storage.direct_url)
    try:
        made = asyncio.run(_made(source, to, out))
    except BackupError as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("switchboard: stopped; nothing was written\n")
        return 1
    out.write(_summary(made))
    return 0


async def _made(source: Source, to: Path, out: TextIO) -> Made:
    with shown(STAGES, out) as progress:
        return await back_up(source, to, Steps(progress), now=datetime.now(UTC), version=VERSION)


def _summary(made: Made) -> str:
    manifest = made.manifest
    rows = sum(manifest.rows.values())
    return f"{made.path}: {size_in_words(made.size)}, schema {manifest.schema}, {rows} rows\n"


def size_in_words(size: int) -> str:
    """Bytes as people say them."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
