"""Long work in a thread: it tells how far it is, and ends early when nobody wants it any more."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) as work goes on; total 0 when nobody knows. Called from a thread."""


class Steps:
    """Runs the stages of one piece of work."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._unwanted = False

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """For the work: told after each step. What it raises is to end the work."""
        if self._unwanted:
            raise Unwanted
        if self._progress:
            self._progress(stage, done, total)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run one stage. When the caller is cancelled, the stage ends at its next step, and this after it."""
        running = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._unwanted = True
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # seen: it is the one that was asked for
            raise


class Unwanted(Exception):
    """The one who asked for the work is gone."""
