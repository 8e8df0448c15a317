"""PostgreSQL's own programs, pg_dump and pg_restore: found, judged by their age, run."""

import asyncio
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from storage.archive import BackupError

PACKAGE = "PostgreSQL's client programs (postgresql-client)"
STOP = 5.0  # seconds a program gets to end when it is told to


async def run(tool: str, *arguments: str, dsn: str = "") -> str:
    """Run a program to its end; what it wrote. Raises BackupError with its last complaint.

    `dsn` is where it connects to. The password goes by the environment: arguments are seen by everybody.
    """
    password, address = without_password(dsn)
    environment = {"PATH": os.defpath, "LC_ALL": "C"} | ({"PGPASSWORD": password} if password else {})
    process = await asyncio.create_subprocess_exec(
        *(path_of(tool), *arguments, *([f"--dbname={address}", "--no-password"] if dsn else [])),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )
    try:
        written, complaints = await process.communicate()
    except asyncio.CancelledError:
        await _end(process)
        raise
    if process.returncode:
        raise BackupError(_complaint(tool, complaints.decode(errors="replace").splitlines()))
    return written.decode(errors="replace")


def path_of(tool: str) -> str:
    """Where a program is. Raises BackupError when it is not installed."""
    if found := shutil.which(tool):
        return found
    raise BackupError(f"{tool} is not installed; it comes with {PACKAGE}")


async def assert_not_older(tool: str, server: int) -> None:
    """Raise BackupError unless a program is of the server's major version or a newer one."""
    found = re.search(r"\) (\d+)", await run(tool, "--version"))
    if found and int(found[1]) < server:
        raise BackupError(
            f"{tool} {found[1]} is older than the server, PostgreSQL {server}: "
            f"install version {server} of {PACKAGE}"
        )


def without_password(dsn: str) -> tuple[str, str]:
    """The password that an address holds, if any, and the address without it."""
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query))
    password = unquote(parts.password or "") or options.pop("password", "")
    user, at, host = parts.netloc.rpartition("@")
    netloc = user.partition(":")[0] + at + host
    return password, urlunsplit((parts.scheme, netloc, parts.path, urlencode(options), ""))


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(STOP):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()


def _complaint(tool: str, lines: Sequence[str]) -> str:
    errors = [line for line in lines if "error:" in line or "FATAL" in line] or [*lines, "it failed"]
    return f"{tool}: {errors[0].partition('error: ')[2] or errors[0]}"
