"""Programs that tell of deals or have them transferred, and what they hear of the end."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from services.deals.model import Order, Result
from tests.clock import HandClock
from tests.web.deals.telling import (
    HOME,
    KEYED,
    PARTNER,
    TRANSFER,
    answer,
    end_of,
    event,
    link,
    orders,
    portal_tells,
    program_tells,
    said,
    tell,
    work,
)
from tests.web.door import NOON, Door, assert_problem


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Result("success", 900, "created"), said("success", 12, 900)),
        (Result("skipped", None, "deleted"), said("skipped")),
        (Result("failed"), said("failed")),
        (None, said("failed")),
    ],
)
async def test_a_program_hears_what_became_of_the_deal(
    door: Door, clock: HandClock, result: Result | None, told: dict[str, Any]
) -> None:
    waiting, began = asyncio.create_task(tell(door, event(), **KEYED)), clock.monotonic()
    await clock.advance(1.0)
    assert not waiting.done()
    assert orders(door) == [Order(PARTNER, 12, asked=True)]
    await work(door, clock, result)
    assert answer(await clock.run(end_of(waiting))) == (200, told)
    assert clock.monotonic() - began < 2.0


async def test_a_program_waits_so_long_and_is_then_told_that_it_is_kept(door: Door, clock: HandClock) -> None:
    began = clock.monotonic()
    assert answer(await program_tells(door, clock, event())) == (202, said("accepted"))
    assert clock.monotonic() - began == pytest.approx(5.0)
    await link(door)
    assert answer(await program_tells(door, clock, event(ts=2))) == (202, said("accepted", 12, 900))


async def test_what_was_told_before_is_a_duplicate_and_read_once_more(door: Door, clock: HandClock) -> None:
    await portal_tells(door)
    await work(door, clock, Result("success", 900, "created"))
    await link(door)
    began = clock.monotonic()
    assert answer(await program_tells(door, clock, event())) == (200, said("duplicate", 12, 900))
    assert clock.monotonic() == began
    assert orders(door)[1:] == [Order(PARTNER, 12, asked=True)]
    assert answer(await portal_tells(door)) == (200, said("accepted"))


async def test_a_duplicate_whose_twin_is_not_known_waits_for_it(door: Door, clock: HandClock) -> None:
    await portal_tells(door)
    waiting = asyncio.create_task(tell(door, event(), **KEYED))
    await clock.advance(0.5)
    await work(door, clock, Result("success", 900, "created"))
    await work(door, clock, Result("success", 900, "unchanged"))  # one at a time
    assert answer(await clock.run(end_of(waiting))) == (200, said("duplicate", 12, 900))


async def test_a_repetition_about_a_deleted_deal_is_no_duplicate(door: Door, clock: HandClock) -> None:
    await portal_tells(door)
    await work(door, clock, Result("success", 900, "created"))
    await link(door, deleted_at=NOON)
    waiting = asyncio.create_task(tell(door, event(), **KEYED))
    await clock.advance(0.5)
    await work(door, clock, Result("skipped", 900, "deleted"))
    assert answer(await clock.run(end_of(waiting))) == (200, said("skipped", 12, 900))


async def test_deals_are_transferred_when_asked_and_answered_in_their_order(
    door: Door, clock: HandClock
) -> None:
    await link(door, 3, 903)
    wanted = {"domain": PARTNER.upper(), "ids": [5, 3, 5]}
    began = clock.monotonic()
    response = await program_tells(door, clock, wanted, TRANSFER)
    assert response.status_code == 202
    for each in response.json()["results"]:
        assert datetime.fromisoformat(each.pop("timestamp"))
    assert clock.monotonic() - began == pytest.approx(5.0)
    results = [{k: v for k, v in each.items() if k != "timestamp"} for each in response.json()["results"]]
    assert results == [said("accepted", 5), said("accepted", 3, 903), said("accepted", 5)]
    assert orders(door) == [Order(PARTNER, 5, asked=True), Order(PARTNER, 3, asked=True)]


async def test_all_that_ends_in_time_is_told(door: Door, clock: HandClock) -> None:
    wanted, began = {"domain": PARTNER, "ids": list(range(1, 51))}, clock.monotonic()
    waiting = asyncio.create_task(tell(door, wanted, TRANSFER, **KEYED))
    await clock.advance(1.0)
    await work(door, clock, Result("success", 900, "created"))
    response = await clock.run(end_of(waiting))
    assert response.status_code == 200
    results = response.json()["results"]
    assert [each["source_deal_id"] for each in results] == list(range(1, 51))
    assert {each["status"] for each in results} == {"success"}
    assert clock.monotonic() - began < 2.0


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"domain": ""}, "body.domain"),
        ({"domain": 5}, "body.domain"),
        ({"ids": 5}, "body.ids"),
        ({"ids": [0]}, "body.ids.0"),
        ({"ids": [1, -1]}, "body.ids.1"),
        ({"ids": ["1"]}, "body.ids.0"),
        ({"ids": [True]}, "body.ids.0"),
        ({"ids": [2**53]}, "body.ids.0"),
        ({"ids": list(range(1, 52))}, "body.ids"),
    ],
)
async def test_what_cannot_be_transferred_is_named(door: Door, change: dict[str, Any], where: str) -> None:
    response = await tell(door, {"domain": PARTNER, "ids": [1]} | change, TRANSFER, **KEYED)
    assert [each["where"] for each in assert_problem(response, 422)["errors"]] == [where]


@pytest.mark.parametrize(
    ("domain", "status"), [("evil-bitrix24.ru", 403), ("p3.bitrix24.ru", 422), (HOME, 422)]
)
async def test_deals_are_transferred_from_sources_alone(door: Door, domain: str, status: int) -> None:
    assert_problem(await tell(door, {"domain": domain, "ids": [1]}, TRANSFER, **KEYED), status)
    assert_problem(await tell(door, {"domain": domain, "ids": [1]}, TRANSFER), 401)
