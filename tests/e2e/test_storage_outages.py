"""The database goes away under load: 503 and never a false yes, and all is well soon after it is back."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

import asyncpg
import pytest

from storage.postgres import dsn_of
from tests.chaos.checker import faults_of, texts_are_doubled_once_a_kill
from tests.chaos.outage import Outage
from tests.chaos.program import Size, new_program
from tests.chaos.scene import Scene, free_port, new_scene, webhook_settings
from tests.postgres import PostgresServer, new_database, server
from tests.storage.files import Home, new_file

SEED = 20260808
CROWD = Size(stickers=1000, people=40, groups=10, kills_each=0, listed=10, unlisted=400)
BACK = 5.0  # seconds from the relief to the first acknowledgement, in the long runs
SHORT, LONG = 1.0, 20.0  # seconds of an outage
DISK = "16m"

Deeds = tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]


@asynccontextmanager
async def outage(folder: Path, home: Home) -> AsyncIterator[tuple[Scene, Outage]]:
    """A hub that takes updates, and clients for it; afterwards all is held against the rules."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with new_scene(
        folder, home, ports=[port], options=["--impatient"], **webhook_settings(address)
    ) as scene:
        program = new_program(scene.world, CROWD, SEED)
        await scene.list_sets(program.listed)
        run = Outage(scene, program, address, Random(SEED))
        yield scene, run
        history = run.history()
    print("\n" + run.figures())
    assert not faults_of(history, leaving_out=[texts_are_doubled_once_a_kill])
    assert not run.answers.improper
    assert run.unheard == 0
    assert len(history.acknowledged) == len(history.updates)
    assert set(scene.logs[0].events("error", "critical")) <= {"fault.not_stored"}
    assert scene.logs[0].tracebacks() == 0


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that may be broken; what it commits is in the log before it says so."""
    with server(options=("fsync=off",)) as started:
        yield started


async def postgres_is_gone(folder: Path, own_server: PostgresServer, seconds: float) -> Outage:
    async with new_database(own_server) as url, outage(folder, url) as (_, run):
        await run.run(
            lambda: asyncio.to_thread(own_server.stop, signal.SIGQUIT),
            lambda: asyncio.to_thread(own_server.start),
            seconds=seconds,
        )
    return run


async def test_postgres_is_gone_for_a_moment(tmp_path: Path, own_server: PostgresServer) -> None:
    await postgres_is_gone(tmp_path, own_server, SHORT)


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_postgres_is_gone_for_long(tmp_path: Path, own_server: PostgresServer) -> None:
    assert (await postgres_is_gone(tmp_path, own_server, LONG)).back_after <= BACK


TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name <> 'tormentor' AND backend_type = 'client backend'"
)
IN_MID_TRANSACTION = " AND (state LIKE 'idle in transaction%' OR (state = 'active' AND xact_start < now()))"


async def execute(url: str, *statements: str) -> list[object]:
    """Run statements beside the hub; what each answers."""
    connection = await asyncpg.connect(dsn_of(url), server_settings={"application_name": "tormentor"})
    try:
        return [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()


async def backends_are_terminated(folder: Path, url: str, times: int) -> None:
    async def torment() -> None:
        ended = 0
        while ended < times:
            [count] = await execute(url, TERMINATE + IN_MID_TRANSACTION)
            ended += int(str(count))

    async def nothing() -> None:
        return None

    async with outage(folder, url) as (_, run):
        await run.run(torment, nothing, seconds=0, is_total=False)


async def test_backends_are_terminated_in_mid_transaction(tmp_path: Path, postgres_url: str) -> None:
    await backends_are_terminated(tmp_path, postgres_url, 3)


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_many_backends_are_terminated_in_mid_transaction(tmp_path: Path, postgres_url: str) -> None:
    await backends_are_terminated(tmp_path, postgres_url, 200)


async def test_postgres_becomes_read_only(tmp_path: Path, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]

    async def begin() -> None:
        await execute(
            postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on", TERMINATE
        )

    async def relieve() -> None:  # the hub's sessions stay, and go on being what they were
        await execute(
            postgres_url,
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
        )

    async with outage(tmp_path, postgres_url) as (_, run):
        await run.run(begin, relieve, seconds=SHORT)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of its own, small; None where nobody may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount("-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)):
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def mount(*arguments: str) -> bool:
    """Whether that could be mounted."""
    try:
        return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def fill(path: Path) -> None:
    """Write until nothing more goes onto the disk."""
    with path.open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    filler.write(os.urandom(size))


def full_disk(scene: Scene, disk: Path | None) -> Deeds:
    """How to fill the disk, and how to enlarge it."""

    async def fill_it() -> None:
        if disk:
            await asyncio.to_thread(fill, disk / "filler")
        else:
            await scene.hub.pragma("max_page_count=1")  # which SQLite takes for: no page more than now

    async def enlarge() -> None:
        if disk:
            assert mount("-o", "remount,size=64m", str(disk))
        else:
            await scene.hub.pragma("max_page_count=1000000")

    return fill_it, enlarge


@pytest.mark.parametrize(
    "seconds", [SHORT, pytest.param(LONG, marks=[pytest.mark.chaos, pytest.mark.timeout(300)])]
)
async def test_the_disk_is_full_and_then_enlarged(tmp_path: Path, disk: Path | None, seconds: float) -> None:
    async with outage(tmp_path, new_file(disk or tmp_path)) as (scene, run):
        await run.run(*full_disk(scene, disk), seconds=seconds)
    assert seconds == SHORT or run.back_after <= BACK


async def test_the_disk_is_full_and_then_freed(tmp_path: Path, disk: Path | None) -> None:
    async with outage(tmp_path, new_file(disk or tmp_path)) as (scene, run):
        fill_it, enlarge = full_disk(scene, disk)

        async def free() -> None:
            if disk:
                (disk / "filler").unlink()
            else:
                await enlarge()

        await run.run(fill_it, free, seconds=SHORT)


@pytest.mark.parametrize(
    "seconds", [SHORT, pytest.param(LONG, marks=[pytest.mark.chaos, pytest.mark.timeout(300)])]
)
async def test_the_file_becomes_read_only(tmp_path: Path, seconds: float) -> None:
    """By query_only: the kernel remounts no disk on which a file is open for writing."""
    async with outage(tmp_path, new_file(tmp_path)) as (scene, run):
        await run.run(
            lambda: scene.hub.pragma("query_only=ON"),
            lambda: scene.hub.pragma("query_only=OFF"),
            seconds=seconds,
        )
    assert seconds == SHORT or run.back_after <= BACK
