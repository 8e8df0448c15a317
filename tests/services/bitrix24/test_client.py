"""Calls: what comes back, what is raised, and what may be tried again."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from services.bitrix24.commands import Command, Reference
from services.bitrix24.errors import (
    OutcomeUnknown,
    PortalMisconfigured,
    PortalNotFound,
    PortalRefused,
    PortalUnavailable,
)
from services.bitrix24.outcomes import Done
from services.engine.errors import BreakerOpen
from tests.services.bitrix24.far import HOST, HTML, FarPortal, Room

ADD = "crm.deal.add"
GET = "crm.deal.get"


async def test_a_call_for_which_nobody_waits_goes_out_alone_at_once(room: Room, far: FarPortal) -> None:
    far.gives({"ID": "410"}, total=3, next=50, time={"duration": 0.6, "processing": 0, "operating": "3.5"})
    done = await room.run(room.portal.call(GET, {"id": 410}))
    assert (done.result, done.total, done.next) == ({"ID": "410"}, 3, 50)
    assert (done.timing.duration, done.timing.processing, done.timing.operating) == (0.6, 0.0, 3.5)
    (asked,) = far.asked
    assert (asked.host, asked.method, asked.params) == (HOST, GET, {"id": 410})
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["user-agent"].startswith("switchboard/")
    assert asked.at == 1000.0


async def test_a_result_may_be_anything(room: Room, far: FarPortal) -> None:
    results: list[Any] = [True, False, 0, [], None, 58943, "x"]
    for result in results:
        far.gives(result)
        assert (await room.run(room.portal.call(GET))).result == result


async def test_values_mean_in_a_call_what_they_mean_in_a_batch(room: Room, far: FarPortal) -> None:
    params = {"fields": {"A": None, "B": True, "C": Decimal("1000.00"), "D": ["x"]}}
    await room.run(room.portal.call(ADD, params))
    await room.run(room.portal.batch([Command(ADD, params), Command(GET, {"id": 1})]))
    alone, batch = far.asked
    assert alone.params == {"fields": {"A": "", "B": 1, "C": "1000.00", "D": ["x"]}}
    assert batch.commands["c0"] == (ADD, {"fields": {"A": "", "B": "1", "C": "1000.00", "D": ["x"]}})


# Errors


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("NOT_FOUND", 400, PortalNotFound),
        (200540400001, 400, PortalNotFound),
        ("INVALID_ARG_VALUE", 400, PortalRefused),
        (0, 400, PortalRefused),
        ("", 400, PortalRefused),
        ("ERROR_METHOD_NOT_FOUND", 404, PortalRefused),
        ("SOMETHING_NEW", 422, PortalRefused),
        ("INVALID_CREDENTIALS", 401, PortalMisconfigured),
        ("INVALID_CREDENTIALS", 403, PortalMisconfigured),
        ("insufficient_scope", 401, PortalMisconfigured),
        ("expired_token", 401, PortalMisconfigured),
        ("OVERLOAD_LIMIT", 503, PortalMisconfigured),
    ],
)
async def test_errors_are_told_by_their_code_whatever_the_status(
    room: Room, far: FarPortal, code: Any, status: int, error: type[PortalRefused]
) -> None:
    far.refuses(code, status, "на языке портала")
    with pytest.raises(PortalRefused) as refused:
        await room.run(room.portal.call(ADD))
    assert type(refused.value) is error
    assert (refused.value.code, refused.value.method) == (str(code), ADD)
    assert refused.value.description == "на языке портала"
    assert refused.value.permanent
    assert len(far.asked) == 1


@pytest.mark.parametrize("text", ["Not found", "not found.", "NOT FOUND"])
async def test_only_classic_methods_say_not_found_by_their_text(
    room: Room, far: FarPortal, text: str
) -> None:
    far.refuses("", 400, text)
    with pytest.raises(PortalNotFound):
        await room.run(room.portal.call(GET))
    far.refuses("ERROR_CORE", 400, text)
    with pytest.raises(PortalRefused) as refused:
        await room.run(room.portal.call(GET))
    assert not isinstance(refused.value, PortalNotFound)


async def test_an_error_inside_an_object_is_read_too(room: Room, far: FarPortal) -> None:
    far.says({"error": {"code": "NOT_FOUND", "message": "нет"}}, 400)
    with pytest.raises(PortalNotFound) as refused:
        await room.run(room.portal.call(GET))
    assert refused.value.description == "нет"


@pytest.mark.parametrize("body", ["", HTML, "{", "[]", "null", '{"a": 1}', '{"result": 1'])
@pytest.mark.parametrize("status", [200, 400, 500, 502, 503])
async def test_what_is_no_answer_of_a_portal_leaves_a_write_unknown(
    room: Room, far: FarPortal, body: str, status: int
) -> None:
    far.says(body, status)
    with pytest.raises(OutcomeUnknown):
        await room.run(room.portal.call(ADD))
    assert len(far.asked) == 1


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "NEW", "ERROR_CORE"])
async def test_a_portal_that_fails_leaves_a_write_unknown(room: Room, far: FarPortal, code: str) -> None:
    far.refuses(code, 500)
    with pytest.raises(OutcomeUnknown):
        await room.run(room.portal.call(ADD))
    assert len(far.asked) == 1


LOST = [
    httpx.ReadTimeout("x"),
    httpx.WriteTimeout("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.RemoteProtocolError("x"),
]
NEVER_SENT = [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
async def test_a_write_whose_answer_was_lost_is_not_repeated(
    room: Room, far: FarPortal, error: Exception
) -> None:
    far.breaks(error)
    with pytest.raises(OutcomeUnknown):
        await room.run(room.portal.call(ADD))
    assert len(far.asked) == 1


@pytest.mark.parametrize("error", NEVER_SENT, ids=lambda error: type(error).__name__)
async def test_a_write_that_was_never_sent_is_repeated(room: Room, far: FarPortal, error: Exception) -> None:
    far.breaks(error)
    far.breaks(error)
    assert (await room.run(room.portal.call(ADD))).result == 101
    assert len(far.asked) == 3


@pytest.mark.parametrize("error", [*LOST, *NEVER_SENT], ids=lambda error: type(error).__name__)
async def test_a_read_is_repeated_whatever_happened(room: Room, far: FarPortal, error: Exception) -> None:
    far.breaks(error)
    assert (await room.run(room.portal.call(GET))).result == 101


@pytest.mark.parametrize(
    ("code", "status"),
    [("QUERY_LIMIT_EXCEEDED", 503), ("CONNECTION_ERROR", 401), ("query_limit_exceeded", 429)],
)
async def test_a_write_the_portal_says_it_has_not_run_is_repeated(
    room: Room, far: FarPortal, code: str, status: int
) -> None:
    far.refuses(code, status)
    assert (await room.run(room.portal.call(ADD))).result == 101


async def test_a_call_too_long_for_a_proxy_is_refused_for_good(room: Room, far: FarPortal) -> None:
    far.says(HTML, 413)
    with pytest.raises(PortalRefused) as refused:
        await room.run(room.portal.call(ADD))
    assert refused.value.code == "HTTP_413"


async def test_a_proxy_that_is_asked_too_often_has_run_nothing(room: Room, far: FarPortal) -> None:
    far.says(HTML, 429, Retry_After="2")
    assert (await room.run(room.portal.call(ADD))).result == 101
    first, second = far.asked
    assert 2.0 <= second.at - first.at <= 2.2


# Waiting


async def test_repeats_wait_longer_each_time_and_a_little_more(room: Room, far: FarPortal) -> None:
    for _ in range(3):
        far.breaks(httpx.ConnectError("x"))
    with pytest.raises(PortalUnavailable) as away:
        await room.run(room.portal.call(GET))
    assert not isinstance(away.value, OutcomeUnknown)
    one, two, three = (asked.at for asked in far.asked)
    assert 1.0 <= two - one <= 1.1
    assert 2.0 <= three - two <= 2.2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Retry_After", "7"),
        ("Retry_After", "7000ms"),
        ("Retry_After_Ms", "7000"),
        ("X_Lognex_Retry_After", "7000"),
        ("Retry_After", "Thu, 15 Jan 2026 12:00:07 GMT"),
    ],
)
async def test_the_portal_is_given_the_time_it_asks_for(
    room: Room, far: FarPortal, name: str, value: str
) -> None:
    far.refuses("QUERY_LIMIT_EXCEEDED", 503, **{name: value})
    await room.run(room.portal.call(ADD))
    first, second = far.asked
    assert 7.0 <= second.at - first.at <= 9.0  # the limiter adds its own share after a refusal


async def test_a_wait_that_does_not_fit_is_left_to_the_inbox(room: Room, far: FarPortal) -> None:
    far.refuses("QUERY_LIMIT_EXCEEDED", 503, Retry_After="40")
    with pytest.raises(PortalUnavailable) as away:
        await room.run(room.portal.call(ADD))
    assert away.value.retry_after == 40.0
    assert len(far.asked) == 1
    assert room.clock.monotonic() < 1030


async def test_slow_failures_use_up_the_time_for_repeats(room: Room, far: FarPortal) -> None:
    far.hangs(100)
    with pytest.raises(PortalUnavailable):
        await room.run(room.portal.call(GET))
    assert len(far.asked) == 1
    assert room.clock.monotonic() == 1030.0


async def test_a_write_that_hangs_is_unknown_after_its_time(room: Room, far: FarPortal) -> None:
    far.hangs(100)
    with pytest.raises(OutcomeUnknown):
        await room.run(room.portal.call(ADD))
    assert room.clock.monotonic() == 1030.0


async def test_a_batch_has_seventy_seconds(room: Room, far: FarPortal) -> None:
    far.hangs(65)
    outcomes = await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    assert [type(each) for each in outcomes] == [Done, Done]
    assert far.asked[0].timeout["read"] == 70.0


async def test_a_paused_method_is_waited_for_only_so_long(room: Room, far: FarPortal) -> None:
    now = room.clock.now().timestamp()
    far.says(
        {"error": "OPERATION_TIME_LIMIT", "error_description": "", "time": {"operating_reset_at": now + 300}},
        429,
    )
    with pytest.raises(PortalUnavailable) as away:
        await room.run(room.portal.call(ADD))
    assert away.value.retry_after == pytest.approx(300, abs=2)
    with pytest.raises(PortalUnavailable):
        await room.run(room.portal.call(ADD))
    assert len(far.asked) == 1
    await room.run(room.portal.call(GET))
    assert far.methods == [ADD, GET]


# The breaker


async def test_a_portal_that_fails_is_left_alone_and_tried_once(room: Room, far: FarPortal) -> None:
    for _ in range(5):
        far.breaks(httpx.ConnectError("x"))
    for _ in range(2):
        with pytest.raises(PortalUnavailable) as away:
            await room.run(room.portal.call(GET))
    assert not isinstance(away.value, BreakerOpen)  # it was asked before the breaker opened
    assert room.portal.breaker.left
    assert room.portal.breaker.trouble == "cannot be reached: ConnectError"
    with pytest.raises(BreakerOpen) as left_alone:
        await room.run(room.portal.call(GET))
    assert left_alone.value.retry_after
    with pytest.raises(BreakerOpen):
        await room.run(room.portal.batch([Command(GET), Command(ADD)]))
    assert len(far.asked) == 5
    await room.clock.advance(10)
    far.hangs(3)
    probe = asyncio.create_task(room.portal.call(GET))
    await room.clock.advance(1)
    with pytest.raises(BreakerOpen):
        await room.run(room.portal.call(GET))
    await room.clock.advance(3)
    assert (await probe).result
    assert room.portal.breaker.state == "closed"
    assert len(far.asked) == 6


async def test_refusals_and_full_limits_are_no_failures_of_the_portal(room: Room, far: FarPortal) -> None:
    for _ in range(10):
        far.refuses("NOT_FOUND")
        with pytest.raises(PortalNotFound):
            await room.run(room.portal.call(GET))
        far.refuses("QUERY_LIMIT_EXCEEDED", 503, Retry_After="100")
        with pytest.raises(PortalUnavailable):
            await room.run(room.portal.call(GET))
    assert room.portal.breaker.state == "closed"


async def test_a_write_on_its_way_when_the_hub_ends_is_unknown(room: Room, far: FarPortal) -> None:
    far.hangs(100)
    call = asyncio.create_task(room.portal.call(ADD))
    await room.clock.advance(1)
    await room.supervisor.stop(0)
    with pytest.raises(OutcomeUnknown):
        await call


# References


async def test_a_single_call_refers_to_nothing(room: Room, far: FarPortal) -> None:
    with pytest.raises(ValueError, match="not before it"):
        await room.run(room.portal.call(GET, {"id": Reference("c0")}))
    assert not far.asked


async def test_a_parameter_of_no_kind_is_our_mistake(room: Room, far: FarPortal) -> None:
    with pytest.raises(TypeError):
        await room.run(room.portal.call(ADD, {"fields": {"X": object()}}))
    assert not far.asked
