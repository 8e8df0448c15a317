"""The client and the stand-in agree: in virtual time, with every failure it knows, and over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from prometheus_client import CollectorRegistry

from sandbox.bitrix24.faults import FaultKind
from sandbox.bitrix24.portal import Portal as FarPortal
from sandbox.bitrix24.standin import Bitrix24
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World
from sandbox.transport import LoopbackTransport
from services.bitrix24 import build_portal
from services.bitrix24.commands import Command, Reference
from services.bitrix24.errors import (
    OutcomeUnknown,
    PortalMisconfigured,
    PortalNotFound,
    PortalRefused,
    PortalUnavailable,
)
from services.bitrix24.outcomes import Done, Failed, NotRun, Outcome, Unknown
from services.bitrix24.values import amount, day, flag, identity, moment
from services.bitrix24.wire import build_client
from services.engine.call_times import CallTimes
from services.engine.clock import SystemClock
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from settings import load_settings
from tests.clock import HandClock
from tests.services.bitrix24.far import Room, new_room
from tests.storage.files import new_file, opened

DOMAIN = "home.bitrix24.ru"
ADD, CONTACT = "crm.deal.add", "crm.contact.add"
EVIL = "100% $result[c0][ID] & more + #1 «ё»"


@dataclass
class Pair:
    """The client and the stand-in's portal."""

    room: Room
    far: FarPortal
    bitrix24: Bitrix24

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a call."""
        return (await self.room.run(self.room.portal.call(method, params))).result

    async def batch(self, *commands: Command, halt: bool = False) -> list[Outcome]:
        """What became of these."""
        found: list[Outcome] = await self.room.run(self.room.portal.batch(commands, halt=halt))
        return found


@asynccontextmanager
async def new_pair(folder: Path, **values: str) -> AsyncIterator[Pair]:
    """Both in one virtual time."""
    clock = HandClock()
    bitrix24 = Bitrix24(clock)
    far = bitrix24.add_portal(DOMAIN, latency=0.1, command_latency=0.02)
    hook = far.webhooks[0]
    transport = LoopbackTransport(build_sandbox(clock, world=World(clock), bitrix24=bitrix24), clock)
    url = f"https://{DOMAIN}/rest/{hook.user_id}/{hook.code}/"

    def busy() -> int:
        return bitrix24.traffic.in_flight + bitrix24.traffic.pushing

    async with new_room(folder, transport, url, clock, busy, **values) as room:
        yield Pair(room, far, bitrix24)
        bitrix24.close()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with new_pair(tmp_path) as made:
        yield made


async def test_what_is_written_is_read_back_in_a_call_and_in_a_batch(pair: Pair) -> None:
    fields = {"TITLE": EVIL, "OPPORTUNITY": "1000.50", "COMMENTS": "a\nb", "BEGINDATE": "2026-05-14"}
    first = await pair.call(ADD, fields=fields)
    outcomes = await pair.batch(
        Command(ADD, {"fields": {**fields, "TITLE": "A&B +ё #1 100%"}}),
        Command("crm.deal.get", {"id": Reference("c0")}),
        Command("crm.deal.get", {"id": first}),
        halt=True,
    )
    assert [type(each) for each in outcomes] == [Done] * 3
    second, read, before = (each.result for each in outcomes if isinstance(each, Done))
    assert identity(read["ID"]) == second == first + 1
    assert (read["TITLE"], before["TITLE"]) == ("A&B +ё #1 100%", EVIL)
    assert str(amount(read["OPPORTUNITY"])) == "1000.50"
    assert str(day(read["BEGINDATE"])) == "2026-05-14"
    assert moment(read["DATE_CREATE"]) == moment(before["DATE_CREATE"])
    assert flag(read["CLOSED"]) is False


async def test_a_field_is_cleared_by_none(pair: Pair) -> None:
    number = await pair.call(ADD, fields={"TITLE": "x", "COMMENTS": "something"})
    await pair.call("crm.deal.update", id=number, fields={"COMMENTS": None})
    assert not (await pair.call("crm.deal.get", id=number))["COMMENTS"]
    await pair.call("crm.deal.update", id=number, fields={"COMMENTS": "again"})
    nothing = Command("crm.deal.update", {"id": number, "fields": {"COMMENTS": None}})
    await pair.batch(nothing, Command("profile"))
    assert not (await pair.call("crm.deal.get", id=number))["COMMENTS"]


async def test_absent_objects_and_wrong_calls_are_refused(pair: Pair) -> None:
    with pytest.raises(PortalNotFound):
        await pair.call("crm.deal.get", id=999)
    with pytest.raises(PortalRefused):
        await pair.call("crm.deal.no_such_thing")
    found = await pair.batch(
        Command("crm.deal.get", {"id": 999}), Command("crm.no.such.get"), Command("profile")
    )
    assert [type(each) for each in found] == [Failed, Failed, Done]
    assert isinstance(found[0], Failed)
    assert isinstance(found[0].error, PortalNotFound)
    pair.far.faults.plan("credentials")
    with pytest.raises(PortalMisconfigured):
        await pair.call("profile")


async def test_names_from_a_form_are_never_references(pair: Pair) -> None:
    commands = [
        Command(CONTACT, {"fields": {"NAME": EVIL}}),
        Command(ADD, {"fields": {"TITLE": "one", "CONTACT_ID": Reference("c0")}}),
        Command(ADD, {"fields": {"TITLE": EVIL, "CONTACT_ID": Reference("c0")}}),
        Command(ADD, {"fields": {"TITLE": "three", "CONTACT_ID": Reference("c0")}}),
    ]
    found = await pair.batch(*commands, halt=True)
    assert [type(each) for each in found] == [Done] * 4
    (contact,) = pair.far.contacts.values()
    assert contact["NAME"] == EVIL
    assert [deal["TITLE"] for deal in pair.far.deals.values()] == ["one", EVIL, "three"]
    assert {deal["CONTACT_ID"] for deal in pair.far.deals.values()} == {contact["ID"]}


async def test_without_batches_the_same_comes_out(tmp_path: Path) -> None:
    async with new_pair(tmp_path, BATCH_ENABLED="false") as pair:
        deal = Command(ADD, {"fields": {"TITLE": "x", "CONTACT_ID": Reference("c0")}})
        found = await pair.batch(
            Command(CONTACT, {"fields": {"NAME": "Anna"}}),
            deal,
            Command("crm.deal.get", {"id": 99}),
            deal,
            halt=True,
        )
        assert [type(each) for each in found] == [Done, Done, Failed, NotRun]
        assert [deal["CONTACT_ID"] for deal in pair.far.deals.values()] == ["1"]


async def test_a_renamed_portal_is_followed(pair: Pair) -> None:
    pair.bitrix24.rename(pair.far, "renamed.bitrix24.ru")
    assert await pair.call(ADD, fields={"TITLE": "x"}) == 1
    assert await pair.call(ADD, fields={"TITLE": "y"}) == 2
    assert len(pair.far.deals) == 2


@pytest.mark.parametrize("count", [0, 49, 50, 51, 500, 2600])
async def test_a_whole_list_is_read(pair: Pair, count: int) -> None:
    for number in range(count):
        pair.far.add_deal(TITLE=f"Deal {number}")

    async def titles() -> list[str]:
        return [
            row["TITLE"] async for row in pair.room.portal.list_all("crm.deal.list", {"select": ["TITLE"]})
        ]

    assert await pair.room.run(titles()) == [f"Deal {number}" for number in range(count)]


async def test_the_items_of_a_smart_process_are_read(pair: Pair) -> None:
    pair.far.add_smart_process(1036, "Forms")
    for number in range(120):
        pair.far.add_item(1036, TITLE=f"Form {number}")

    async def numbers() -> list[int]:
        rows = pair.room.portal.list_all("crm.item.list", {"entityTypeId": 1036}, key="id")
        return [row["id"] async for row in rows]

    found = await pair.room.run(numbers())
    assert len(found) == 120
    assert found == sorted(set(found))


# Failures


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("kind", [kind for kind in get_args(FaultKind) if kind != "skipped"])
async def test_a_write_is_never_done_twice_and_never_said_done_when_it_is_not(
    pair: Pair, kind: FaultKind, times: int
) -> None:
    pair.far.faults.plan(kind, times=times)
    try:
        await pair.call(ADD, fields={"TITLE": "x"})
    except OutcomeUnknown:
        assert len(pair.far.deals) <= 1
    except (PortalUnavailable, PortalRefused):
        assert len(pair.far.deals) == 0
    else:
        assert len(pair.far.deals) == 1


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("kind", get_args(FaultKind))
async def test_a_batch_tells_of_each_command_what_is_so(pair: Pair, kind: FaultKind, inside: bool) -> None:
    if (kind == "skipped") > inside or (kind == "renamed" and inside):
        inside = not inside
    pair.far.faults.plan(kind, method=ADD, inside=inside, after=1 if inside else 0)
    commands = [Command(CONTACT, {"fields": {"NAME": "Anna"}})]
    commands += [Command(ADD, {"fields": {"TITLE": f"c{number}"}}) for number in (1, 2, 3)]
    try:
        found = await pair.batch(*commands, Command("profile"))
    except (PortalUnavailable, PortalRefused):
        assert not pair.far.deals
        assert not pair.far.contacts
        return
    titles = [deal["TITLE"] for deal in pair.far.deals.values()]
    assert len(titles) == len(set(titles))
    for number, outcome in enumerate(found[1:4], 1):
        if not isinstance(outcome, Unknown):
            assert (f"c{number}" in titles) is isinstance(outcome, Done)
    assert len(pair.far.contacts) <= 1


async def test_a_lost_page_of_a_list_is_read_again(pair: Pair) -> None:
    for number in range(130):
        pair.far.add_deal(TITLE=f"Deal {number}")
    for kind in ("lost_answer", "malformed"):
        pair.far.faults.plan(kind, after=1)

    async def count() -> int:
        return len([row async for row in pair.room.portal.list_all("crm.deal.list")])

    assert await pair.room.run(count()) == 130


# Real sockets and real time


async def test_the_same_goes_over_real_sockets(tmp_path: Path) -> None:
    clock = SystemClock()
    bitrix24 = Bitrix24(clock)
    far = bitrix24.add_portal(DOMAIN)
    supervisor = Supervisor(clock)
    app = build_sandbox(clock, world=World(clock), bitrix24=bitrix24)
    async with opened(new_file(tmp_path)) as database, serving(app) as address, build_client() as client:
        settings = load_settings({"BITRIX24_URL": far.url(address), "BITRIX24_DOMAIN": DOMAIN}, None).bitrix24
        times = CallTimes(Counters(CollectorRegistry()), clock)
        portal = build_portal(settings, client, database, clock, Random(1), times, supervisor)
        assert portal.domain == DOMAIN
        calls = (portal.call(ADD, {"fields": {"TITLE": f"{EVIL} {number}"}}) for number in range(60))
        added = await asyncio.gather(*calls)
        assert sorted(done.result for done in added) == list(range(1, 61))
        listed = [row["TITLE"] async for row in portal.list_all("crm.deal.list")]
        assert sorted(listed) == sorted(f"{EVIL} {number}" for number in range(60))
        far.faults.plan("lost_answer", method=ADD)
        with pytest.raises(OutcomeUnknown):
            await portal.call(ADD, {"fields": {"TITLE": "lost"}})
        assert len(far.deals) == 61
        await supervisor.stop(5)
