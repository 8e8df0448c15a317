"""A programme that the portal does not have: one card, and what a yes and a no do; /programme and /check."""

import asyncio
from typing import Any

import pytest

from sandbox.bitrix24.faults import FaultKind
from sandbox.bitrix24.seed import PROGRAMMES
from tests.e2e.council import button
from tests.e2e.poll_forms import (
    FORM,
    MATHS,
    PHYSICS,
    a_form,
    at_work,
    finished,
    hand_in,
    number_of,
    requests,
    sound,
    standing,
)
from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town, TownClock

NEW = "Астрономия"


async def asked(town: Town) -> Any:
    """Two forms choose what is not there, and one of them something else too."""
    first = (await hand_in(town, a_form("s-1", MATHS, NEW))).json()
    assert first["status"] == "success"
    assert list(first["deal_ids"]) == [MATHS]
    assert first["unknown_programs"] == [NEW]
    second = (await hand_in(town, a_form("s-2", f"  {NEW.upper()} "))).json()
    assert second["unknown_programs"] == [f"  {NEW.upper()} "]
    await town.settle()
    return town.last(ADMIN)


async def test_there_is_one_card_and_a_yes_makes_programme_and_deals(outside: Outside) -> None:
    portal = outside.portal
    async with at_work(outside) as town:
        card = await asked(town)
        assert len(town.sent(ADMIN)) == 1
        assert card.text.split("\n")[0] == words("approval-add-programme")
        assert words("approval-wished-programme", name=FORM) in card.text
        assert words("approval-effect-add-programme") in card.text
        assert NEW in card.text
        await town.presses(ADMIN, card, button(card, "yes"))
        await finished(town)
        programme = number_of(portal, PROGRAMMES, NEW)
        first, second = [(await standing(town, name)).json() for name in ("s-1", "s-2")]
        assert set(first["deal_ids"]) == {MATHS, NEW}
        assert set(second["deal_ids"]) == {f"  {NEW.upper()} "}
        assert first["unknown_programs"] == second["unknown_programs"] == []
        assert portal.deals[first["deal_ids"][NEW]][f"PARENT_ID_{PROGRAMMES}"] in {programme, str(programme)}
        assert len(portal.deals) == 3
        assert len(portal.contacts) == 1
        assert sound(portal)
        assert not await town.rows("SELECT reason FROM jobs WHERE state = 'dead'")


async def test_a_no_leaves_it_unknown_and_nobody_is_asked_again(outside: Outside) -> None:
    async with at_work(outside) as town:
        card = await asked(town)
        await town.presses(ADMIN, card, button(card, "no"))
        sent = len(town.sent(ADMIN))
        third = (await hand_in(town, a_form("s-3", NEW))).json()
        await town.settle()
        assert third["unknown_programs"] == [NEW]
        assert len(town.sent(ADMIN)) == sent
        assert NEW not in [row["TITLE"] for row in outside.portal.items[PROGRAMMES].values()]
        assert (await standing(town, "s-1")).json()["unknown_programs"] == [NEW]


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "bucket", "timeout_applied", "html"])
async def test_a_programme_whose_making_goes_wrong_is_there_once(outside: Outside, kind: FaultKind) -> None:
    async with at_work(outside) as town:
        card = await asked(town)
        outside.portal.faults.plan(kind, method="crm.item.add", times=2)
        await town.presses(ADMIN, card, button(card, "yes"))
        assert isinstance(town.clock, TownClock)
        for _ in range(200):
            if (await standing(town, "s-1")).json()["unknown_programs"] == []:
                break
            await town.clock.advance(30.0)
        await finished(town)
        titles = [row["TITLE"] for row in outside.portal.items[PROGRAMMES].values()]
        assert titles.count(NEW) == 1
        assert sound(outside.portal)
        assert len(outside.portal.deals) == 3


