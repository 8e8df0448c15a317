"""A mapping applied to deals of the stand-in's portals."""

from collections.abc import Mapping as Map
from typing import Any

import pytest

from sandbox.bitrix24.dictionaries import STAGES
from sandbox.bitrix24.portal import Portal
from services.deals.mapping.applying import apply
from services.deals.mapping.model import Mapped, Mapping, Problem
from services.deals.mapping.reading import read_file
from tests.services.deals.portals import (
    NOON,
    deal_of,
    mapping_of,
    new_portal,
    schema_of,
    shown,
    with_field,
    write,
)

THE_HUBS = ("ID", "ORIGIN_ID", "ORIGINATOR_ID", "CONTACT_ID", "COMPANY_ID")
BY_NAME = """
[fields.STAGE_ID]
source = "STAGE_ID"
[[funnels]]
source = "обучение"
home = "Общая"
stages = {"Новая" = "Новая", "В РАБОТЕ" = "Подготовка документов"}
"""


@pytest.fixture
def partner() -> Portal:
    made = new_portal()
    made.dictionaries.add_funnel(1, "Обучение", (*STAGES, ("UC_K8", "Звонок", None)))
    return made


@pytest.fixture
def home() -> Portal:
    return new_portal("home.bitrix24.ru", zone="America/New_York")


def mapped(
    mapping: Mapping,
    partner: Portal,
    home: Portal,
    fields: Map[str, Any],
    answers: Map[tuple[str, str], str] | None = None,
) -> Mapped:
    """Of a deal that somebody added to the partner's portal."""
    deal = deal_of(shown(partner, write(partner, fields)))
    return apply(mapping, deal, schema_of(partner), schema_of(home), answers=answers or {}, now=NOON)


def test_the_built_in_mapping_makes_the_twin_that_was_agreed(partner: Portal, home: Portal) -> None:
    for name in ("UF_CRM_SOURCE_ID", "UF_CRM_CONTRACT"):
        with_field(partner, name)
    for name in ("UF_CRM_PARTNER_ID", "UF_CRM_ESB_CONTRACT"):
        with_field(home, name)
    with_field(home, "UF_CRM_IMPORT_DATE", "datetime")
    fields = {
        "TITLE": "Курс",
        "OPPORTUNITY": "1000.00",
        "CURRENCY_ID": "RUB",
        "CATEGORY_ID": 1,
        "STAGE_ID": "C1:WON",
        "UF_CRM_SOURCE_ID": "P-7",
        "UF_CRM_CONTRACT": "Д-7/26",
    }
    found = mapped(read_file(None), partner, home, fields)
    assert found.problems == ()
    assert found.values == {
        "TITLE": "Курс",
        "OPPORTUNITY": "1000",
        "CURRENCY_ID": "RUB",
        "STAGE_ID": "WON",
        "CATEGORY_ID": 0,
        "UF_CRM_PARTNER_ID": "P-7",
        "UF_CRM_ESB_CONTRACT": "Д-7/26",
        "SOURCE_DESCRIPTION": "Import from partner1.bitrix24.ru",
    }
    assert found.stamps == {"UF_CRM_IMPORT_DATE": "2026-01-15T12:00:00+00:00"}


def test_a_field_that_the_home_portal_lacks_is_left_out_and_told(partner: Portal, home: Portal) -> None:
    found = mapped(read_file(None), partner, home, {"TITLE": "Курс", "CATEGORY_ID": 1, "STAGE_ID": "C1:NEW"})
    lacking = ["UF_CRM_ESB_CONTRACT", "UF_CRM_IMPORT_DATE", "UF_CRM_PARTNER_ID"]
    assert found.problems == tuple(Problem(name, "no_field") for name in lacking)
    assert found.values["TITLE"] == "Курс"


def test_a_field_that_nobody_may_write_is_left_out_and_told(partner: Portal, home: Portal) -> None:
    found = mapped(mapping_of("[fields.DATE_CREATE]\nvalue = 2026-01-01T00:00:00Z"), partner, home, {})
    assert found.values == {}
    assert found.problems == (Problem("DATE_CREATE", "read_only"),)


def test_a_field_that_the_source_lacks_is_left_as_it_is(partner: Portal, home: Portal) -> None:
    with_field(home, "UF_CRM_A")
    found = mapped(mapping_of("[fields.UF_CRM_A]\nsource = 'UF_CRM_B'"), partner, home, {})
    assert found.values == {}
    assert found.problems == ()


