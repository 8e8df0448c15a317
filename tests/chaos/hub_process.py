"""The real hub in a process of its own, which ends itself with SIGKILL at a named failpoint.

Settings come from the environment. Standard input takes lines "POINT N": die at the N-th passage of that
point, counted from then; and "pragma NAME=VALUE" for SQLite's writer; its end means stop. Standard output
gets a line of JSON per event: {"event": "ready", "address": …, "synchronous": … (SQLite only)} and, after
the first finish, {"event": "worked"}; each with "at", in seconds of the machine's monotonic clock. Standard
error gets the log, and in it {"event": "hub_process.<point>", "task": …, "at": …} for each update whose
handling begins or that is finished, and for each message sent; also {"event": "hub_process.armed"}.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue

import uvloop
from sqlalchemy import Connection, Engine, event

from bot.door import LONGEST_CALL
from bot.updates import TOPIC
from commands.assembly import Switchboard, running
from commands.serve import stop_signal
from services.engine.clock import SystemClock
from services.engine.failpoints import NAMES, OF_DEALS
from services.engine.observability import configure_logging
from services.engine.workers import LEASE
from settings import load_settings
from storage.database import SILENCE
from tests.pace import UNPACED


class PatientClock(SystemClock):
    """Real time, but monotonic time runs at a hundredth of it.

    A call that hangs lets the next text go (docs/decisions/0004), and then two are in doubt. Nothing hangs
    here, but on a busy machine a call may well take as long: that must not pass for hanging.
    """

    monotonic = staticmethod(lambda: time.monotonic() / 100)


class LaterClock(SystemClock):
    """Real time, but by the calendar it is so many seconds later: as if nobody had started the hub before."""

    def __init__(self, seconds: float) -> None:
        self._more = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._more


class DeadlyFailpoints:
    """Failpoints that let pass, until one is armed and its count is up."""

    def __init__(self) -> None:
        self._armed: str | None = None
        self._left = 0
        self._worked = False

    def arm(self, name: str, passages: int) -> None:
        """Die at the `passages`-th hit of that point from now on."""
        if name not in (*NAMES, *OF_DEALS):
            raise ValueError(f"no such failpoint: {name}")
        self._armed, self._left = name, passages
        _note("armed")

    def hit(self, name: str) -> None:
        """See Failpoints. Of what every hub comes by updates count, and not the schedule's ticks."""
        if name in NAMES and _is_for_a_tick():
            return
        if name in {"handling", "finish", "sending"}:
            _note(name)
        if name == "finish" and not self._worked:
            self._worked = True
            _tell("worked")
        if name == self._armed:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _is_for_a_tick() -> bool:
    task = asyncio.current_task()
    part, _, of = (task.get_name() if task else "").partition(".")
    return part == "schedule" or (part in {"inbox", "job"} and not of.startswith("telegram"))


def _is_regular() -> bool:
    """Whether this is the leader's schedule, or the work it asked for."""
    kind, _, topic = _task().partition(".")
    return kind == "schedule" or (kind in {"inbox", "job"} and not topic.startswith(TOPIC))


def _task() -> str:
    task = asyncio.current_task()
    return task.get_name() if task else ""


def _note(point: str) -> None:
    noted = {"event": f"hub_process.{point}", "task": _task(), "at": time.monotonic()}
    sys.stderr.write(json.dumps(noted) + "\n")
    sys.stderr.flush()


def _tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n")
    sys.stdout.flush()


def _listen(failpoints: DeadlyFailpoints, pragmas: SimpleQueue[str], stop: asyncio.Event) -> None:
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
            name, value = line.decode().rsplit(maxsplit=1)
            if name == "pragma":
                pragmas.put(value)
            else:
                failpoints.arm(name, int(value))

    loop.add_reader(descriptor, take)


async def _synchronous(switchboard: Switchboard, *, postgres: bool) -> int | None:
    """The setting of the one connection that writes to a file."""
    if postgres:
        return None
    value: int = await switchboard.hub.database.write(
        lambda tx: tx.exec_driver_sql("PRAGMA synchronous").scalar_one()
    )
    return value


def _obey(pragmas: SimpleQueue[str], connection: Connection) -> None:
    """Set what was asked for, before the writer begins its next transaction."""
    if threading.current_thread().name != "storage.writer":
        return
    while not pragmas.empty():
        connection.exec_driver_sql(f"PRAGMA {pragmas.get()}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lease", type=float, default=LEASE)
    parser.add_argument("--silence", type=float, default=SILENCE)
    parser.add_argument("--longest-call", type=float, default=LONGEST_CALL)
    parser.add_argument("--impatient", action="store_true", help="monotonic time runs as it does")
    parser.add_argument("--later", type=float, help="seconds; the same, and so much later by the calendar")
    return parser.parse_args()


def _clock(options: argparse.Namespace) -> SystemClock:
    if options.later is not None:
        return LaterClock(options.later)
    return SystemClock() if options.impatient else PatientClock()


async def main() -> None:
    """Run the hub until standard input ends."""
    options = _options()
    settings = load_settings(os.environ, None, serving=True)
    configure_logging(settings.logs.level, settings.logs.format, settings.secrets(), sys.stderr)
    failpoints, stop = DeadlyFailpoints(), stop_signal()
    pragmas: SimpleQueue[str] = SimpleQueue()
    event.listen(Engine, "begin", partial(_obey, pragmas))
    _listen(failpoints, pragmas, stop)  # before anything runs, so that the first passage can be the last
    async with running(
        settings,
        clock=_clock(options),
        failpoints=failpoints,
        lease=options.lease,
        silence=options.silence,
        longest_call=options.longest_call,
        pace=UNPACED,
    ) as switchboard:
        synchronous = await _synchronous(switchboard, postgres=settings.storage.is_postgres)
        _tell("ready", address=switchboard.address, synchronous=synchronous)
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())
