"""Fields that the home portal lacks: noticed, told by the doctor, and made by a button."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.telegram.messages import Message
from tests.e2e.conftest import Log
from tests.e2e.operating import answer, confirm, steps
from tests.e2e.partner import OTHER, PARTNER, edit, exchanging, new_partner, transferred
from tests.e2e.poll_forms import requests
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, CHEN, HOME_PORTAL, Outside, Town, TownClock

SELDOM = {"DEALS_SYNC_INTERVAL": "86400", "SILENCE_ALERT_HOURS": "0"}
FIELD, LABEL = "UF_CRM_COURSE", "Курс партнёра"
BUTTON = "v1:fields"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A mapping with a field that home does not have: a choice of the source's."""
    path = tmp_path / "mapping.toml"
    path.write_text(
        f"version = 5\n[fields.TITLE]\nsource = 'TITLE'\n[fields.{FIELD}]\nsource = 'UF_CRM_PROGRAMME'\n",
        "utf-8",
    )
    return path


def with_programme(portal: Any, *texts: str) -> None:
    """The source's field."""
    add_user_field(
        portal,
        {
            "FIELD_NAME": "UF_CRM_PROGRAMME",
            "USER_TYPE_ID": "enumeration",
            "EDIT_FORM_LABEL": LABEL,
            "LIST": [{"VALUE": text} for text in texts],
        },
    )


def told_of(town: Town, text: str) -> list[Message]:
    """The bot's messages to the admin that hold it."""
    return [each for each in town.sent(ADMIN) if text in each.text]


async def later(town: Town, seconds: float) -> None:
    """Time is skipped, and what is due then is done."""
    assert isinstance(town.clock, TownClock)
    await town.clock.leap(seconds)
    await town.settle()


async def doctor(town: Town) -> Message:
    """The doctor's warnings."""
    said = len(town.sent(ADMIN))
    await town.says(ADMIN, "/doctor")
    await steps(town, 11)
    return next(each for each in town.sent(ADMIN)[said:] if head(each) == words("doctor-warning"))


async def test_a_missing_field_is_noticed_offered_made_and_written(
    outside: Outside, rules: Path, log: Log
) -> None:
    partner, home = new_partner(outside), outside.portal
    with_programme(partner, "Аналитик", "Python")
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        await town.says(ADMIN, "/version")
        await steps(town, 61)
        [notice] = told_of(town, f"{HOME_PORTAL} has no field {FIELD}")
        assert press_buttons(notice) == ["v1:run:doctor"]
        assert log.events("mapping.held")[0]["details"]["findings"] == [f"{FIELD} no_field"]
        warnings = await doctor(town)
        line = f"mapping {HOME_PORTAL} has no field {FIELD}: it is left out"
        assert line in warnings.text
        assert "run.py mapping create-fields" in warnings.text
        assert press_buttons(warnings) == [BUTTON]
        await town.presses(ADMIN, warnings, BUTTON)
        question = town.last(ADMIN)
        assert question.text == "\n".join(
            [words("fields-question", count=1), words("field-line", field=FIELD, type="enumeration")]
        )
        await confirm(town, question)
        assert question.text == words("field-made", field=FIELD)
        field = home.entities[DEAL].fields[FIELD]
        assert (field.type, list((field.choices or {}).values())) == ("enumeration", ["Аналитик", "Python"])
        assert field.title == LABEL
        journal = await town.rows("SELECT actor, action, kind, key FROM journal WHERE kind = 'field'")
        assert journal == [(f"user:{ADMIN}", "add", "field", FIELD)]
        choices = partner.entities[DEAL].fields["UF_CRM_PROGRAMME"].choices or {}
        number = partner.add_deal(TITLE="Курс", UF_CRM_PROGRAMME=next(iter(choices)))
        await transferred(town)
        [twin] = home.deals.values()
        assert (field.choices or {})[twin[FIELD]] == "Аналитик"
        assert number
        await later(town, 61)
        await later(town, 130)
        assert told_of(town, f"{FIELD} is written since")
        assert not [each for each in press_buttons(await doctor(town)) if each == BUTTON]


