"""Poll forms with two hubs on one database: handed in at one, worked by the other, and still once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.bitrix24.seed import PROGRAMMES
from services.programmes.jobs import TOPIC
from tests.e2e.council import button
from tests.e2e.poll_forms import (
    MATHS,
    PHYSICS,
    a_form,
    at_work,
    finished,
    hand_in,
    sound,
    standing,
)
from tests.town import ADMIN, Outside, Town, TownClock

NEW = "Астрономия"


@pytest.fixture
async def two(outside: Outside, postgres_url: str) -> AsyncIterator[tuple[Town, Town]]:
    """Two hubs on one database, with one portal."""
    async with (
        at_work(outside, DATABASE_URL=postgres_url) as one,
        at_work(outside, DATABASE_URL=postgres_url) as other,
    ):
        await one.settle()
        yield one, other


async def works_no_forms(town: Town) -> None:
    """From now on this hub takes forms in and leaves them to others."""
    await town.switchboard.hub.supervisor.stop_task(f"inbox.{TOPIC}")


async def test_whoever_hands_in_at_one_hears_what_the_other_made_of_it(two: tuple[Town, Town]) -> None:
    one, other = two
    await works_no_forms(one)
    response = await hand_in(one, a_form("s-1", MATHS, PHYSICS))
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "success"
    assert set(answer["deal_ids"]) == {MATHS, PHYSICS}
    assert (await hand_in(other, a_form("s-1", MATHS, PHYSICS))).json() == answer | {"status": "duplicate"}
    assert (await hand_in(other, a_form("s-1", MATHS))).status_code == 409
    assert (await standing(other, "s-1")).json() == answer
    failed = await hand_in(one, a_form("s-2", MATHS, poll_id=77))
    assert (failed.status_code, failed.json()["status"]) == (200, "failed")


async def test_one_form_handed_in_at_both_at_one_moment_is_one(
    two: tuple[Town, Town], outside: Outside
) -> None:
    answers = await asyncio.gather(*(hand_in(town, a_form("s-1", MATHS)) for town in two * 3))
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["contact_id"] for each in answers}) == 1
    assert sorted(each.json()["status"] for each in answers) == ["duplicate"] * 5 + ["success"]
    assert len(outside.portal.deals) == 1
    assert sound(outside.portal)


async def test_forms_of_one_new_person_at_both_make_one_contact(
    two: tuple[Town, Town], outside: Outside
) -> None:
    outside.portal.latency = 0.5
    mail = "anna@example.com"
    spelt: list[dict[str, Any]] = [
        {"phone": "8 (916) 123-45-67"},
        {"email": mail},
        {"phone": None, "email": mail.upper()},
    ]
    forms = [a_form(f"s-{n}", MATHS, **spelt[n % 3]) for n in range(6)]
    await asyncio.gather(*(hand_in(two[n % 2], form) for n, form in enumerate(forms)))
    await finished(two[0])
    stand = [(await standing(two[n % 2], f"s-{n}")).json() for n in range(6)]
    assert {each["status"] for each in stand} == {"success"}
    assert len(outside.portal.deals) == 6
    # Phone alone and e-mail alone may be two people, until a form says both.
    by_phone = [each["contact_id"] for n, each in enumerate(stand) if n % 3 != 2]
    by_mail = [each["contact_id"] for n, each in enumerate(stand) if n % 3 == 2]
    assert len(set(by_phone)) == 1
    assert len(set(by_mail)) == 1
    assert len(outside.portal.contacts) == len({*by_phone, *by_mail})
    assert sound(outside.portal)


async def test_a_yes_at_one_brings_on_all_that_wait_whoever_works_them(
    two: tuple[Town, Town], outside: Outside
) -> None:
    one, other = two
    for number, town in enumerate((one, other, one, other)):
        answer = (await hand_in(town, a_form(f"s-{number}", NEW))).json()
        assert (answer["status"], answer["unknown_programs"]) == ("success", [NEW])
    await one.settle()
    [card] = one.sent(ADMIN)
    await works_no_forms(one)  # so it is the other, which remembers that there is none
    await one.presses(ADMIN, card, button(card, "yes"))
    assert isinstance(one.clock, TownClock)
    await one.clock.advance(10.0)
    await finished(one)
    for number in range(4):
        answer = (await standing(one, f"s-{number}")).json()
        assert (list(answer["deal_ids"]), answer["unknown_programs"]) == ([NEW], [])
    titles = [row["TITLE"] for row in outside.portal.items[PROGRAMMES].values()]
    assert titles.count(NEW) == 1
    assert len(outside.portal.deals) == 4
    assert len(one.sent(ADMIN)) == 1
    assert sound(outside.portal)


async def test_a_remembered_contact_that_is_gone_is_made_anew_once(
    two: tuple[Town, Town], outside: Outside
) -> None:
    first = (await hand_in(two[0], a_form("s-1", MATHS))).json()["contact_id"]
    del outside.portal.contacts[first]
    await asyncio.gather(*(hand_in(two[n % 2], a_form(f"t-{n}", MATHS)) for n in range(4)))
    await finished(two[0])
    stand = [(await standing(two[1], f"t-{n}")).json() for n in range(4)]
    assert {(each["status"], each["contact_id"]) for each in stand} == {("success", *outside.portal.contacts)}
    assert len(outside.portal.contacts) == 1
    assert sound(outside.portal)
