"""The parent's end of a hub process: start it, arm it, see it die, start it again on the same file."""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0  # seconds until a process that does not end counts as broken
LOOK = 0.01  # seconds between two looks at what a process has told
ARMED = b'"hub_process.armed"'
KEPT = ("PATH", "LANG", "TZ")  # of our own environment; settings must not leak in


@dataclass(frozen=True, slots=True)
class Life:
    """One process from start to end, with the events it told by name; `began` is monotonic."""

    began: float
    exit_code: int
    events: dict[str, dict[str, Any]]

    @property
    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL."""
        return self.exit_code == -signal.SIGKILL

    @property
    def first_job_after(self) -> float | None:
        """Seconds from the start of the process to its first finished job."""
        worked = self.events.get("worked")
        return worked["at"] - self.began if worked else None


class HubProcess:
    """One hub process after the other, never two. Their logs go to the end of the file `log`.

    `options` are those of hub_process.py.
    """

    def __init__(self, settings: Mapping[str, str], log: Path, options: Sequence[str] = ()) -> None:
        self._options = options
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._environment = kept | {"PYTHONDONTWRITEBYTECODE": "1", **settings}
        self._log = log
        self._process: Process | None = None
        self._began = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether a process runs and has not been seen to end."""
        return self._process is not None and self._process.returncode is None

    @property
    def _running(self) -> Process:
        assert self._process is not None
        return self._process

    async def start(self) -> None:
        """Start a process; it is not ready yet."""
        assert self._process is None
        self._began = time.monotonic()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.hub_process", *self._options),
                cwd=ROOT,
                env=self._environment,
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
            )

    async def arm(self, point: str, passages: int) -> None:
        """Have it die at the so-manieth passage of a failpoint. It counts already when this returns."""
        read = self._log.stat().st_size
        await self._order(f"{point} {passages}")
        async with asyncio.timeout(PATIENCE):
            while self.is_alive and ARMED not in await asyncio.to_thread(_written_since, self._log, read):
                await asyncio.sleep(LOOK)

    async def pragma(self, setting: str) -> None:
        """Have the connection that writes to a file set something, as "query_only=ON"."""
        await self._order(f"pragma {setting}")

    async def _order(self, line: str) -> None:
        stdin = self._running.stdin
        assert stdin is not None
        stdin.write(line.encode() + b"\n")
        await stdin.drain()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._running.kill()

    def halt(self) -> None:
        """Stop it in the middle of whatever it does; it knows nothing of it."""
        self._running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if nothing had been."""
        self._running.send_signal(signal.SIGCONT)

    async def stop(self) -> Life:
        """Let it end by itself, as when a service manager stops it."""
        stdin = self._running.stdin
        assert stdin is not None
        stdin.close()
        return await self.ended()

    async def ended(self) -> Life:
        """Wait until the process has ended, and forget it."""
        process = self._running
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            told = await process.stdout.read()
            code = await process.wait()
        self._process = None
        lines = [json.loads(line) for line in told.splitlines() if line.endswith(b"}")]
        return Life(self._began, code, {line["event"]: line for line in lines})

    async def leave_nothing(self) -> None:
        """End whatever still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _written_since(log: Path, read: int) -> bytes:
    with log.open("rb") as lines:
        lines.seek(read)
        return lines.read()


@asynccontextmanager
async def hub_process(
    settings: Mapping[str, str], log: Path, options: Sequence[str] = ()
) -> AsyncIterator[HubProcess]:
    """A hub that nobody has started yet; nothing of it is left after the block."""
    hub = HubProcess(settings, log, options)
    try:
        yield hub
    finally:
        await hub.leave_nothing()