async def test_while_nothing_is_missing_nobody_is_asked_each_minute(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, **SELDOM) as town:
        await town.says(ADMIN, "/version")
        await steps(town, 61)
        requests(partner), requests(outside.portal)
        for _ in range(3):
            await later(town, 700)
        assert (requests(partner), requests(outside.portal)) == (0, 0)
        assert not told_of(town, "has no field")


async def test_a_field_that_somebody_makes_by_hand_ends_the_notice(outside: Outside, rules: Path) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        await town.says(ADMIN, "/version")
        await steps(town, 61)
        assert told_of(town, f"has no field {FIELD}")
        add_user_field(home, {"FIELD_NAME": FIELD, "USER_TYPE_ID": "string"})
        await later(town, 700)
        await later(town, 130)
        assert told_of(town, f"{FIELD} is written since")


async def test_a_portal_that_is_away_is_held_against_later(outside: Outside, rules: Path, log: Log) -> None:
    partner = new_partner(outside)
    partner.faults.plan("html", times=None)
    options = {"MAPPING_FILE": str(rules), "BITRIX24_RETRY_MAX_ATTEMPTS": "1"} | SELDOM
    async with exchanging(outside, partner, **options) as town:
        await town.says(ADMIN, "/version")
        await steps(town, 61)
        assert log.events("mapping.held") == []
        assert f"{PARTNER} cannot be asked now" in (await doctor(town)).text
        partner.faults.clear()
        await later(town, 600)
        await later(town, 61)
        [line] = log.events("mapping.held")
        assert line["details"]["domain"] == PARTNER


async def test_a_source_that_hangs_keeps_nothing_back_about_the_others(
    outside: Outside, rules: Path, log: Log
) -> None:
    partners = [new_partner(outside, domain) for domain in (OTHER, PARTNER)]
    async with exchanging(outside, *partners, MAPPING_FILE=str(rules), **SELDOM) as town:
        partners[0].latency = 25.0
        await town.says(ADMIN, "/version")
        await steps(town, 90)
        assert told_of(town, f"{HOME_PORTAL} has no field {FIELD}")
        assert {line["details"]["domain"] for line in log.events("mapping.held")} == {PARTNER}
        warnings = (await doctor(town)).text
        assert f"mapping {HOME_PORTAL} has no field {FIELD}: it is left out" in warnings
        assert f"mapping {OTHER} cannot be asked now: " in warnings
        assert f"{PARTNER} cannot be asked now" not in warnings


@pytest.mark.parametrize("kind", ["lost_answer", "internal_applied", "timeout_applied"])
async def test_a_field_whose_making_was_not_answered_is_looked_for_and_made_once(
    outside: Outside, rules: Path, kind: Any
) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        question = await asked(town)
        home.faults.plan(kind, method="crm.deal.userfield.add")
        town.world.press(ADMIN, question.message_id, ADMIN, press_buttons(question)[0])
        await steps(town, 30)
        assert question.text == words("field-there", field=FIELD)
        assert [each["FIELD_NAME"] for each in home.user_fields].count(FIELD) == 1


async def asked(town: Town) -> Message:
    """The question before fields are made."""
    await town.says(ADMIN, "/version")
    warnings = await doctor(town)
    await town.presses(ADMIN, warnings, BUTTON)
    return town.last(ADMIN)


async def test_what_the_portal_refuses_is_told_and_made_by_nobody(outside: Outside, rules: Path) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        question = await asked(town)
        home.faults.plan("zero", method="crm.deal.userfield.add")
        await confirm(town, question)
        assert question.text.startswith(words("field-refused", field=FIELD, reason="").rstrip())
        assert FIELD not in home.entities[DEAL].fields
        assert await town.rows("SELECT id FROM journal WHERE kind = 'field'") == []


async def test_a_field_that_is_there_by_then_is_fine(outside: Outside, rules: Path) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        warnings = await doctor(town)
        await town.presses(ADMIN, warnings, BUTTON)
        question = town.last(ADMIN)
        add_user_field(home, {"FIELD_NAME": FIELD, "USER_TYPE_ID": "string"})
        await confirm(town, question)
        assert question.text == words("field-there", field=FIELD)
        assert await town.rows("SELECT id FROM journal WHERE kind = 'field'") == []
        answered = await town.presses(ADMIN, warnings, BUTTON)
        assert answered is not None
        assert answered.text == words("error-no-missing-field")


