"""What a portal tells of its changes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.bitrix24.php import parse_str
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.standin import Bitrix24
from sandbox.bitrix24.wire import PageError
from tests.clock import HandClock
from tests.sandbox.bitrix24.conftest import DOMAIN, Caller

HANDLER = "http://127.0.0.1:8020/webhook/deal"


@pytest.fixture
async def told(bitrix24: Bitrix24, portal: Portal) -> AsyncIterator[list[Any]]:
    """The forms that reach a handler of deals."""
    forms: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        forms.append(parse_str(request.content.decode()))
        return httpx.Response(500 if len(forms) == 1 else 200)

    portal.events.subscribe(HANDLER, "APP_TOKEN")
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client,
        asyncio.TaskGroup() as group,
    ):
        teller = group.create_task(bitrix24.deliver(client))
        yield forms
        teller.cancel()


async def test_a_change_is_told_once_as_a_form(caller: Caller, told: list[Any], clock: HandClock) -> None:
    await caller.ok("crm.deal.add", fields={"TITLE": "x"})
    await caller.ok("crm.deal.update", id=1, fields={})
    await caller.ok("crm.deal.delete", id=1)
    await clock.advance(600)
    assert [form["event"] for form in told] == ["ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE"]
    assert told[0]["data"] == {"FIELDS": {"ID": "1"}}
    assert told[0]["ts"] == str(int(clock.now().timestamp()) - 600)
    assert (told[0]["auth"]["domain"], told[0]["auth"]["application_token"]) == (DOMAIN, "APP_TOKEN")
    assert set(told[0]["auth"]) == {
        "domain",
        "client_endpoint",
        "server_endpoint",
        "member_id",
        "application_token",
    }


async def test_an_event_comes_late_or_not_at_all(
    caller: Caller, portal: Portal, told: list[Any], clock: HandClock
) -> None:
    portal.events.delay = 30
    await caller.ok("crm.deal.add", fields={})
    await clock.advance(29)
    assert told == []
    await clock.advance(1)
    assert len(told) == 1
    portal.events.drop_percent = 100
    await caller.ok("crm.deal.add", fields={})
    await clock.advance(60)
    assert len(told) == 1
    assert len(portal.events.fired) == 2


async def test_events_may_overtake_each_other_and_come_twice(
    portal: Portal, told: list[Any], clock: HandClock
) -> None:
    portal.events.spread = 30
    numbers = [str(portal.add_deal()) for _ in range(20)]
    await clock.advance(30)
    order = [form["data"]["FIELDS"]["ID"] for form in told]
    assert sorted(order, key=int) == numbers != order
    told.clear()
    portal.events.repeat_percent = 100
    portal.add_deal()
    await clock.advance(30)
    assert len(told) == 2
    assert told[0] == told[1]


async def test_contacts_and_moves_between_funnels_are_not_told_to_a_handler_of_deals(
    caller: Caller, portal: Portal, told: list[Any], clock: HandClock
) -> None:
    portal.add_deal()
    await caller.ok("crm.contact.add", fields={"NAME": "x"})
    await caller.ok("crm.item.update", entityTypeId=2, id=1, fields={"categoryId": 1})
    await caller.ok("crm.item.update", entityTypeId=2, id=1, fields={"categoryId": 1})
    await clock.advance(1)
    assert [form["event"] for form in told] == ["ONCRMDEALADD"]
    assert portal.events.fired[-1] == ("ONCRMDEALMOVETOCATEGORY", 1)
    assert portal.deals[1]["STAGE_ID"] == "C1:NEW"


async def test_one_request_tells_of_the_same_change_once(caller: Caller, portal: Portal) -> None:
    update = "crm.deal.update?id=1&fields[TITLE]="
    await caller.batch("crm.deal.add?fields[TITLE]=x", f"{update}y", f"{update}z", "crm.deal.get?id=9")
    assert portal.events.fired == [("ONCRMDEALADD", 1), ("ONCRMDEALUPDATE", 1)]


async def test_bindings_alone_are_not_told(caller: Caller, portal: Portal) -> None:
    portal.add_deal()
    await caller.ok("crm.deal.contact.items.set", id=1, items=[{"CONTACT_ID": 5}])
    assert portal.events.fired == [("ONCRMDEALADD", 1)]


def test_nothing_is_told_to_other_machines(portal: Portal) -> None:
    for url in ("https://example.com/hook", "http://10.0.0.5/hook", "nonsense"):
        with pytest.raises(PageError):
            portal.events.subscribe(url, "APP_TOKEN")
