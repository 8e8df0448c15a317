"""The bucket, the operating time, the sixty seconds, and what time passes."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from sandbox.bitrix24.limits import Bucket
from sandbox.bitrix24.portal import Portal
from sandbox.server import serving
from tests.clock import HandClock
from tests.sandbox.bitrix24.conftest import Caller

ADD = "crm.contact.add?fields[NAME]=x"


async def test_the_fifty_first_request_at_once_is_refused_and_not_worked(
    caller: Caller, portal: Portal
) -> None:
    for _ in range(50):
        await caller.ok("crm.deal.add", fields={"TITLE": "x"})
    assert await caller.refused("crm.deal.add") == (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    assert len(portal.deals) == 50
    assert (portal.ledger.requests, portal.ledger.rejections) == (51, 1)


async def test_the_bucket_runs_out_at_its_rate(caller: Caller, portal: Portal, clock: HandClock) -> None:
    portal.bucket.burst = 1
    await caller.ok("server.time")
    await clock.advance(0.4)
    assert (await caller.refused("server.time"))[0] == 503
    await clock.advance(0.1)
    await caller.ok("server.time")


async def test_a_batch_counts_once(caller: Caller, portal: Portal) -> None:
    portal.bucket.burst = 2
    await caller.batch(*[ADD] * 50)
    await caller.batch(*[ADD] * 50)
    assert (await caller.refused("server.time"))[0] == 503
    assert len(portal.contacts) == 100


@given(st.lists(st.floats(0, 5), min_size=1, max_size=80), st.floats(0.5, 5), st.integers(1, 20))
def test_the_bucket_admits_what_rate_and_burst_allow(gaps: list[float], rate: float, burst: int) -> None:
    now, admitted = 0.0, []
    bucket = Bucket(rate, burst, lambda: now)
    for gap in gaps:
        now += gap
        if bucket.admits("caller"):
            admitted.append(now)
        else:
            assert bucket.level("caller") > burst - 1 - 1e-6
    for first, begin in enumerate(admitted):
        for last, end in enumerate(admitted[first:], first):
            assert last - first + 1 <= burst + rate * (end - begin) + 1e-3


async def test_callers_are_told_apart_by_their_address(portal: Portal) -> None:
    portal.bucket.burst = 1
    assert [portal.bucket.admits(one) for one in ("10.0.0.1", "10.0.0.1", "10.0.0.2")] == [True, False, True]


async def test_a_method_is_blocked_once_its_time_is_used_up(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.operating.limit, portal.durations["crm.contact.add"] = 1.0, 0.4
    sections = await clock.run(caller.batch(*[ADD] * 4, "server.time"))
    assert list(sections["result"]) == ["c0", "c1", "c2", "c4"]
    assert sections["result_error"]["c3"]["error"] == "OPERATION_TIME_LIMIT"
    time = sections["result_time"]["c2"]
    assert (time["operating"], time["processing"]) == (1.2, 0.4)
    reset_at = time["operating_reset_at"]
    assert await clock.run(caller.refused("crm.contact.add")) == (
        429,
        "OPERATION_TIME_LIMIT",
        "Method is blocked due to operation time limit.",
    )
    await clock.advance(reset_at - clock.now().timestamp())
    await clock.run(caller.ok("crm.contact.add", fields={"NAME": "x"}))
    assert portal.ledger.blocked == 2


async def test_quick_calls_use_no_operating_time(caller: Caller, portal: Portal, clock: HandClock) -> None:
    portal.durations["crm.contact.add"] = 0.1
    sections = await clock.run(caller.batch(*[ADD] * 10))
    assert sections["result_time"]["c9"]["operating"] == 0


async def test_a_request_lasts_its_latency_and_its_commands(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.latency, portal.command_latency = 0.15, 0.03
    began = clock.monotonic()
    await clock.run(caller.batch(*[ADD] * 3))
    assert round(clock.monotonic() - began, 6) == 0.24
    assert round(portal.ledger.calls[-1].seconds, 6) == 0.24


async def test_a_cut_request_may_get_no_answer_at_all(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.durations["crm.contact.add"], portal.cut_by = 31.0, "reset"
    with pytest.raises(httpx.RemoteProtocolError):
        await clock.run(caller.batch(ADD, ADD))
    assert len(portal.contacts) == 1


async def test_what_lasts_longer_than_a_minute_is_cut_with_the_first_commands_done(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.durations["crm.contact.add"] = 1.35
    answer = await clock.run(caller.call("batch", cmd={f"c{n}": ADD for n in range(50)}))
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert (len(portal.contacts), portal.ledger.cut) == (44, 1)
    assert portal.ledger.calls[-1].seconds == 60


async def test_requests_at_once_are_worked_side_by_side(
    caller: Caller, portal: Portal, clock: HandClock
) -> None:
    portal.command_latency = 1.0
    began = clock.monotonic()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(clock.run(caller.ok("crm.deal.add"))) for _ in range(5)]
    assert clock.monotonic() - began == 1.0
    assert sorted(task.result() for task in tasks) == [1, 2, 3, 4, 5]


async def test_a_caller_that_gives_up_does_not_stop_the_work(
    app: Starlette, portal: Portal, clock: HandClock
) -> None:
    portal.command_latency = 10.0
    async with serving(app) as address, httpx.AsyncClient(base_url=portal.url(address)) as client:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(client.post("crm.deal.add", json={}))
            async with asyncio.timeout(60):
                while not clock.waiting:
                    await asyncio.sleep(0)
            call.cancel()
        assert not portal.deals
        await clock.advance(10)
        assert len(portal.deals) == 1
