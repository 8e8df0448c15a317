"""The only place that starts detached tasks: it names them, watches them and stops them in order."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

import structlog

from services.engine.clock import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")

RESTART_DELAYS = (0.1, 1.0, 5.0, 30.0)  # seconds before a broken lasting task runs again
STEADY_SECONDS = 60.0  # a task that ran this long starts again from the first delay


class Supervisor:
    """Keeps a reference to every detached task.

    `spawn` runs a lasting task and starts it again when it breaks; `spawn_once` runs one piece of
    work. `stop` ends lasting tasks youngest first, so that what depends on others goes before them.
    """

    def __init__(self, clock: Clock, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        """`on_failure(task name, error)` is told of every task that broke; it must not raise."""
        self._clock = clock
        self._on_failure = on_failure
        self._lasting: dict[str, asyncio.Task[None]] = {}
        self._to_the_end: set[str] = set()
        self._single: set[asyncio.Task[Any]] = set()

    @property
    def names(self) -> list[str]:
        """The lasting tasks that run now, oldest first."""
        return list(self._lasting)

    def spawn(
        self, name: str, run: Callable[[], Coroutine[Any, Any, None]], *, to_the_end: bool = False
    ) -> None:
        """Run `run` until it returns; when it raises, report it and run it again after a growing wait.

        One that runs `to_the_end` is stopped after the single work, which may rely on it.
        """
        if name in self._lasting:
            raise RuntimeError(f"a task named {name} is already running")
        task = asyncio.get_running_loop().create_task(self._watch(name, run), name=name)
        self._lasting[name] = task
        if to_the_end:
            self._to_the_end.add(name)
        task.add_done_callback(lambda _: self._lasting.pop(name, None))

    def spawn_once(self, name: str, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start one piece of work. It handles its own errors: one that escapes is reported, not repeated."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._single.add(task)
        task.add_done_callback(self._forget)
        return task

    async def stop_task(self, name: str) -> None:
        """End one lasting task and wait until it is gone; a name that is not running is fine."""
        if task := self._lasting.get(name):
            await _end([task])

    async def stop(self, grace: float) -> None:
        """End lasting tasks youngest first; single work gets `grace` seconds to finish, then ends too."""
        for name in reversed(self.names):
            if name not in self._to_the_end:
                await self.stop_task(name)
        await self.drain(grace)
        await _end(list(self._single))
        for name in reversed(self.names):
            await self.stop_task(name)

    async def drain(self, grace: float) -> None:
        """Wait until no single work is left, at most `grace` seconds."""
        try:
            async with self._clock.timeout(grace):
                while self._single:
                    await asyncio.wait(self._single)
        except TimeoutError:
            log.warning(
                "supervisor.grace_over", details={"tasks": sorted(t.get_name() for t in self._single)}
            )

    async def _watch(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        failures = 0
        while True:
            started = self._clock.monotonic()
            try:
                return await run()
            except asyncio.CancelledError as error:
                if _is_to_end():
                    raise
                self._report(name, error)  # something it waited for was given up; nobody meant the task
            except Exception as error:  # noqa: BLE001 - the one place that outlives any failure of a task
                if (wait := getattr(error, "retry_after", None)) is not None:
                    # Somebody else is away and said so, as the database does: no fault of this task.
                    log.warning("supervisor.task_waits", details={"task": name, "reason": str(error)})
                    await self._clock.sleep(wait)
                    continue
                self._report(name, error)
            if self._clock.monotonic() - started > STEADY_SECONDS:
                failures = 0
            await self._clock.sleep(RESTART_DELAYS[min(failures, len(RESTART_DELAYS) - 1)])
            failures += 1

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._single.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._report(task.get_name(), error)

    def _report(self, name: str, error: BaseException) -> None:
        log.error("supervisor.task_failed", details={"task": name}, exc_info=error)
        if self._on_failure:
            self._on_failure(name, error)


def _is_to_end() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending)