async def test_the_doctor_tells_what_else_the_mapping_lacks(outside: Outside, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(
        "version = 6\n[fields.TITLE]\nsource = 'UF_CRM_NONE'\n[fields.DATE_CREATE]\nsource = 'DATE_CREATE'\n"
        "[fields.ASSIGNED_BY_ID]\nsource = 'ASSIGNED_BY_ID'\n[fields.UF_CRM_NAMED_TOO_LONG]\nvalue = 1\n"
        f"[fields.{FIELD}]\nsource = 'UF_CRM_PROGRAMME'\n[fields.STAGE_ID]\nsource = 'STAGE_ID'\n"
        "[[funnels]]\nsource = 1\nhome = 0\nstages = {'C1:NEW' = 'GONE'}\n",
        "utf-8",
    )
    partner, home = new_partner(outside), outside.portal
    with_programme(partner, *(f"Course {number}" for number in range(8)))
    add_user_field(home, {"FIELD_NAME": FIELD, "USER_TYPE_ID": "enumeration", "LIST": [{"VALUE": "X"}]})
    async with exchanging(outside, partner, MAPPING_FILE=str(path), **SELDOM) as town:
        await town.says(ADMIN, "/version")
        warnings = await doctor(town)
    for line in (
        f"{HOME_PORTAL} has no field UF_CRM_NAMED_TOO_LONG: it is left out",
        f"{HOME_PORTAL} lets nobody write the field DATE_CREATE: it is left out",
        f"{HOME_PORTAL} has no stage GONE, where the mapping leads to",
        f"{PARTNER} has no field UF_CRM_NONE: TITLE stays as it is",
        f"{PARTNER} knows ASSIGNED_BY_ID by numbers of its own: ASSIGNED_BY_ID is left out",
        f"{PARTNER} has stages that the mapping does not name: ",
        f"{PARTNER} has choices for {FIELD} that the home portal lacks: Course 0, Course 1, Course 2,"
        " Course 3, Course 4 and 3 more",
    ):
        assert line in warnings.text
    assert press_buttons(warnings) == []


async def test_of_several_sources_the_field_holds_what_each_has(outside: Outside, rules: Path) -> None:
    partners = [new_partner(outside, domain) for domain in (PARTNER, OTHER)]
    for partner, texts in zip(partners, (("A", "B"), ("B", "C")), strict=True):
        with_programme(partner, *texts)
    async with exchanging(outside, *partners, MAPPING_FILE=str(rules), **SELDOM) as town:
        warnings = await doctor(town)
        assert warnings.text.count(FIELD) == 1
        await town.presses(ADMIN, warnings, BUTTON)
        await confirm(town, town.last(ADMIN))
        made = outside.portal.entities[DEAL].fields[FIELD]
        assert list((made.choices or {}).values()) == ["A", "B", "C"]


async def test_a_twin_gets_the_field_with_the_deals_next_change(outside: Outside, rules: Path) -> None:
    partner, home = new_partner(outside), outside.portal
    with_programme(partner, "Python")
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        choice = next(iter(partner.entities[DEAL].fields["UF_CRM_PROGRAMME"].choices or {}))
        number = partner.add_deal(TITLE="Курс", UF_CRM_PROGRAMME=choice)
        await transferred(town)
        question = await asked(town)
        await confirm(town, question)
        edit(partner, number, TITLE="Курс Б")
        await transferred(town)
        [twin] = home.deals.values()
        assert (twin["TITLE"], bool(twin[FIELD])) == ("Курс Б", True)


async def test_nobody_else_makes_any(outside: Outside, rules: Path) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **SELDOM) as town:
        shown = answer(town, await town.says(CHEN, "/version"))
        await town.gets(
            {
                "callback_query": {
                    "id": "1",
                    "from": town.world.person(CHEN).user(),
                    "chat_instance": "1",
                    "message": shown.api(),
                    "data": BUTTON,
                }
            }
        )
        assert FIELD not in outside.portal.entities[DEAL].fields
        assert await town.rows("SELECT * FROM confirmations") == []
