"""Answers as other portals or other builds shape them: keys that are missing, limits told otherwise."""

import gzip
import json
from itertools import pairwise
from typing import Any

import httpx
import pytest

from services.bitrix24.answers import timing_of
from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.outcomes import Done, Timing
from tests.services.bitrix24.far import Asked, FarPortal, Room

ADD, GET = "crm.deal.add", "crm.deal.get"
PAUSED = "OPERATION_TIME_LIMIT"


@pytest.mark.parametrize(
    ("told", "timing"),
    [
        ({"duration": 0.5, "processing": 0}, Timing(0.5, 0.0)),
        ({"processing": 0.7}, Timing(0.7, 0.7)),
        ({"duration": "1.5", "operating": 3}, Timing(1.5, 0.0, 3.0)),
        ({"duration": "inf", "processing": "nan", "operating": 10**400}, Timing(0.0, 0.0)),
        ({"duration": True, "operating_reset_at": None}, Timing(0.0, 0.0)),
        ([], None),
        (None, None),
    ],
)
def test_how_long_a_command_took_is_read_from_what_there_is(told: Any, timing: Timing | None) -> None:
    assert timing_of(told) == timing


async def test_a_total_without_end_is_none(room: Room, far: FarPortal) -> None:
    far.gives([], total="inf", next="50")
    assert await room.run(room.portal.call("crm.deal.list")) == Done([], None, 50)


@pytest.mark.parametrize(("header", "wait"), [("1", 300), ("400", 400)])
async def test_a_paused_method_waits_until_its_minute_is_over_and_as_long_as_a_header_says(
    room: Room, far: FarPortal, header: str, wait: float
) -> None:
    told = {"operating_reset_at": room.clock.now().timestamp() + 300}
    far.says({"error": PAUSED, "time": told}, 429, Retry_After=header)
    with pytest.raises(PortalUnavailable) as away:
        await room.run(room.portal.call(ADD))
    assert away.value.retry_after == pytest.approx(wait, abs=2)
    assert far.methods == [ADD]


async def test_a_full_bucket_does_not_wait_for_a_methods_minute(room: Room, far: FarPortal) -> None:
    told = {"operating_reset_at": room.clock.now().timestamp() + 300}
    far.says({"error": "QUERY_LIMIT_EXCEEDED", "time": told}, 503)
    begun = room.clock.monotonic()
    await room.run(room.portal.call(ADD))
    assert room.clock.monotonic() - begun < 5
    assert far.methods == [ADD, ADD]


async def test_after_a_request_too_many_the_next_ones_wait_until_the_portal_has_room(
    room: Room, far: FarPortal
) -> None:
    far.refuses("QUERY_LIMIT_EXCEEDED", 503)
    for _ in range(4):
        await room.run(room.portal.call(ADD))
    gaps = [later.at - earlier.at for earlier, later in pairwise(far.asked)]
    assert gaps[0] >= 1.0, "the first wait for a repeat"
    assert gaps[2:] == pytest.approx([1 / 1.6] * 2, abs=0.01), "one for each that drains, a fifth slower"


async def test_too_many_requests_by_another_name_are_asked_again(room: Room, far: FarPortal) -> None:
    far.refuses("Too Many Requests", 429, Retry_After="2")
    assert (await room.run(room.portal.call(ADD))).result == 101
    assert far.asked[1].at - far.asked[0].at >= 2


async def test_a_batch_of_which_all_failed_may_lack_the_results(room: Room, far: FarPortal) -> None:
    far.gives({"result_error": {"c0": {"error": ""}, "c1": {"error": 0}}})
    outcomes = await room.run(room.portal.batch([Command(ADD), Command(GET)]))
    assert [outcome.error.code for outcome in outcomes] == ["", "0"]


async def test_a_packed_answer_is_unpacked_and_a_torn_one_is_lost(room: Room, far: FarPortal) -> None:
    packed = gzip.compress(json.dumps({"result": 7}).encode())

    def answers(body: bytes) -> None:
        async def answer(asked: Asked) -> httpx.Response:
            return httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Encoding": "gzip"})

        far.script.append(answer)

    answers(packed)
    assert (await room.run(room.portal.call(ADD))).result == 7
    answers(b"no gzip")
    assert (await room.run(room.portal.call(GET))).result == 101, "a read is asked again"
