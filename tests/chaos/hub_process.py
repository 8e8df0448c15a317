"""The real hub in a process of its own, which ends itself with SIGKILL at a named failpoint.

Settings come from the environment. Standard input takes lines "POINT N": die at the N-th passage of that
point, counted from then; its end means stop. Standard output gets a line of JSON per event:
{"event": "ready", "address": …, "synchronous": …} and, after the first finish, {"event": "worked"}; each
with "at", in seconds of the machine's monotonic clock.
"""

import asyncio
import json
import os
import signal
import sys
import time

import uvloop

from commands.assembly import Switchboard, running
from commands.serve import stop_signal
from services.engine.clock import SystemClock
from services.engine.failpoints import NAMES
from services.engine.observability import configure_logging
from settings import load_settings


class PatientClock(SystemClock):
    """Real time, but monotonic time runs at a hundredth of it.

    A call that hangs lets the next text go (docs/decisions/0004), and then two are in doubt. Nothing hangs
    here, but on a busy machine a call may well take as long: that must not pass for hanging.
    """

    monotonic = staticmethod(lambda: time.monotonic() / 100)


class DeadlyFailpoints:
    """Failpoints that let pass, until one is armed and its count is up."""

    def __init__(self) -> None:
        self._armed: str | None = None
        self._left = 0
        self._worked = False

    def arm(self, name: str, passages: int) -> None:
        """Die at the `passages`-th hit of that point from now on."""
        if name not in NAMES:
            raise ValueError(f"no such failpoint: {name}")
        self._armed, self._left = name, passages

    def hit(self, name: str) -> None:
        """See Failpoints."""
        if name == "finish" and not self._worked:
            self._worked = True
            _tell("worked")
        if name == self._armed:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n")
    sys.stdout.flush()


def _listen(failpoints: DeadlyFailpoints, stop: asyncio.Event) -> None:
    """Take the parent's lines; a parent that is gone ends the hub too."""
    loop, descriptor, rest = asyncio.get_running_loop(), sys.stdin.fileno(), bytearray()

    def take() -> None:
        received = os.read(descriptor, 4096)
        if not received:
            loop.remove_reader(descriptor)
            stop.set()
            return
        rest.extend(received)
        *lines, last = rest.split(b"\n")
        rest[:] = last
        for line in lines:
            name, passages = line.decode().split()
            failpoints.arm(name, int(passages))

    loop.add_reader(descriptor, take)


async def _synchronous(switchboard: Switchboard) -> int:
    """The setting of the one connection that writes."""
    value: int = await switchboard.hub.database.write(
        lambda tx: tx.exec_driver_sql("PRAGMA synchronous").scalar_one()
    )
    return value


async def main() -> None:
    """Run the hub until standard input ends."""
    settings = load_settings(os.environ, None, serving=True)
    configure_logging(settings.logs.level, settings.logs.format, settings.secrets(), sys.stderr)
    failpoints, stop = DeadlyFailpoints(), stop_signal()
    _listen(failpoints, stop)  # before anything runs, so that the first passage can be the last
    async with running(settings, clock=PatientClock(), failpoints=failpoints) as switchboard:
        _tell("ready", address=switchboard.address, synchronous=await _synchronous(switchboard))
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())
