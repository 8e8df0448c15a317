"""Poll forms while the portal fails: nothing twice, nothing lost, and a reason for what cannot be."""

import asyncio

import pytest

from sandbox.bitrix24.faults import KINDS, FaultKind
from tests.e2e.poll_forms import (
    CHESS,
    MATHS,
    PHYSICS,
    a_form,
    at_work,
    finished,
    hand_in,
    sound,
    standing,
)
from tests.e2e.wording import press_buttons
from tests.town import ADMIN, Outside, Town, TownClock, go_on

PASSING = tuple(kind for kind in KINDS if kind not in {"credentials", "overload", "renamed", "zero"})
WRITTEN = ("crm.contact.add", "crm.deal.add")


async def ends_well(town: Town, outside: Outside, submission_id: str = "s-1", deals: int = 2) -> None:
    """In the end one contact and each deal once are there, and the hub knows them."""
    await finished(town)
    answer = (await standing(town, submission_id)).json()
    portal = outside.portal
    assert sound(portal)
    assert answer["status"] == "success", await town.rows(
        "SELECT state, reason FROM jobs WHERE topic = 'submissions'"
    )
    assert list(portal.contacts) == [answer["contact_id"]]
    assert sorted(answer["deal_ids"].values()) == sorted(portal.deals)
    assert len(portal.deals) == deals
    assert {deal["CONTACT_ID"] for deal in portal.deals.values()} == {str(answer["contact_id"])}


@pytest.mark.parametrize("method", WRITTEN)
@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("inside", [False, True])
async def test_a_write_that_goes_wrong_is_made_good_once(
    outside: Outside, kind: FaultKind, method: str, inside: bool
) -> None:
    async with at_work(outside) as town:
        outside.portal.faults.plan(kind, method=method, inside=inside or kind == "skipped", times=2)
        response = await hand_in(town, a_form("s-1", MATHS, PHYSICS))
        assert response.status_code in {200, 202}
        await ends_well(town, outside)


async def test_a_portal_that_answers_nonsense_is_asked_again_later(outside: Outside) -> None:
    async with at_work(outside) as town:
        for kind in ("html", "malformed", "empty", "reset"):
            outside.portal.faults.plan(kind, method="crm.item.list", times=2)
        response = await hand_in(town, a_form("s-1", MATHS, PHYSICS))
        assert response.status_code == 202
        assert response.json() == {
            "status": "accepted",
            "contact_id": None,
            "deal_ids": {},
            "unknown_programs": [],
        }
        await ends_well(town, outside)


async def test_deals_whose_contact_was_not_made_become_nobody_elses(outside: Outside) -> None:
    """A portal that passes over a command makes of a reference to its result the number 1."""
    other = outside.portal.add_contact(NAME="Ольга", PHONE="9210000000")
    assert other == 1
    async with at_work(outside) as town:
        outside.portal.faults.plan("skipped", method="crm.contact.add")
        await hand_in(town, a_form("s-1", MATHS, PHYSICS, CHESS))
        await finished(town)
        answer = (await standing(town, "s-1")).json()
        assert answer["status"] == "success"
        assert answer["contact_id"] != other
        assert {deal["CONTACT_ID"] for deal in outside.portal.deals.values()} == {str(answer["contact_id"])}
        assert len(outside.portal.deals) == 3


async def test_a_deal_that_was_found_without_its_contact_is_not_forgotten(outside: Outside) -> None:
    async with at_work(outside) as town:
        outside.portal.faults.plan("skipped", method="crm.contact.add")
        outside.portal.faults.plan("operating", method="crm.contact.add", times=2)
        await hand_in(town, a_form("s-1", MATHS, PHYSICS))
        await ends_well(town, outside)