async def test_a_hub_that_stops_when_the_programme_is_made_makes_no_second_and_forgets_nobody(
    outside: Outside,
) -> None:
    portal = outside.portal
    async with at_work(outside) as town:
        card = await asked(town)
        database = outside._databases[-1]

        def away() -> None:
            database.away = len(portal.items[PROGRAMMES]) > 3

        portal.changed.append(away)
        town.world.press(card.chat.id, card.message_id, ADMIN, button(card, "yes"))
        async with asyncio.timeout(60):
            while len(portal.items[PROGRAMMES]) == 3:
                await town.rest()
                await asyncio.sleep(0.01)
        portal.changed.remove(away)
    async with at_work(outside) as town:
        for _ in range(20):
            await town.clock.advance(60.0)  # type: ignore[attr-defined]
            await finished(town)
        titles = [row["TITLE"] for row in portal.items[PROGRAMMES].values()]
        assert titles.count(NEW) == 1
        for name in ("s-1", "s-2"):
            assert (await standing(town, name)).json()["unknown_programs"] == []
        assert len(portal.deals) == 3
        assert sound(portal)


async def test_a_title_that_the_portals_own_comparison_misses_is_found_before_anybody_is_asked(
    outside: Outside,
) -> None:
    portal = outside.portal
    for title in ("  Начала астрономии", "Straße und Fluß"):
        portal.add_item(PROGRAMMES, TITLE=title)
    async with at_work(outside) as town:
        requests(portal)
        answer = (await hand_in(town, a_form("s-1", "начала  АСТРОНОМИИ", "STRASSE und Fluss", MATHS))).json()
        assert answer["unknown_programs"] == []
        assert len(answer["deal_ids"]) == len(portal.deals) == 3
        assert requests(portal) == 4
        await town.settle()
        assert town.sent(ADMIN) == []


async def test_one_that_somebody_makes_at_the_portal_ends_the_card(outside: Outside) -> None:
    async with at_work(outside) as town:
        card = await asked(town)
        outside.portal.add_item(PROGRAMMES, TITLE=NEW.lower())
        assert isinstance(town.clock, TownClock)
        await town.clock.advance(180.0)
        await finished(town)
        assert head(card).startswith(words("approval-found-programme", at="")[:20])
        assert (await standing(town, "s-2")).json()["unknown_programs"] == []
        assert len(outside.portal.items[PROGRAMMES]) == 4


async def test_staff_ask_about_programmes_and_forms_and_others_may_not(outside: Outside) -> None:
    async with at_work(outside, STAFF_IDS=str(BORIS)) as town:
        await town.says(BORIS, "/programme  математика   БАЗА")
        assert head(town.last(BORIS)) == words("listed-programme", "ru")
        number = number_of(outside.portal, PROGRAMMES, MATHS)
        [link] = link_buttons(town.last(BORIS))
        assert link.endswith(f"/crm/type/{PROGRAMMES}/details/{number}/")
        await town.says(BORIS, "/check анкета 1")
        assert head(town.last(BORIS)) == words("listed-poll_form", "ru")
        assert FORM in town.last(BORIS).text
        await town.says(BORIS, "/check анкета 77")
        assert head(town.last(BORIS)) == words("error-no-poll-form", "ru")
        await town.says(BORIS, "/programme")
        assert town.last(BORIS).text == words("programme-usage", "ru")
        requests(outside.portal)
        for text in ("/programme Физика", "/check анкета 1", "/check Физика и химия"):
            await town.says(CHEN, text)
            assert head(town.last(CHEN)) == words("error-not-staff"), text
        await town.says(CHEN, "Физика")
        assert head(town.last(CHEN)) == words("unrecognised")
        assert requests(outside.portal) == 0


async def test_staff_may_ask_for_a_programme_and_an_admin_adds_one_at_once(outside: Outside) -> None:
    async with at_work(outside, STAFF_IDS=str(BORIS)) as town:
        await town.says(BORIS, f"/programme {NEW}")
        offer = town.last(BORIS)
        assert head(offer) == words("proposal-new-programme", "ru")
        await town.presses(BORIS, offer)
        card = town.last(ADMIN)
        assert head(card) == words("approval-add-programme")
        await town.presses(ADMIN, card, button(card, "yes"))
        assert head(town.last(BORIS)) == words("approved-programme", "ru", name="Alice")
        await town.says(ADMIN, "/programme Ботаника")
        await town.presses(ADMIN, town.last(ADMIN))
        assert head(town.last(ADMIN)) == words("added-programme")
        titles = [row["TITLE"] for row in outside.portal.items[PROGRAMMES].values()]
        assert titles[-2:] == [NEW, "Ботаника"]


