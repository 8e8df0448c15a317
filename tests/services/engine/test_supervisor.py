"""Detached tasks: named, watched, started again, and stopped in order."""

import ast
import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.engine.supervisor import RESTART_DELAYS, STEADY_SECONDS, Supervisor
from tests.clock import HandClock

ROOT = Path(__file__).parents[3]


class Reports:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def __call__(self, name: str, error: BaseException) -> None:
        self.seen.append((name, str(error)))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def supervisor(clock: HandClock, reports: Reports) -> Supervisor:
    return Supervisor(clock, reports)


class Trail:
    """A lasting task that notes when it began and how it ended."""

    def __init__(self, notes: list[str], name: str) -> None:
        self.notes, self.name = notes, name

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.notes.append(self.name)


async def test_a_lasting_task_that_breaks_runs_again_after_growing_waits(
    supervisor: Supervisor, clock: HandClock, reports: Reports
) -> None:
    began: list[float] = []

    async def run() -> None:
        began.append(clock.monotonic())
        raise ValueError("broken")

    supervisor.spawn("poller", run)
    await clock.advance(100)
    waits = [later - earlier for earlier, later in pairwise(began)]
    assert waits[:6] == pytest.approx([*RESTART_DELAYS, 30.0, 30.0])
    assert reports.seen[0] == ("poller", "broken")
    assert len(reports.seen) == len(began)
    assert supervisor.names == ["poller"]
    await supervisor.stop(0)


async def test_a_task_that_ran_steadily_starts_again_from_the_first_wait(
    supervisor: Supervisor, clock: HandClock
) -> None:
    began: list[float] = []

    async def run() -> None:
        began.append(clock.monotonic())
        if len(began) == 3:
            await clock.sleep(STEADY_SECONDS + 1)
        raise ValueError("broken")

    supervisor.spawn("poller", run)
    await clock.advance(64)
    waits = [later - earlier for earlier, later in pairwise(began)]
    assert waits[:4] == pytest.approx([0.1, 1.0, STEADY_SECONDS + 1 + 0.1, 1.0])
    await supervisor.stop(0)


async def test_a_lasting_task_that_returns_is_over(
    supervisor: Supervisor, clock: HandClock, reports: Reports
) -> None:
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1

    supervisor.spawn("connect", run)
    await clock.advance(100)
    assert runs == 1
    assert supervisor.names == []
    assert reports.seen == []
    supervisor.spawn("connect", run)  # the name is free again
    await clock.settle()
    assert runs == 2


