"""Failures on demand."""

import asyncio
from typing import Any

import httpx
import pytest

from sandbox.bitrix24.faults import APPLIED, KINDS, FaultKind
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.standin import Bitrix24
from sandbox.bitrix24.wire import PageError
from tests.clock import HandClock
from tests.sandbox.bitrix24.conftest import Caller

ADD = "crm.deal.add?fields[TITLE]=x"
ANSWERS: dict[FaultKind, Any] = {
    "bucket": (503, "QUERY_LIMIT_EXCEEDED"),
    "operating": (429, "OPERATION_TIME_LIMIT"),
    "overload": (503, "OVERLOAD_LIMIT"),
    "credentials": (401, "INVALID_CREDENTIALS"),
    "zero": (400, 0),
    "internal": (500, "INTERNAL_SERVER_ERROR"),
    "internal_applied": (500, "INTERNAL_SERVER_ERROR"),
    "html": (502, None),
    "html_applied": (502, None),
    "reset": httpx.RemoteProtocolError,
    "lost_answer": httpx.RemoteProtocolError,
    "timeout": httpx.ReadTimeout,
    "timeout_applied": httpx.ReadTimeout,
    "malformed": (200, None),
    "empty": (200, None),
    "renamed": (302, None),
    "slow": (200, "fine"),
}


async def _seen(caller: Caller, clock: HandClock, method: str = "crm.deal.add", **params: Any) -> Any:
    """Status and code (None for what is no JSON) of a call, or the class of what it raised."""

    async def call() -> Any:
        try:
            answer = await caller.client.post(method, json=params, timeout=5.0)
        except httpx.HTTPError as error:
            return type(error)
        try:
            return answer.status_code, answer.json().get("error", "fine")
        except ValueError:
            return answer.status_code, None

    return await clock.run(call())


@pytest.mark.parametrize("kind", ANSWERS)
async def test_each_kind_shows_itself_once_and_does_what_it_says(
    caller: Caller, portal: Portal, clock: HandClock, kind: FaultKind
) -> None:
    portal.faults.plan(kind)
    assert await _seen(caller, clock) == ANSWERS[kind]
    assert len(portal.deals) == (kind in APPLIED)
    call = portal.ledger.calls[-1]
    assert (call.fault, call.applied) == (kind, kind in APPLIED)
    assert await _seen(caller, clock) == (200, "fine")
    assert portal.faults.happened == {kind: 1}


def test_every_kind_is_tried() -> None:
    assert set(ANSWERS) | {"skipped"} == set(KINDS)


async def test_a_fault_waits_for_its_method_and_its_turn(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.faults.plan("internal", method="crm.deal.add", after=1, times=2)
    seen = [await _seen(caller, clock, method) for method in ("crm.deal.list", *["crm.deal.add"] * 4)]
    assert [status for status, _ in seen] == [200, 200, 500, 500, 200]


async def test_a_batch_is_hit_for_a_method_inside_it(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.faults.plan("lost_answer", method="crm.deal.add")
    cmd = {"cmd": {"a": "crm.deal.list", "b": ADD}}
    assert await _seen(caller, clock, "batch", **cmd) is httpx.RemoteProtocolError
    assert len(portal.deals) == 1


async def test_one_command_fails_after_others_were_done(caller: Caller, portal: Portal) -> None:
    portal.faults.plan("internal", method="crm.deal.add", after=1, inside=True)
    sections = await caller.batch(ADD, ADD, ADD)
    assert list(sections["result"]) == ["c0", "c2"]
    assert sections["result_error"]["c1"]["error"] == "INTERNAL_SERVER_ERROR"
    assert len(portal.deals) == 2


async def test_one_command_fails_although_it_was_done(caller: Caller, portal: Portal) -> None:
    portal.faults.plan("internal_applied", inside=True)
    sections = await caller.batch(ADD)
    assert sections["result_error"]["c0"]["error"] == "INTERNAL_SERVER_ERROR"
    assert len(portal.deals) == 1


async def test_one_command_is_left_out_of_all_sections(caller: Caller, portal: Portal) -> None:
    portal.faults.plan("skipped")
    sections = await caller.batch(ADD, ADD)
    assert (sections["result"], sections["result_error"]) == ({"c1": 1}, [])


@pytest.mark.parametrize(
    ("kind", "done"), [("html", 1), ("reset", 1), ("lost_answer", 2), ("timeout_applied", 2)]
)
async def test_a_connection_that_breaks_inside_a_batch_leaves_the_commands_before_it_done(
    caller: Caller, portal: Portal, clock: HandClock, kind: FaultKind, done: int
) -> None:
    portal.faults.plan(kind, after=1, inside=True)
    seen = await _seen(caller, clock, "batch", cmd=[ADD, ADD, ADD])
    assert seen == ANSWERS[kind]
    assert len(portal.deals) == done


async def test_a_fault_without_times_stays_until_it_is_removed(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    fault = portal.faults.plan("bucket", times=None)
    assert [await _seen(caller, clock) for _ in range(3)] == [(503, "QUERY_LIMIT_EXCEEDED")] * 3
    portal.faults.remove(fault.id)
    assert await _seen(caller, clock) == (200, "fine")


def test_nonsense_is_not_planned(portal: Portal) -> None:
    with pytest.raises(PageError):
        portal.faults.plan("nonsense")  # type: ignore[arg-type]
    with pytest.raises(PageError):
        portal.faults.plan("renamed", inside=True)


async def test_who_is_held_is_let_go_when_the_stand_in_closes(
    client: httpx.AsyncClient, bitrix24: Bitrix24, portal: Portal, clock: HandClock
) -> None:
    portal.faults.plan("timeout")

    async def held() -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("server.time", json={}, timeout=None)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(held())
        await clock.advance(100)
        assert not task.done()
        bitrix24.close()
