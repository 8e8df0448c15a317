"""Batches: an outcome for each command, whatever shape the answer has, and as few requests as are safe."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from sandbox.bitrix24.php import parse_str
from services.bitrix24.commands import Command, Reference
from services.bitrix24.errors import PortalMisconfigured, PortalNotFound, PortalUnavailable
from services.bitrix24.outcomes import HALTED, UNRESOLVED, Done, Outcome
from tests.services.bitrix24.far import HTML, FarPortal, Room, new_room

ADD, GET, LIST, CONTACT = "crm.deal.add", "crm.deal.get", "crm.deal.list", "crm.contact.add"
FIND = "crm.duplicate.findbycomm"
NOT_FOUND = {"error": "", "error_description": "Not found"}


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [type(each).__name__ for each in outcomes]


async def test_each_command_has_its_own_outcome_though_http_says_200(room: Room, far: FarPortal) -> None:
    far.gives_batch(
        result={"c0": {"ID": "410"}, "c2": []},
        result_error={"c1": NOT_FOUND, "c3": {"error": "INTERNAL_SERVER_ERROR"}},
        result_total={"c2": 7},
        result_next={"c2": 50},
        result_time={"c0": {"duration": 0.5, "operating": 3, "operating_reset_at": 1778747792}},
    )
    commands = [Command(GET), Command(GET), Command(LIST), Command(ADD), Command(ADD)]
    found = await room.run(room.portal.batch(commands))
    assert kinds(found) == ["Done", "Failed", "Done", "Unknown", "Unknown"]
    assert (found[0].result, found[0].timing.operating) == ({"ID": "410"}, 3.0)
    assert isinstance(found[1].error, PortalNotFound)
    assert (found[2].result, found[2].total, found[2].next) == ([], 7, 50)
    assert far.asked[0].params["halt"] == 0
    assert list(far.asked[0].params["cmd"]) == ["c0", "c1", "c2", "c3", "c4"]


async def test_sections_that_php_made_lists_are_read_all_the_same(room: Room, far: FarPortal) -> None:
    far.gives({"result": {"c0": 1, "c1": 2}, "result_error": [], "result_total": None})
    found = await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    assert [each.result for each in found] == [1, 2]


async def test_after_a_failure_a_halting_batch_has_not_run_the_rest(room: Room, far: FarPortal) -> None:
    far.gives_batch(result={"c0": 5}, result_error={"c1": NOT_FOUND})
    found = await room.run(room.portal.batch([Command(ADD), Command(GET), Command(ADD)], halt=True))
    assert kinds(found) == ["Done", "Failed", "NotRun"]
    assert found[2].code == HALTED
    assert far.asked[0].params["halt"] == 1


async def test_what_stands_before_the_failure_and_is_not_mentioned_is_no_halt(
    room: Room, far: FarPortal
) -> None:
    far.gives_batch(result_error={"c1": NOT_FOUND})
    found = await room.run(room.portal.batch([Command(ADD), Command(GET), Command(ADD)], halt=True))
    assert kinds(found) == ["Unknown", "Failed", "NotRun"]


async def test_a_read_that_is_not_mentioned_is_asked_again(room: Room, far: FarPortal) -> None:
    far.gives_batch(result={"c0": 1})
    found = await room.run(room.portal.batch([Command(ADD), Command(GET)]))
    assert [each.result for each in found] == [1, 101]
    assert far.methods == ["batch", GET]


@pytest.mark.parametrize("body", [HTML, "", "{", {"result": []}, {"result": 5}])
async def test_a_lost_answer_leaves_writes_unknown_and_reads_are_repeated(
    room: Room, far: FarPortal, body: Any
) -> None:
    far.says(body, 200)
    found = await room.run(room.portal.batch([Command(ADD), Command(GET)]))
    assert kinds(found) == ["Unknown", "Done"]
    assert far.methods == ["batch", GET]


async def test_a_batch_that_was_never_sent_is_repeated_as_it_was(room: Room, far: FarPortal) -> None:
    far.breaks(httpx.ConnectError("x"))
    far.refuses("QUERY_LIMIT_EXCEEDED", 503)
    found = await room.run(room.portal.batch([Command(ADD), Command(GET)], halt=True))
    assert kinds(found) == ["Done", "Done"]
    assert far.methods == ["batch"] * 3
    assert far.asked[0].params == far.asked[2].params


async def test_only_what_the_portal_did_not_run_goes_again(room: Room, far: FarPortal) -> None:
    far.gives_batch(result={"c1": 7}, result_error={"c0": {"error": "OPERATION_TIME_LIMIT"}})
    await room.clock.advance(55)  # a minute is nearly over: the wait fits
    found = await room.run(room.portal.batch([Command(CONTACT), Command(ADD)]))
    assert [each.result for each in found] == [101, 7]
    assert far.methods == ["batch", CONTACT]


async def test_a_halting_batch_goes_on_where_it_stopped_with_the_results_so_far(
    room: Room, far: FarPortal
) -> None:
    far.gives_batch(result={"c0": 7}, result_error={"c1": {"error": "OPERATION_TIME_LIMIT"}})
    await room.clock.advance(55)
    deal = {"fields": {"CONTACT_ID": Reference("c0")}}
    commands = [Command(CONTACT), Command(ADD, deal), Command(ADD, deal)]
    found = await room.run(room.portal.batch(commands, halt=True))
    assert [each.result for each in found] == [7, 101, 102]
    assert far.asked[1].commands["c1"] == (ADD, {"fields": {"CONTACT_ID": "7"}})


async def test_when_nothing_was_executed_it_is_raised(room: Room, far: FarPortal) -> None:
    far.refuses("QUERY_LIMIT_EXCEEDED", 503, Retry_After="50")
    with pytest.raises(PortalUnavailable) as away:
        await room.run(room.portal.batch([Command(ADD), Command(GET)]))
    assert away.value.retry_after == 50
    far.refuses("INVALID_CREDENTIALS", 401)
    with pytest.raises(PortalMisconfigured):
        await room.run(room.portal.batch([Command(ADD), Command(GET)]))
    far.gives_batch(result_error={"c0": {"error": "insufficient_scope", "error_description": ""}})
    with pytest.raises(PortalMisconfigured):
        await room.run(room.portal.batch([Command(ADD), Command(GET)], halt=True))


@pytest.mark.parametrize("error", [{}, None, "", "text", 5, [], {"error_description": "x"}, {"error": None}])
async def test_an_error_of_any_shape_is_an_error(room: Room, far: FarPortal, error: Any) -> None:
    far.gives_batch(result={"c0": 1}, result_error={"c1": error})
    found = await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    assert kinds(found) == ["Done", "Failed"]


async def test_a_batch_with_a_mistake_in_it_sends_nothing(room: Room, far: FarPortal) -> None:
    with pytest.raises(TypeError):
        await room.run(room.portal.batch([Command(ADD)] * 60 + [Command(ADD, {"x": object()})]))
    assert not far.asked


async def test_a_batch_of_nothing_asks_nothing(room: Room, far: FarPortal) -> None:
    assert await room.run(room.portal.batch([])) == []
    assert not far.asked


# References


async def test_references_are_the_portals_to_resolve(room: Room, far: FarPortal) -> None:
    deal = Command(ADD, {"fields": {"CONTACT_ID": Reference("c0"), "IDS": [Reference("c0", "item", 0)]}})
    await room.run(room.portal.batch([Command(CONTACT), deal], halt=True))
    (asked,) = far.asked
    text = asked.params["cmd"]["c1"].partition("?")[2]
    assert parse_str(text) == {"fields": {"CONTACT_ID": "$result[c0]", "IDS": ["$result[c0][item][0]"]}}


async def test_commands_that_refer_have_to_halt(room: Room, far: FarPortal) -> None:
    with pytest.raises(ValueError, match="halt"):
        await room.run(room.portal.batch([Command(CONTACT), Command(ADD, {"id": Reference("c0")})]))
    for reference in (Reference("c1"), Reference("c9"), Reference("contact")):
        with pytest.raises(ValueError, match="c"):
            await room.run(room.portal.batch([Command(CONTACT), Command(ADD, {"id": reference})], halt=True))
    assert not far.asked


async def test_a_write_never_gets_a_list_for_the_contact_that_was_not_found(
    room: Room, far: FarPortal
) -> None:
    far.gives([])
    commands = [Command(FIND), Command(ADD, {"contact": Reference("c0", "CONTACT", 0)}), Command(ADD)]
    found = await room.run(room.portal.batch(commands, halt=True))
    assert kinds(found) == ["Done", "NotRun", "NotRun"]
    assert [each.code for each in found[1:]] == [UNRESOLVED, HALTED]
    assert far.methods == [FIND]


async def test_what_a_read_found_is_put_in_by_us(room: Room, far: FarPortal) -> None:
    far.gives({"CONTACT": [275, 2297]})
    commands = [Command(FIND), Command(ADD, {"contact": Reference("c0", "CONTACT", 1)}), Command(ADD)]
    found = await room.run(room.portal.batch(commands, halt=True))
    assert kinds(found) == ["Done"] * 3
    assert far.methods == [FIND, "batch"]
    assert far.asked[1].commands["c0"] == (ADD, {"contact": "2297"})


# One by one


async def test_text_that_looks_like_a_reference_goes_by_itself_in_its_turn(
    room: Room, far: FarPortal
) -> None:
    evil = {"fields": {"NAME": "I am $result[a][b]"}}
    deals = [Command(ADD, {"fields": {"CONTACT_ID": Reference("c1")}}) for _ in range(2)]
    await room.run(room.portal.batch([Command(GET), Command(CONTACT, evil), *deals], halt=True))
    assert far.methods == [GET, CONTACT, "batch"]
    assert far.asked[1].params == evil
    assert far.asked[2].commands == {name: (ADD, {"fields": {"CONTACT_ID": "102"}}) for name in ("c0", "c1")}


async def test_found_text_that_looks_like_a_reference_goes_by_itself_too(room: Room, far: FarPortal) -> None:
    far.gives([{"NAME": "$result[x]"}])
    put = Command(CONTACT, {"fields": {"NAME": Reference("c0", 0, "NAME")}})
    await room.run(room.portal.batch([Command(LIST), put, Command(GET), Command(GET)], halt=True))
    assert far.methods == [LIST, CONTACT, "batch"]
    assert far.asked[1].params == {"fields": {"NAME": "$result[x]"}}


async def test_without_batches_we_refer_and_halt_ourselves(tmp_path: Any) -> None:
    async with new_room(tmp_path, BATCH_ENABLED="false") as room:
        deal = Command(ADD, {"fields": {"CONTACT_ID": Reference("c0")}})
        room.far.gives(7)
        room.far.gives(8)
        room.far.refuses("", 400, "Not found")
        found = await room.run(room.portal.batch([Command(CONTACT), deal, Command(GET), deal], halt=True))
        assert kinds(found) == ["Done", "Done", "Failed", "NotRun"]
        assert room.far.methods == [CONTACT, ADD, GET]
        assert room.far.asked[1].params == {"fields": {"CONTACT_ID": 7}}
        found = await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
        assert kinds(found) == ["Done", "Done"]
        assert "batch" not in room.far.methods


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "ERROR_METHOD_NOT_FOUND", "error_description": ""}, 404),
        ({"error": "ACCESS_DENIED", "error_description": ""}, 403),
        ({"error": "", "error_description": "Access denied."}, 400),
        ({"error": 100}, 400),
        ({"error": "BATCHES_ARE_OFF"}, 403),
        (HTML, 413),
    ],
)
async def test_a_portal_that_takes_no_batches_is_asked_one_by_one(
    room: Room, far: FarPortal, body: Any, status: int
) -> None:
    far.says(body, status)
    deal = Command(ADD, {"fields": {"CONTACT_ID": Reference("c0")}})
    found = await room.run(room.portal.batch([Command(CONTACT), deal], halt=True))
    assert [each.result for each in found] == [101, 102]
    assert far.methods == ["batch", CONTACT, ADD]
    assert far.asked[2].params == {"fields": {"CONTACT_ID": 101}}
    await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    assert far.methods[3:] == [ADD, ADD]
    await room.clock.advance(601)
    await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    assert far.methods[5:] == ["batch"]


@pytest.mark.parametrize(("code", "status"), [("ERROR_CORE", 400), ("BATCHES_ARE_OFF", 500), ("", 502)])
async def test_a_batch_that_failed_in_the_middle_may_have_run(
    room: Room, far: FarPortal, code: str, status: int
) -> None:
    far.refuses(code, status)
    found = await room.run(room.portal.batch([Command(ADD), Command(GET)]))
    assert kinds(found) == ["Unknown", "Done"]


async def test_no_request_holds_more_than_fifty_commands(room: Room, far: FarPortal) -> None:
    found = await room.run(room.portal.batch([Command(GET, {"id": n}) for n in range(120)]))
    assert [each.result for each in found] == list(range(101, 221))
    assert [len(asked.params["cmd"]) for asked in far.asked] == [50, 50, 20]


async def test_writes_nobody_has_measured_go_twenty_at_a_time(room: Room, far: FarPortal) -> None:
    await room.run(room.portal.batch([Command(ADD) for _ in range(30)]))
    assert len(far.asked[0].params["cmd"]) == 20


async def test_calls_that_shared_a_refused_request_go_alone(room: Room, far: FarPortal) -> None:
    for _ in range(49):  # as many as the bucket takes at once
        await room.run(room.portal.call(GET))
    far.asked.clear()
    far.refuses("ERROR_METHOD_NOT_FOUND", 404)
    calls = [room.portal.call(GET, {"id": number}) for number in range(6)]
    found = await room.run(_gathered(calls))
    assert {each.result for each in found} == set(range(150, 156))
    assert far.methods.count("batch") == 1
    assert far.methods.count(GET) == 6


async def _gathered(calls: list[Coroutine[Any, Any, Done]]) -> list[Done]:
    return await asyncio.gather(*calls)