async def test_a_task_whose_own_work_was_cancelled_runs_again(
    supervisor: Supervisor, clock: HandClock, reports: Reports
) -> None:
    """Only the supervisor ends a lasting task; a cancellation from within is a failure like any other."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        raise asyncio.CancelledError("what it waited for was given up")

    supervisor.spawn("poller", run)
    await clock.advance(1)
    assert runs > 1
    assert reports.seen[0] == ("poller", "what it waited for was given up")
    await supervisor.stop(0)
    assert supervisor.names == []


async def test_two_lasting_tasks_cannot_have_one_name(supervisor: Supervisor) -> None:
    supervisor.spawn("poller", Trail([], "a").run)
    with pytest.raises(RuntimeError, match="poller"):
        supervisor.spawn("poller", Trail([], "b").run)
    await supervisor.stop(0)


async def test_single_work_gives_its_result(supervisor: Supervisor) -> None:
    async def work() -> int:
        return 7

    assert await supervisor.spawn_once("sum", work()) == 7


async def test_an_error_that_escapes_single_work_is_reported_and_not_repeated(
    supervisor: Supervisor, clock: HandClock, reports: Reports
) -> None:
    async def work() -> None:
        raise ValueError("escaped")

    supervisor.spawn_once("send.1", work())
    await clock.advance(100)
    assert reports.seen == [("send.1", "escaped")]


async def test_errors_are_logged_with_the_name_of_the_task(supervisor: Supervisor, clock: HandClock) -> None:
    async def work() -> None:
        raise ValueError("escaped")

    with capture_logs() as logs:
        supervisor.spawn_once("send.1", work())
        await clock.settle()
    assert [(entry["event"], entry["details"], str(entry["exc_info"])) for entry in logs] == [
        ("supervisor.task_failed", {"task": "send.1"}, "escaped")
    ]


async def test_lasting_tasks_end_youngest_first_each_before_the_next(
    supervisor: Supervisor, clock: HandClock
) -> None:
    ended: list[str] = []
    for name in ("database", "workers", "poller"):
        supervisor.spawn(name, Trail(ended, name).run)
    await clock.settle()
    assert supervisor.names == ["database", "workers", "poller"]
    await supervisor.stop(0)
    assert ended == ["poller", "workers", "database"]
    assert supervisor.names == []


async def test_a_task_is_stopped_also_while_it_waits_to_run_again(
    supervisor: Supervisor, clock: HandClock
) -> None:
    async def run() -> None:
        raise ValueError("broken")

    supervisor.spawn("poller", run)
    await clock.settle()
    await supervisor.stop(0)
    assert supervisor.names == []
    assert clock.waiting == 0


async def test_one_task_can_be_stopped_alone(supervisor: Supervisor, clock: HandClock) -> None:
    ended: list[str] = []
    for name in ("a", "b"):
        supervisor.spawn(name, Trail(ended, name).run)
    await clock.settle()
    await supervisor.stop_task("a")
    assert (ended, supervisor.names) == (["a"], ["b"])
    await supervisor.stop_task("a")
    await supervisor.stop(0)


async def test_single_work_gets_its_grace_to_finish(supervisor: Supervisor, clock: HandClock) -> None:
    finished: list[float] = []

    async def work(seconds: float) -> None:
        await clock.sleep(seconds)
        finished.append(seconds)

    for seconds in (3.0, 9.0, 11.0):
        supervisor.spawn_once(f"job.{seconds}", work(seconds))
    began = clock.monotonic()
    with capture_logs() as logs:
        await clock.run(supervisor.stop(10.0))
    assert finished == [3.0, 9.0]
    assert clock.monotonic() - began == pytest.approx(10)
    assert [(entry["event"], entry["details"]) for entry in logs] == [
        ("supervisor.grace_over", {"tasks": ["job.11.0"]})
    ]


async def test_what_runs_to_the_end_is_stopped_after_the_single_work(
    supervisor: Supervisor, clock: HandClock
) -> None:
    ended: list[str] = []

    async def lasting(name: str) -> None:
        try:
            await clock.sleep(1000)
        finally:
            ended.append(name)

    async def single() -> None:
        await clock.sleep(3)
        ended.append("single")

    supervisor.spawn("lead", lambda: lasting("lead"), to_the_end=True)
    supervisor.spawn("duty", lambda: lasting("duty"))
    supervisor.spawn_once("single", single())
    await clock.advance(0)
    await clock.run(supervisor.stop(10.0))
    assert ended == ["duty", "single", "lead"]


async def test_a_stop_with_nothing_left_to_do_waits_for_nothing(
    supervisor: Supervisor, clock: HandClock
) -> None:
    began = clock.monotonic()
    await clock.run(supervisor.stop(10.0))
    assert clock.monotonic() == began


async def test_single_work_that_single_work_starts_is_waited_for_too(
    supervisor: Supervisor, clock: HandClock
) -> None:
    finished: list[str] = []

    async def second() -> None:
        await clock.sleep(1)
        finished.append("second")

    async def first() -> None:
        await clock.sleep(1)
        supervisor.spawn_once("second", second())

    supervisor.spawn_once("first", first())
    await clock.run(supervisor.stop(10.0))
    assert finished == ["second"]


STARTERS = {"create_task", "ensure_future", "run_coroutine_threadsafe", "start_soon"}


def _detached_starts(source: str) -> list[int]:
    """Lines that start a task nobody is bound to wait for; a TaskGroup's own are awaited by its block."""
    tree = ast.parse(source)
    groups = {
        item.optional_vars.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncWith)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
        and ast.unparse(item.context_expr) == "asyncio.TaskGroup()"
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in STARTERS
        and not (isinstance(node, ast.Attribute) and ast.unparse(node.value) in groups)
    ]


def test_nobody_but_the_supervisor_starts_detached_tasks() -> None:
    folders = ("bot", "commands", "sandbox", "services", "storage", "web")
    files = [*ROOT.glob("*.py"), *(file for folder in folders for file in (ROOT / folder).rglob("*.py"))]
    found = {str(file.relative_to(ROOT)) for file in files if _detached_starts(file.read_text("utf-8"))}
    assert found == {"services/engine/supervisor.py"}


def test_the_search_for_detached_tasks_finds_every_way_to_start_one() -> None:
    for bad in (
        "asyncio.create_task(x())",
        "asyncio.ensure_future(x())",
        "loop.create_task(x())",
        "asyncio.get_running_loop().create_task(x())",
        "from asyncio import create_task\ncreate_task(x())",
    ):
        assert _detached_starts(bad), bad
    awaited = "async def f():\n    async with asyncio.TaskGroup() as group:\n        group.create_task(x())"
    assert not _detached_starts(awaited)
