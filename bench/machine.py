"""What a reader needs to know of the machine and the versions; nothing that would name the machine."""

import os
import platform
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

WRITES = 50
PAGE = b"x" * 4096

PACKAGES = (
    "cachetools",
    "cachebox",
    "async-lru",
    "cashews",
    "aiocache",
    "aiosqlite",
    "SQLAlchemy",
    "asyncpg",
    "pgqueuer",
    "httpx",
    "fast-bitrix24",
    "b24pysdk",
    "python-telegram-bot",
    "msgspec",
    "uvloop",
)


def facts() -> list[str]:
    """One line a fact."""
    return [
        f"{os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()} on {platform.machine()}",
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"files on {_file_system()}, where writing a page and fsync take {_fsync_milliseconds():.2f} ms",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    ]


def _memory_gib() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2**30


def _file_system() -> str:
    """The kind of file system under the folder for temporary files, which the databases are in."""
    folder = os.path.realpath(tempfile.gettempdir())
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    over = [(point, kind) for point, kind in mounts if Path(folder).is_relative_to(point)]
    return max(over, key=lambda mount: len(mount[0]))[1]


def _fsync_milliseconds() -> float:
    """The median; near zero means a disk that promises nothing, and makes all durable rows look alike."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(WRITES):
            started = perf_counter()
            file.write(PAGE)
            file.flush()
            os.fsync(file.fileno())
            taken.append(perf_counter() - started)
    return median(taken) * 1_000