@pytest.mark.parametrize(
    ("stage", "target"),
    [("C1:NEW", "NEW"), ("C1:EXECUTING", "PREPARATION"), ("C1:UC_K8", None), ("NEW", None)],
)
def test_stages_are_known_by_names_of_funnel_and_stage(
    partner: Portal, home: Portal, stage: str, target: str | None
) -> None:
    fields = {"CATEGORY_ID": int(stage.startswith("C1")), "STAGE_ID": stage}
    found = mapped(mapping_of(BY_NAME), partner, home, fields)
    assert found.values == ({"STAGE_ID": target, "CATEGORY_ID": 0} if target else {})
    assert [problem.kind for problem in found.problems] == ([] if target else ["stage"])


def test_an_unknown_stage_is_told_with_its_name_and_an_answer_fills_it(partner: Portal, home: Portal) -> None:
    fields = {"CATEGORY_ID": 1, "STAGE_ID": "C1:UC_K8"}
    [problem] = mapped(mapping_of(BY_NAME), partner, home, fields).problems
    assert problem == Problem("STAGE_ID", "stage", "C1:UC_K8", "Звонок", is_open=True)
    found = mapped(mapping_of(BY_NAME), partner, home, fields, {problem.key: "EXECUTING"})
    assert found.values == {"STAGE_ID": "EXECUTING", "CATEGORY_ID": 0}
    assert mapped(mapping_of(BY_NAME), partner, home, fields, {problem.key: "C9:GONE"}).problems == (problem,)


def test_the_file_wins_over_an_answer(partner: Portal, home: Portal) -> None:
    fields = {"CATEGORY_ID": 1, "STAGE_ID": "C1:NEW"}
    answers = {("STAGE_ID", "C1:NEW"): "WON"}
    assert mapped(mapping_of(BY_NAME), partner, home, fields, answers).values["STAGE_ID"] == "NEW"


def test_a_stage_of_another_home_funnel_brings_the_funnel_with_it(partner: Portal, home: Portal) -> None:
    home.dictionaries.add_funnel(4, "Партнёры")
    text = BY_NAME.replace('home = "Общая"', "home = 4").replace('= "Новая"', '= "C4:NEW"')
    text = text.replace('= "Подготовка документов"', '= "C4:GONE"')
    fields = {"CATEGORY_ID": 1, "STAGE_ID": "C1:NEW"}
    found = mapped(mapping_of(text), partner, home, fields)
    assert found.values == {"STAGE_ID": "C4:NEW", "CATEGORY_ID": 4}
    gone = mapped(mapping_of(text), partner, home, fields | {"STAGE_ID": "C1:EXECUTING"})
    assert [problem.kind for problem in gone.problems] == ["stage"]


CHOICE = "[fields.UF_CRM_PROGRAMME]\nsource = 'UF_CRM_COURSE'\n"


def with_choices(partner: Portal, home: Portal, *, many: bool = True) -> None:
    with_field(partner, "UF_CRM_COURSE", "enumeration", "Аналитик", "Python", "Дизайн", many=many)
    with_field(home, "UF_CRM_OTHER", "enumeration", "so that", "ids differ")
    with_field(home, "UF_CRM_PROGRAMME", "enumeration", "python", "Аналитик данных", many=many)


def choice(portal: Portal, name: str, text: str) -> int:
    found = schema_of(portal).fields[name].choice(text)
    assert found is not None
    return int(found)


def test_choices_are_known_by_their_texts(partner: Portal, home: Portal) -> None:
    with_choices(partner, home)
    chosen = [choice(partner, "UF_CRM_COURSE", name) for name in ("Python", "Аналитик")]
    mapping = mapping_of(CHOICE + 'values = {"аналитик" = "Аналитик данных"}')
    found = mapped(mapping, partner, home, {"UF_CRM_COURSE": chosen})
    wanted = [choice(home, "UF_CRM_PROGRAMME", name) for name in ("Python", "Аналитик данных")]
    assert found.values == {"UF_CRM_PROGRAMME": sorted(wanted)}
    assert not set(wanted) & set(chosen)


def test_an_unknown_choice_is_told_by_its_text_and_an_answer_fills_it(partner: Portal, home: Portal) -> None:
    with_choices(partner, home, many=False)
    fields = {"UF_CRM_COURSE": choice(partner, "UF_CRM_COURSE", "Дизайн")}
    found = mapped(mapping_of(CHOICE), partner, home, fields)
    assert found.values == {}
    assert found.problems == (Problem("UF_CRM_PROGRAMME", "choice", "Дизайн", "Дизайн", is_open=True),)
    python = choice(home, "UF_CRM_PROGRAMME", "python")
    for answer in ("Python", str(python)):
        key = found.problems[0].key
        assert mapped(mapping_of(CHOICE), partner, home, fields, {key: answer}).values == {
            "UF_CRM_PROGRAMME": python
        }


