"""How far a long command is: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from storage.steps import Progress as Told


@contextmanager
def shown(words: dict[str, str], out: TextIO) -> Iterator[Told]:
    """Show stages on `out` while the block lasts; `words` says each stage in words, others stay silent."""
    if out.isatty():
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(file=out),
        ) as bars:
            yield _Bars(bars, words).tell
    else:
        yield _Lines(out, words).tell


class _Bars:
    def __init__(self, bars: Progress, words: dict[str, str]) -> None:
        self._bars = bars
        self._words = words
        self._tasks: dict[str, TaskID] = {}

    def tell(self, stage: str, done: int, total: int) -> None:
        if stage not in self._words:
            return
        if stage not in self._tasks:
            self._end_others()
            self._tasks[stage] = self._bars.add_task(self._words[stage], total=total or None)
        self._bars.update(self._tasks[stage], completed=done, total=total or None)

    def _end_others(self) -> None:
        """A stage whose length nobody knew is over once the next begins."""
        for task in self._tasks.values():
            self._bars.update(task, total=1, completed=1)


class _Lines:
    def __init__(self, out: TextIO, words: dict[str, str]) -> None:
        self._out = out
        self._words = words
        self._begun: set[str] = set()

    def tell(self, stage: str, _done: int, _total: int) -> None:
        if stage in self._words and stage not in self._begun:
            self._begun.add(stage)
            self._out.write(f"{self._words[stage]}\n")
            self._out.flush()
