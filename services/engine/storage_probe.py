"""The doctor's questions about storage: the database, its file, and the disks."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from services.engine.clock import Clock
from services.engine.health import Health, Told
from services.engine.storage_check import StorageCheck
from storage import condition
from storage.condition import Condition
from storage.database import Database

SLOW = 0.5  # seconds for a small question
READ_THROUGH = 1 << 30  # bytes of a file that is read through while somebody waits
FULL = 64 << 20  # bytes free, below which a disk is as good as full
SCARCE = 512 << 20
ODD_CLOCK = 30.0  # seconds between two clocks, from where on times shown to people and signatures are wrong


class StorageProbe:
    """Asks a database that is open."""

    def __init__(self, database: Database, clock: Clock, *, pooled: bool = False) -> None:
        """`pooled`: it was found to be reached through a connection pooler."""
        self._database = database
        self._clock = clock
        self._pooled = pooled
        self._writes = StorageCheck(database, clock)

    async def probe(self) -> Sequence[Told]:
        """What is there, and whether it takes writes and keeps them."""
        began = self._clock.monotonic()
        found = await self._database.read(condition.look)
        took = self._clock.monotonic() - began
        return [await self._judged(found, took), *_clock_of("the database", found.time, self._clock.now())]

    async def _judged(self, found: Condition, took: float) -> Told:
        pooler = " through a pooler" if self._pooled else ""
        known = f"{found.name}{pooler}, schema {found.schema}, answered in {took * 1000:.0f} ms"
        if reason := await self._writes.check():
            return Told("failed", f"{known}; takes no writes: {reason}", "look at its log and its disk")
        if found.weaknesses:
            loss = f"{known}; {', '.join(found.weaknesses)}: a crash can lose what was accepted"
            return Told("warning", loss, "switch it on in the database's settings")
        if took > SLOW:
            return Told("warning", f"{known}, which is slow", "is it far away, or busy?")
        return Told("ok", known)

    async def read_through(self) -> Sequence[Told]:
        """Whether a SQLite file is whole."""
        reason = await self._database.read(condition.damage)
        if reason:
            return [Told("failed", f"damaged: {reason}", "restore the newest backup")]
        return [Told("ok", "every page is in order")]


def register_file(health: Health, probe: StorageProbe, path: Path) -> None:
    """Have a SQLite file read through, unless that takes long; a backup does it anyway."""
    if path.stat().st_size <= READ_THROUGH:
        health.register("file", probe=probe.read_through)


def register_disk(health: Health, folders: Sequence[Path]) -> None:
    """Look for room in the folders that data and backups lie in."""

    async def probe() -> Sequence[Told]:
        found = await asyncio.to_thread(_free, folders)
        return [_room(folder, free) for folder, free in found.items()]

    health.register("disk", probe=probe)


def _free(folders: Sequence[Path]) -> dict[Path, int]:
    """Bytes free by folder, of folders on one disk the first only, and of those that can be."""
    found: dict[int, tuple[Path, int]] = {}
    for folder in folders:
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        if os.access(there, os.W_OK | os.X_OK) and there.is_dir() and os.statvfs(there).f_blocks:
            found.setdefault(there.stat().st_dev, (folder, shutil.disk_usage(there).free))
    return dict(found.values())


def _room(folder: Path, free: int) -> Told:
    what = f"{free >> 20} MiB free in {folder}"
    if free < FULL:
        return Told("failed", what, "make room: with a full disk the hub takes no more work")
    if free < SCARCE:
        return Told("warning", what, "make room soon")
    return Told("ok", what)


def clock_told(whose: str, theirs: datetime, ours: datetime) -> list[Told]:
    """A warning when two clocks differ by more than seconds, else nothing."""
    ahead = (ours - theirs).total_seconds()
    if abs(ahead) <= ODD_CLOCK:
        return []
    direction = "ahead of" if ahead > 0 else "behind"
    what = f"this machine's clock is {abs(ahead):.0f} s {direction} that of {whose}"
    return [Told("warning", what, "set it by NTP")]


def _clock_of(whose: str, theirs: datetime | None, ours: datetime) -> list[Told]:
    return clock_told(whose, theirs, ours) if theirs else []
