"""Whole lists: every row once, in the order of ids, with few requests and none for what is not there."""

from typing import Any

import httpx
import pytest

from services.bitrix24.errors import PortalNotFound, PortalUnavailable
from services.engine.errors import BreakerOpen
from tests.services.bitrix24.far import Asked, FarPortal, Room

LIST, ITEMS = "crm.deal.list", "crm.item.list"


class Table:
    """The rows of a list, answered page by page as a portal does it."""

    def __init__(self, ids: list[int], method: str = LIST) -> None:
        self.ids = ids
        self.method = method
        self.pages = 0
        self.after_page: Any = None
        self.time: dict[str, float] | None = None  # of a page that was asked for alone

    def page(self, params: dict[str, Any]) -> Any:
        """One call's result."""
        key = "id" if self.method == ITEMS else "ID"
        assert params["order"] == {key: "ASC"}
        assert int(params["start"]) == -1
        after = params["filter"][f">{key}"]
        found = sorted(n for n in self.ids if isinstance(after, list) or n > int(after))[:50]
        self.pages += 1
        if self.after_page:
            self.after_page(self)
        if self.method == ITEMS:
            return {"items": [{"id": n} for n in found]}
        return [{"ID": str(n), "TITLE": f"Deal {n}"} for n in found]

    async def answer(self, asked: Asked) -> httpx.Response:
        """A call or a batch, whose references are resolved as a portal resolves them."""
        if asked.method == self.method:
            told = {"time": self.time} if self.time else {}
            return httpx.Response(200, json={"result": self.page(asked.params), "total": 0, **told})
        results: dict[str, Any] = {}
        for name, (method, params) in asked.commands.items():
            assert method == self.method
            ((key, after),) = params["filter"].items()
            params["filter"] = {key: resolved(after, results)}
            results[name] = self.page(params)
        body = {"result": results, "result_error": [], "result_total": [], "result_next": []}
        return httpx.Response(200, json={"result": body})


def resolved(text: str, results: dict[str, Any]) -> Any:
    """Down to the nearest thing there is."""
    if not text.startswith("$result["):
        return text
    value: Any = results
    for step in text.removeprefix("$result[").removesuffix("]").split("]["):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (LookupError, ValueError):
            break
    return value


def serve(far: FarPortal, table: Table, requests: int = 100) -> None:
    far.script.extend([table.answer] * requests)


async def read(room: Room, method: str = LIST, **more: Any) -> list[dict[str, Any]]:
    async def rows() -> list[dict[str, Any]]:
        return [row async for row in room.portal.list_all(method, **more)]

    found: list[dict[str, Any]] = await room.run(rows())
    return found


@pytest.mark.parametrize(
    ("count", "requests", "pages"),
    [(0, 1, 1), (10, 1, 1), (49, 1, 1), (50, 2, 9), (449, 2, 9), (450, 3, 59), (5000, 4, 109)],
)
async def test_a_list_is_read_once_with_few_requests(
    room: Room, far: FarPortal, count: int, requests: int, pages: int
) -> None:
    table = Table(list(range(3, 3 * count + 3, 3)))
    serve(far, table)
    assert [int(row["ID"]) for row in await read(room)] == table.ids
    assert len(far.asked) == requests
    assert table.pages == pages


@pytest.mark.parametrize(("seconds", "requests", "pages"), [(0.0, 3, 101), (0.03, 4, 117), (0.7, 4, 109)])
async def test_a_quick_portal_is_asked_for_more_pages_at_once(
    room: Room, far: FarPortal, seconds: float, requests: int, pages: int
) -> None:
    table = Table(list(range(1, 5001)))
    table.time = {"duration": seconds}
    serve(far, table)
    assert len(await read(room)) == 5000
    assert (len(far.asked), table.pages) == (requests, pages)


async def test_the_rows_of_items_are_read_from_inside(room: Room, far: FarPortal) -> None:
    table = Table(list(range(1, 301)), ITEMS)
    serve(far, table)
    found = await read(room, ITEMS, params={"entityTypeId": 128}, key="id")
    assert [row["id"] for row in found] == table.ids
    assert far.asked[1].commands["c1"][1]["filter"] == {">id": "$result[c0][items][49][id]"}
    assert far.asked[1].commands["c1"][1]["entityTypeId"] == "128"


async def test_the_callers_filter_is_kept_and_its_first_id_is_where_it_begins(
    room: Room, far: FarPortal
) -> None:
    far.gives([{"ID": "78"}])
    await read(room, params={"FILTER": {"=STAGE_ID": "NEW", ">ID": "77"}, "Select": ["TITLE"]})
    assert far.asked[0].params == {
        "filter": {"=STAGE_ID": "NEW", ">ID": 77},
        "select": ["ID", "TITLE"],
        "order": {"ID": "ASC"},
        "start": -1,
    }


async def test_rows_that_come_and_go_meanwhile_are_neither_doubled_nor_in_the_way(
    room: Room, far: FarPortal
) -> None:
    table = Table(list(range(10, 3010, 10)))

    def stir(table: Table) -> None:
        table.ids.remove(table.ids[0])
        table.ids.append(table.ids[-1] + 7)
        table.ids.append(table.pages)  # a lower one than all that were read

    table.after_page = stir
    serve(far, table)
    stayed = set(range(1000, 3010, 10))
    numbers = [int(row["ID"]) for row in await read(room)]
    assert numbers == sorted(set(numbers))
    assert stayed <= set(numbers)


@pytest.mark.parametrize("params", [{"order": {"ID": "DESC"}}, {"ORDER": {}}, {"start": 50}])
async def test_an_order_of_the_callers_own_is_refused(room: Room, params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="its own"):
        room.portal.list_all(LIST, params)


async def test_a_list_that_does_not_go_on_ends_with_an_error(room: Room, far: FarPortal) -> None:
    page = [{"ID": str(number)} for number in range(1, 51)]
    far.gives(page)
    far.gives(page)
    far.gives_batch(result={f"c{number}": page for number in range(8)})
    with pytest.raises(PortalUnavailable, match="does not go on"):
        await read(room)


@pytest.mark.parametrize("result", [True, 5, "x", {"a": 1}, {"a": [], "b": []}, [1, 2], None])
async def test_what_is_no_list_is_an_error(room: Room, far: FarPortal, result: Any) -> None:
    far.gives(result)
    with pytest.raises(PortalUnavailable, match="list"):
        await read(room)


async def test_a_refused_list_is_refused_and_a_lost_page_is_read_again(room: Room, far: FarPortal) -> None:
    far.refuses("", 400, "Not found")
    with pytest.raises(PortalNotFound):
        await read(room)
    table = Table(list(range(1, 421)))
    serve(far, table, 1)
    far.breaks(httpx.ReadError("x"))
    serve(far, table)
    assert len(await read(room)) == 420


async def test_a_portal_left_alone_is_no_list_without_rows(room: Room, far: FarPortal) -> None:
    for _ in range(6):
        far.breaks(httpx.ConnectError("x"))
    for error in (PortalUnavailable, PortalUnavailable, BreakerOpen):
        with pytest.raises(error):
            await read(room)


async def test_pages_without_batches_are_read_one_by_one(room: Room, far: FarPortal) -> None:
    table = Table(list(range(1, 121)))
    serve(far, table, 1)
    far.refuses("ERROR_METHOD_NOT_FOUND", 404)
    serve(far, table)
    assert len(await read(room)) == 120
    assert far.methods == [LIST, "batch", LIST, LIST]