def test_a_dictionary_is_known_by_its_texts_too(partner: Portal, home: Portal) -> None:
    partner.dictionaries.add_status("SOURCE", "7", "Выставка")
    home.dictionaries.add_status("SOURCE", "UC_9", "выставка")
    mapping = mapping_of("[fields.SOURCE_ID]\nsource = 'SOURCE_ID'\ndefault = 'OTHER'")
    assert mapped(mapping, partner, home, {"SOURCE_ID": "7"}).values == {"SOURCE_ID": "UC_9"}
    assert mapped(mapping, partner, home, {"SOURCE_ID": ""}).values == {"SOURCE_ID": "OTHER"}


def test_numbers_that_only_the_source_knows_are_not_carried_over(partner: Portal, home: Portal) -> None:
    text = "[fields.ASSIGNED_BY_ID]\nsource = 'ASSIGNED_BY_ID'\n"
    deal = {"ASSIGNED_BY_ID": 7}
    found = mapped(mapping_of(text), partner, home, deal)
    assert found.problems == (Problem("ASSIGNED_BY_ID", "link", "7", "7", is_open=True),)
    listed = mapping_of(f"{text}values = {{7 = '12'}}")
    assert mapped(listed, partner, home, deal).values == {"ASSIGNED_BY_ID": 12}
    unlisted = mapped(listed, partner, home, {"ASSIGNED_BY_ID": 8})
    assert unlisted.problems == (Problem("ASSIGNED_BY_ID", "choice", "8", "8", is_open=True),)
    answers = {unlisted.problems[0].key: "13"}
    assert mapped(listed, partner, home, {"ASSIGNED_BY_ID": 8}, answers).values == {"ASSIGNED_BY_ID": 13}


COMPUTED = """
[fields.COMMENTS]
concat = "{UF_CRM_CITY}, {UF_CRM_DAY} ({{{source_id}}})"
default = "nobody knows"
[fields.UF_CRM_WHERE]
concat = "{UF_CRM_CITY} {UF_CRM_NONE}"
default = "nowhere"
[fields.TITLE]
source = "UF_CRM_CITY"
default = "a deal"
[fields.TYPE_ID]
value = "Услуги"
[fields.OPENED]
value = true
[fields.PROBABILITY]
value = 50
when = "never"
"""


def test_texts_constants_and_defaults(partner: Portal, home: Portal) -> None:
    with_field(partner, "UF_CRM_CITY")
    with_field(partner, "UF_CRM_DAY", "date")
    with_field(home, "UF_CRM_WHERE")
    fields = {"UF_CRM_CITY": "Казань", "UF_CRM_DAY": "2026-02-01"}
    assert mapped(mapping_of(COMPUTED), partner, home, fields).values == {
        "COMMENTS": "Казань, 2026-02-01 ({12})",
        "UF_CRM_WHERE": "Казань",
        "TITLE": "Казань",
        "TYPE_ID": "SERVICES",
        "OPENED": True,
    }
    found = mapped(mapping_of(COMPUTED), partner, home, {})
    assert found.values == {
        "COMMENTS": ",  ({12})",
        "UF_CRM_WHERE": "nowhere",
        "TITLE": "a deal",
        "TYPE_ID": "SERVICES",
        "OPENED": True,
    }


def test_a_deal_with_60_user_fields_is_mapped_whole(partner: Portal, home: Portal) -> None:
    names = [f"UF_CRM_F{number}" for number in range(60)]
    for name in names:
        with_field(partner, name)
        with_field(home, name)
    mapping = mapping_of("".join(f"[fields.{name}]\nsource = '{name}'\n" for name in names))
    found = mapped(mapping, partner, home, {name: name.lower() for name in names})
    assert found.values == {name: name.lower() for name in names}


@pytest.mark.parametrize("junk", [{"a": {}}, [[1]], [{}], "\ud800\0", 1e400, "9" * 5000])
def test_nothing_that_a_portal_says_ends_in_an_exception(junk: Any, partner: Portal, home: Portal) -> None:
    with_choices(partner, home)
    source, target = schema_of(partner), schema_of(home)
    names = [name for name in target.fields if name not in THE_HUBS]
    plain = [name for name in names if name not in ("STAGE_ID", "CATEGORY_ID")]
    rules = "".join(f"[fields.{name}]\nsource = '{name}'\n" for name in plain) + CHOICE
    deal = deal_of(dict.fromkeys(source.fields, junk))
    mapping = mapping_of(
        rules.replace("[fields.UF_CRM_PROGRAMME]\nsource = 'UF_CRM_PROGRAMME'\n", "") + BY_NAME
    )
    found = apply(mapping, deal, source, target, answers={}, now=NOON)
    assert {problem.field for problem in found.problems} >= {"STAGE_ID", "OPPORTUNITY", "CLOSEDATE"}