async def test_who_is_no_staff_asks_for_what_staff_proposed_but_learns_nothing_of_the_portal(
    outside: Outside,
) -> None:
    async with at_work(outside, STAFF_IDS=str(BORIS)) as town:
        await town.says(BORIS, f"/programme {NEW}", GROUP)
        offer = town.last(GROUP)
        outside.portal.add_item(PROGRAMMES, TITLE=NEW)
        await town.presses(CHEN, offer)
        assert button(town.last(ADMIN), "yes")
        assert [message.text for message in town.sent(GROUP) if message.message_id != offer.message_id] == []


async def test_without_any_admin_staff_add_a_programme_and_nobody_else(outside: Outside) -> None:
    async with at_work(outside, STAFF_IDS=str(BORIS), ADMIN_IDS="") as town:
        titles = len(outside.portal.items[PROGRAMMES])
        await town.says(BORIS, f"/programme {NEW}", GROUP)
        offer = town.last(GROUP)
        await town.presses(CHEN, offer)
        assert len(outside.portal.items[PROGRAMMES]) == titles
        await town.presses(BORIS, offer)
        assert len(outside.portal.items[PROGRAMMES]) == titles + 1


async def test_while_the_portal_is_away_what_was_known_is_told(outside: Outside) -> None:
    async with at_work(outside, CACHE_TTL_EDUCATIONAL_PROGRAMS="60", CACHE_TTL_POLL_FORMS="60") as town:
        await town.says(ADMIN, f"/programme {MATHS}")
        await town.says(ADMIN, "/check анкета 1")
        assert isinstance(town.clock, TownClock)
        await town.clock.advance(120.0)
        outside.portal.faults.plan("html", times=None)
        await town.says(ADMIN, f"/programme {MATHS}")
        assert head(town.last(ADMIN)) == words("listed-programme")
        await town.says(ADMIN, "/check анкета 1")
        assert head(town.last(ADMIN)) == words("listed-poll_form")
        await town.says(ADMIN, "/programme Химия")
        assert head(town.last(ADMIN)) == words("error-unavailable")
        accepted = await hand_in(town, a_form("s-1", MATHS))
        assert (accepted.status_code, accepted.json()["status"]) == (202, "accepted")
        outside.portal.faults.clear()
        await finished(town)
        assert (await standing(town, "s-1")).json()["status"] == "success"


@pytest.mark.parametrize(
    ("said", "asked_anew"),
    [
        ("educational_program Математика   База", 1),
        ("educational_program физика", 1),
        ("educational_program", 1),
        ("poll_form 1", 1),
        ("poll_form 2", 0),
        ("poll_form", 1),
        ("contact 8 (916) 123-45-67", 1),
        ("contact +7 916 123-45-68", 0),
        ("contact", 1),
        ("stickerset", 0),
        ("", 1),
    ],
)
async def test_invalidate_makes_the_hub_ask_anew(outside: Outside, said: str, asked_anew: int) -> None:
    async with at_work(outside) as town:
        await hand_in(town, a_form("s-1", MATHS, PHYSICS))
        await town.says(ADMIN, f"/invalidate {said}")
        if buttons := [b for b in press_buttons(town.last(ADMIN)) if b.startswith("v1:sure")]:
            await town.presses(ADMIN, town.last(ADMIN), buttons[0])
        requests(outside.portal)
        answer = (await hand_in(town, a_form("s-2", MATHS, PHYSICS))).json()
        assert answer["status"] == "success"
        assert requests(outside.portal) == 1 + asked_anew
        assert len(outside.portal.contacts) == 1
