"""Rows that wait together become one commit: the first leaves at once, the others gather meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from storage.errors import StorageUnavailable

GROUP = 512  # rows in one commit at most, so that the first of a burst does not wait for the last

Unit = Callable[..., Sequence[Any]]
Write = Callable[[Unit, Sequence[Any]], Awaitable[Sequence[Any]]]
Spawn = Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]
_Waiting = list[tuple[Any, "asyncio.Future[Any]"]]


class Groups:
    """One group of each kind of unit is on its way at a time, so rows keep the order they came in."""

    def __init__(self, write: Write, spawn: Spawn) -> None:
        """`write(unit, rows)` is all or nothing; `spawn(name, work)` starts the flushing of one kind."""
        self._write = write
        self._spawn = spawn
        self._waiting: dict[Unit, _Waiting] = {}
        self._flushing: dict[Unit, asyncio.Task[None]] = {}
        self._closed = False

    def hand_in(self, unit: Unit, row: Any) -> "asyncio.Future[Any]":
        """Queue one row; the future carries its own result once it is durable."""
        if self._closed:
            raise StorageUnavailable("the database is closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(unit, []).append((row, future))
        if unit not in self._flushing:
            self._flushing[unit] = self._spawn(f"storage.{unit.__name__}", self._flush(unit))
        return future

    async def close(self) -> None:
        """Write what was handed in; what comes later is refused."""
        self._closed = True
        if running := list(self._flushing.values()):
            await asyncio.wait(running)

    async def _flush(self, unit: Unit) -> None:
        group: _Waiting = []
        try:
            while waiting := self._waiting.pop(unit, []):
                group, rest = waiting[:GROUP], waiting[GROUP:]
                if rest:
                    self._waiting[unit] = rest
                await self._write_group(unit, [one for one in group if not one[1].cancelled()])
        finally:  # the task may have been ended from outside: nobody may wait for ever
            del self._flushing[unit]
            _fail(group + self._waiting.pop(unit, []), StorageUnavailable("the hub is stopping"))

    async def _write_group(self, unit: Unit, group: _Waiting) -> None:
        if not group:
            return
        try:
            results = await self._write(unit, [row for row, _ in group])
        except StorageUnavailable as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - the edge: a unit's failure belongs to its callers
            if len(group) == 1:
                _fail(group, error)
            else:  # a bad row must not take its neighbours along
                for one in group:
                    await self._write_group(unit, [one])
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _fail(group: _Waiting, error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