async def test_another_form_of_the_same_person_waits_until_a_lost_answer_is_sure(outside: Outside) -> None:
    async with at_work(outside) as town:
        outside.portal.faults.plan("timeout_applied", method="crm.contact.add")
        first = asyncio.create_task(hand_in(town, a_form("s-1", MATHS)))
        second = asyncio.create_task(hand_in(town, a_form("s-2", PHYSICS)))
        assert {(await first).status_code, (await second).status_code} <= {200, 202}
        await finished(town)
        assert {(await standing(town, name)).json()["status"] for name in ("s-1", "s-2")} == {"success"}
        assert len(outside.portal.contacts) == 1
        assert len(outside.portal.deals) == 2
        assert sound(outside.portal)


async def test_a_hub_that_stops_in_the_middle_of_a_write_doubles_nothing(outside: Outside) -> None:
    portal = outside.portal
    async with at_work(outside) as town:
        portal.durations = {"crm.contact.add": 30.0}
        task = asyncio.create_task(hand_in(town, a_form("s-1", MATHS, PHYSICS)))
        while not await town.scalar("SELECT count(*) FROM submissions WHERE in_doubt"):
            await town.rest()
            await asyncio.sleep(0.01)
        assert isinstance(town.clock, TownClock)
        await town.clock.advance(10.0)  # the portal is at work
        task.cancel()
    portal.durations = {}
    async with at_work(outside) as town:
        await ends_well(town, outside)


async def test_a_database_that_is_away_when_the_portal_has_answered_doubles_nothing(outside: Outside) -> None:
    portal = outside.portal
    async with at_work(outside) as town:
        [database] = outside._databases

        def away() -> None:
            database.away = bool(portal.deals)

        portal.changed.append(away)
        task = asyncio.create_task(hand_in(town, a_form("s-1", MATHS, PHYSICS)))
        while not portal.deals:
            await town.rest()
            await asyncio.sleep(0.01)
        await go_on(town.clock)
        portal.changed.remove(away)
        database.away = False
        task.cancel()
        await ends_well(town, outside)


@pytest.mark.parametrize("kind", ["internal", "lost_answer", "html_applied"])
async def test_a_lost_answer_while_batches_are_off_doubles_nothing(outside: Outside, kind: FaultKind) -> None:
    async with at_work(outside, BATCH_ENABLED="false") as town:
        outside.portal.faults.plan(kind, method="crm.deal.add", after=1)
        await hand_in(town, a_form("s-1", MATHS, PHYSICS))
        await ends_well(town, outside)


async def test_a_restored_database_that_knows_less_than_was_done_doubles_nothing(outside: Outside) -> None:
    async with at_work(outside) as town:
        answer = (await hand_in(town, a_form("s-1", MATHS, PHYSICS))).json()
        for change in (
            "UPDATE submissions SET contact_id = NULL, done_at = NULL",
            "UPDATE submission_programmes SET deal_id = NULL",
            "UPDATE jobs SET state = 'dead', reason = 'restored' WHERE topic = 'submissions'",
        ):
            await town.switchboard.hub.database.write(lambda tx, sql=change: tx.exec_driver_sql(sql))  # type: ignore[misc]
        await retried(town)
        assert (await standing(town, "s-1")).json() == answer
        await ends_well(town, outside)


async def retried(town: Town) -> None:
    """An admin has all that is dead worked anew."""
    await town.says(ADMIN, "/retry all")
    question = town.last(ADMIN)
    yes = next(each for each in press_buttons(question) if each.startswith("v1:sure"))
    await town.presses(ADMIN, question, yes)


async def test_a_deal_that_the_portal_refuses_is_a_dead_job_with_its_reason(outside: Outside) -> None:
    async with at_work(outside) as town:
        outside.portal.faults.plan("zero", method="crm.deal.add", inside=True, after=1)
        response = await hand_in(town, a_form("s-1", MATHS, PHYSICS, CHESS))
        assert response.status_code == 200
        answer = response.json()
        assert answer["status"] == "failed"
        assert answer["contact_id"] in outside.portal.contacts
        assert list(answer["deal_ids"]) == [MATHS]
        assert answer["unknown_programs"] == []
        [(reason,)] = await town.rows("SELECT reason FROM jobs WHERE state = 'dead'")
        assert "crm.deal.add" in str(reason)
        await retried(town)
        await ends_well(town, outside, deals=3)
