"""The way to the portal: a renamed one is followed, and nothing of the address is ever shown."""

import asyncio
import json
import traceback
from io import StringIO
from pathlib import Path

import httpx
import pytest

from services.bitrix24.address import Webhook
from services.bitrix24.commands import Command
from services.bitrix24.errors import OutcomeUnknown, PortalMisconfigured, PortalRefused, PortalUnavailable
from services.engine.observability import bound
from tests.services.bitrix24.far import HOST, HTML, SECRET, URL, FarPortal, Room, new_room

ADD = "crm.deal.add"
NEW = "newname.bitrix24.ru"


def redirect(far: FarPortal, location: str, status: int = 302) -> None:
    far.says("", status, Location=location)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_renamed_portal_is_posted_to_again_and_remembered(tmp_path: Path, status: int) -> None:
    async with new_room(tmp_path) as room:
        redirect(room.far, f"https://{NEW}/rest/1/{SECRET}/{ADD}.json", status)
        assert (await room.run(room.portal.call(ADD, {"id": 1}))).result == 101
        first, second = room.far.asked
        assert (first.host, second.host) == (HOST, NEW)
        assert first.params == second.params == {"id": 1}
        await room.run(room.portal.call(ADD))
        assert room.far.asked[2].host == NEW
        assert room.portal.domain == HOST
    async with new_room(tmp_path) as room:
        await room.run(room.portal.call(ADD))
        assert room.far.asked[0].host == NEW


async def test_a_batch_follows_too(room: Room, far: FarPortal) -> None:
    redirect(far, f"https://{NEW}/rest/1/{SECRET}/batch")
    await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    assert [asked.host for asked in far.asked] == [HOST, NEW]
    assert far.asked[0].params == far.asked[1].params


@pytest.mark.parametrize(
    "location",
    [
        "",
        f"http://{NEW}/rest/1/{SECRET}/{ADD}",
        f"https://{NEW}/rest/1/another/{ADD}",
        f"https://{NEW}/rest/2/{SECRET}/{ADD}",
        f"https://{NEW}/rest/1/{SECRET}/crm.deal.delete",
        f"https://{NEW}/auth/?back=/rest/1/{SECRET}/{ADD}",
        f"https://evil@{NEW}/rest/1/{SECRET}/{ADD}",
        f"https://{NEW}:8443/rest/1/{SECRET}/{ADD}",
        f"https://127.0.0.1/rest/1/{SECRET}/{ADD}",
        f"/rest/1/{SECRET}/{ADD}",
        f"//{NEW}/rest/1/{SECRET}/{ADD}",
    ],
)
async def test_only_the_same_portal_is_followed(room: Room, far: FarPortal, location: str) -> None:
    for _ in range(3):
        redirect(far, location)
    with pytest.raises(PortalUnavailable) as away:
        await room.run(room.portal.call(ADD))
    assert not isinstance(away.value, OutcomeUnknown)
    assert {asked.host for asked in far.asked} == {HOST}


@pytest.mark.parametrize("end", ["crm.deal.add", "Crm.Deal.Add", "crm.deal.add.json", "crm.deal.add/?x=1"])
async def test_the_method_may_be_spelled_as_the_portal_does(room: Room, far: FarPortal, end: str) -> None:
    redirect(far, f"https://{NEW}/rest/1/{SECRET}/{end}")
    await room.run(room.portal.call("Crm.Deal.Add"))
    assert [asked.host for asked in far.asked] == [HOST, NEW]


def test_a_place_without_a_port_is_none() -> None:
    assert Webhook(URL).moved_to(ADD, f"https://{NEW}:port/rest/1/{SECRET}/{ADD}") is None


async def test_redirects_in_circles_end(room: Room, far: FarPortal) -> None:
    for _ in range(12):
        redirect(far, f"https://{NEW}/rest/1/{SECRET}/{ADD}")
    with pytest.raises(PortalUnavailable, match="circles"):
        await room.run(room.portal.call(ADD))
    assert len(far.asked) == 12


async def test_without_the_database_the_portal_is_followed_all_the_same(room: Room, far: FarPortal) -> None:
    room.database.away = True
    redirect(far, f"https://{NEW}/rest/1/{SECRET}/{ADD}")
    await room.run(room.portal.call(ADD))
    await room.run(room.portal.call(ADD))
    assert [asked.host for asked in far.asked] == [HOST, NEW, NEW]


@pytest.mark.parametrize("seconds", ["5", "30"])
async def test_what_was_never_sent_is_known_before_the_call_is_over(tmp_path: Path, seconds: str) -> None:
    async with new_room(tmp_path, BITRIX24_TIMEOUT=seconds) as room:
        await room.run(room.portal.call(ADD))
        limits = room.far.asked[0].timeout
        assert limits["read"] == float(seconds)
        assert limits["pool"] + limits["connect"] < limits["read"]


# The address


@pytest.mark.parametrize(("times", "is_let_in"), [(1, True), (2, False)])
async def test_a_permission_that_ran_out_is_renewed_once(
    room: Room, far: FarPortal, monkeypatch: pytest.MonkeyPatch, times: int, is_let_in: bool
) -> None:
    answers = iter((True, False))

    async def renewed(address: Webhook, code: str) -> bool:  # what an application's address will do
        return next(answers)

    monkeypatch.setattr(Webhook, "renewed", renewed)
    for _ in range(times):
        far.refuses("expired_token", 401)
    if is_let_in:
        assert (await room.run(room.portal.call(ADD))).result == 101
    else:
        with pytest.raises(PortalMisconfigured):
            await room.run(room.portal.call(ADD))
    assert len(far.asked) == 2


