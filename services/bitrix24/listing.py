"""All rows of a list, page after page by id: fast on tables of millions, and sure while rows come and go.

Offsets would skip or repeat rows when others change. Pages follow each other by reference inside one batch:
each asks for what comes after the last id of the page before (start=-1 spares the portal the counting,
https://apidocs.bitrix24.com/settings/performance/huge-data.html).

Nobody knows how many pages there are, and those asked for beyond the end cost the portal as much as others.
So the first request asks for one, the second for as many as take half a second by what the first took (eight
at least), and further ones for eight times as many. A quick portal's 5,000 rows are three requests, a slow
one's four; a list of 51 to 200 rows wastes half a second of the method's operating time at most, or seven
pages.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from services.bitrix24.answers import name
from services.bitrix24.commands import Command, Reference
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.outcomes import Done, Outcome, error_of
from services.bitrix24.rounds import Rounds
from services.bitrix24.values import identity

_OURS = frozenset({"filter", "select", "order", "start"})  # whatever letter case the caller writes
PAGE = 50  # rows; fixed by the portal
GROWTH = 8  # times as many pages as in the request before
WASTE = 0.5  # seconds that pages beyond the end may take
QUICKEST = 0.001  # seconds of a page, for portals that say less


class Listing:
    """One list being read."""

    def __init__(
        self, rounds: Rounds, method: str, params: Mapping[str, Any], key: str, most_pages: int
    ) -> None:
        """Raises ValueError for params that would break the order. `most_pages` in one request."""
        params = {each.lower() if each.lower() in _OURS else each: value for each, value in params.items()}
        if own := params.keys() & {"order", "start"}:
            raise ValueError(f"a whole list has its own {' and '.join(sorted(own))}")
        self._rounds = rounds
        self._method = method
        self._key = key
        self._most = most_pages
        self._filter = dict(params.get("filter") or {})
        self._params = {**params, **_selecting(params.get("select"), key)}
        self._path: tuple[str, ...] = ()  # to the rows inside a result, learned from the first page
        self._last = identity(self._filter.pop(f">{key}", 0)) or 0

    async def rows(self) -> AsyncIterator[dict[str, Any]]:
        """Each row once, in the order of ids."""
        pages = 1
        while True:
            outcomes = await self._read(pages)
            for position, command_outcome in enumerate(outcomes):
                page = self._page(command_outcome, is_first=position == 0)
                if page is None:
                    break  # not read for want of time: the next request begins there
                for row in self._new(page):
                    yield row
                if len(page) < PAGE:
                    return
            quick = self._quickly(outcomes[0]) if pages == 1 else 0
            pages = min(max(pages * GROWTH, quick), self._most)

    def _quickly(self, first: Outcome) -> int:
        """How many pages the portal reads in the time that may be wasted."""
        return int(WASTE / max(first.timing.duration, QUICKEST)) if first.timing else 0

    async def _read(self, pages: int) -> Sequence[Outcome]:
        commands = [self._command(self._last)]
        for position in range(1, pages):
            before = Reference(name(position - 1), *self._path, PAGE - 1, self._key)
            commands.append(self._command(before))
        return await self._rounds.run(commands, halt=True, urgent=False)

    def _command(self, after: int | Reference) -> Command:
        asked = {"filter": {**self._filter, f">{self._key}": after}, "order": {self._key: "ASC"}, "start": -1}
        return Command(self._method, {**self._params, **asked})

    def _page(self, outcome: Outcome, *, is_first: bool) -> list[dict[str, Any]] | None:
        """The rows of a page; None for one that was not read though it should have been."""
        if isinstance(outcome, Done):
            return self._found(outcome.result)
        if not is_first:
            return None
        raise error_of(self._method, outcome)

    def _found(self, result: Any) -> list[dict[str, Any]]:
        if isinstance(result, dict):
            lists = [part for part, value in result.items() if isinstance(value, list)]
            if len(lists) != 1:
                raise PortalUnavailable(f"{self._method} does not answer a list")
            self._path, result = (lists[0],), result[lists[0]]
        if not isinstance(result, list) or not all(isinstance(row, dict) for row in result):
            raise PortalUnavailable(f"{self._method} does not answer a list")
        return result

    def _new(self, page: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """What comes after the last id. A page without progress would be read for ever."""
        before = self._last
        for row in page:
            if (number := identity(row.get(self._key))) is not None and number > self._last:
                self._last = number
                yield row
        if page and self._last == before:
            raise PortalUnavailable(f"{self._method} does not go on by {self._key}")


def _selecting(select: Any, key: str) -> dict[str, Any]:
    if not select or "*" in select or key in select:
        return {}
    return {"select": [key, *select]}