@pytest.mark.parametrize(
    "url", ["https://p.ru/rest/1/abc/", "https://p.ru/rest/1/abc", "http://127.0.0.1:8021/a/rest/1/abc/"]
)
def test_an_incoming_webhooks_address_is_known(url: str) -> None:
    address = Webhook(url)
    assert address.target("profile", address.domain).url == f"{url.rstrip('/')}/profile"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://p.ru/",
        "https://p.ru/rest/1/",
        "https://p.ru/rest/x/abc/",
        "http://p.ru/rest/1/abcdefgh/",
        "https:///rest/1/abcdefgh/",
        "https://p.ru/rest/1/abcdefgh/profile",
    ],
)
def test_another_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="portal") as refused:
        Webhook(url)
    assert "abcdefgh" not in str(refused.value)


async def test_nothing_of_the_address_is_ever_shown(room: Room, far: FarPortal, logged: StringIO) -> None:
    shown = []
    far.breaks(httpx.ReadError(f"cannot POST {URL}{ADD}"))
    far.says(f"<a href='{URL}'>", 502)
    far.refuses("ERROR_CORE", 400, f"look at {URL}crm.deal.add, that is %2Frest%2F1%2F{SECRET}")
    redirect(far, f"https://{NEW}/rest/1/{SECRET}/other")
    far.breaks(httpx.ConnectError(f"cannot POST {URL}{ADD}"))
    far.refuses("INTERNAL_SERVER_ERROR", 500, URL)
    for _ in range(6):
        try:
            await room.run(room.portal.call(ADD))
        except Exception as error:  # noqa: BLE001 - whatever it is, it shows nothing
            shown += traceback.format_exception(error)
            shown += [repr(error), str(vars(error))]
    shown += [repr(Webhook(URL)), repr(Webhook(URL).target(ADD, HOST)), str(room.portal.breaker.trouble)]
    assert len(shown) > 10
    assert SECRET not in "".join(shown)
    assert "portal.attempt_failed" in logged.getvalue()
    assert SECRET not in logged.getvalue()
    assert "%2Frest" in "".join(shown) or "***" in "".join(shown)


async def test_a_refusals_text_is_for_people_and_no_longer_than_they_read(room: Room, far: FarPortal) -> None:
    far.refuses("ERROR_CORE", 400, "а" * 5000)
    with pytest.raises(PortalRefused) as refused:
        await room.run(room.portal.call(ADD))
    assert len(str(refused.value)) < 400


# What is kept about calls


async def test_every_attempt_is_logged_with_its_number_cause_and_wait(
    room: Room, far: FarPortal, logged: StringIO
) -> None:
    for _ in range(3):
        far.breaks(httpx.ConnectError("x"))
    with pytest.raises(PortalUnavailable):
        await room.run(room.portal.call(ADD))
    lines = [line for line in logged.getvalue().splitlines() if "portal.attempt_failed" in line]
    assert [f'"attempt": {number}' in line for number, line in enumerate(lines, 1)] == [True] * 3
    assert all('"cause": "cannot be reached: ConnectError"' in line for line in lines)
    assert '"wait": 1.' in lines[0]
    assert '"wait": null' in lines[2]
    assert logged.getvalue().count("portal.request") == 3


async def test_calls_that_failed_together_are_one_line(room: Room, far: FarPortal, logged: StringIO) -> None:
    for _ in range(49):  # as many as the bucket takes at once
        await room.run(room.portal.call("crm.deal.get"))
    far.says(HTML, 502)

    async def many() -> None:
        calls = [
            room.portal.call(f"crm.{each}.list", {"n": n}) for n in range(10) for each in ("deal", "lead")
        ]
        await asyncio.gather(*calls)

    with bound("work-1"):
        await room.run(many())
    (line,) = [json.loads(line) for line in logged.getvalue().splitlines() if "portal.attempt_failed" in line]
    assert line["correlation_id"] == "work-1"
    assert line["details"]["method"] == "crm.deal.list, crm.lead.list"
    assert (line["details"]["calls"], line["details"]["attempt"]) == (20, 1)
    assert 1.05 < line["details"]["wait"] <= 1.1, "the longest of all"


async def test_calls_are_measured_by_known_names(room: Room, far: FarPortal) -> None:
    far.says(HTML, 502)
    for method in ("crm.deal.get", "CRM.Deal.Get", "made.up.by.somebody"):
        await room.run(room.portal.call(f"{method}"))
    await room.run(room.portal.batch([Command(ADD), Command(ADD)]))
    counted = {
        sample.labels["method"]: sample.value
        for metric in room.registry.collect()
        for sample in metric.samples
        if sample.name == "api_request_duration_seconds_count" and sample.labels["system"] == "bitrix24"
    }
    assert counted == {"crm.deal.get": 3, "other": 1, "batch": 1}


async def test_an_answer_without_end_is_given_up(
    room: Room, far: FarPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.bitrix24.wire.LARGEST", 1000)
    far.gives("x" * 2000)
    with pytest.raises(OutcomeUnknown, match="1000 bytes"):
        await room.run(room.portal.call(ADD))
