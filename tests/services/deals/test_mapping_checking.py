"""A mapping held against the portals."""

import pytest

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.user_fields import add_user_field
from services.deals.mapping.checking import Finding, check, missing_field
from services.deals.mapping.model import Rule
from services.deals.mapping.reading import read_file
from services.deals.mapping.schema import FieldType, PortalSchema
from tests.services.deals.portals import mapping_of, new_portal, schema_of, with_field


@pytest.fixture
def partner() -> Portal:
    made = new_portal()
    made.dictionaries.add_funnel(1, "Обучение")
    return made


@pytest.fixture
def home() -> Portal:
    return new_portal("home.bitrix24.ru")


def test_missing_fields_are_told_with_what_would_make_them(partner: Portal, home: Portal) -> None:
    with_field(partner, "UF_CRM_SOURCE_ID")
    found = check(read_file(None), schema_of(partner), schema_of(home))
    created = {one.field: one.create for one in found if one.kind == "no_field"}
    assert {name: (one or {})["USER_TYPE_ID"] for name, one in created.items()} == {
        "UF_CRM_PARTNER_ID": "string",
        "UF_CRM_ESB_CONTRACT": "string",
        "UF_CRM_IMPORT_DATE": "datetime",
    }
    assert [one.value for one in found if one.kind == "home_stage"] == ["FINAL", "PREPAYMENT"]


def test_what_is_offered_makes_the_findings_go(partner: Portal, home: Portal) -> None:
    with_field(partner, "UF_CRM_COURSE", "enumeration", "Аналитик", "Python", many=True)
    rules = mapping_of(
        "[fields.UF_CRM_PROGRAMME]\nsource = 'UF_CRM_COURSE'\nvalues = {'python' = 'Питон'}\n"
        "[fields.UF_CRM_AT]\nnow = true\n[fields.UF_CRM_N]\nvalue = 3"
    )
    first = check(rules, schema_of(partner), schema_of(home))
    assert [one.kind for one in first] == ["no_field"] * 3
    for one in first:
        assert one.create is not None
        add_user_field(home, dict(one.create))
    assert check(rules, schema_of(partner), schema_of(home)) == ()
    made = schema_of(home).fields
    assert list(made["UF_CRM_PROGRAMME"].items.values()) == ["Аналитик", "Питон"]
    assert made["UF_CRM_PROGRAMME"].is_multiple
    assert (made["UF_CRM_AT"].type, made["UF_CRM_N"].type) == ("datetime", "integer")


def test_everything_that_will_be_left_out_is_found(partner: Portal, home: Portal) -> None:
    with_field(partner, "UF_CRM_COURSE", "enumeration", "Аналитик", "Python")
    with_field(home, "UF_CRM_PROGRAMME", "enumeration", "python")
    rules = mapping_of(
        """
        [fields.UF_CRM_PROGRAMME]
        source = "UF_CRM_COURSE"
        [fields.TITLE]
        source = "UF_CRM_NONE"
        [fields.ASSIGNED_BY_ID]
        source = "ASSIGNED_BY_ID"
        [fields.DATE_CREATE]
        source = "DATE_CREATE"
        [fields.UNKNOWN]
        source = "TITLE"
        [fields.COMMENTS]
        source = "UF_CRM_GONE"
        when = "never"
        [fields.STAGE_ID]
        source = "STAGE_ID"
        [[funnels]]
        source = "обучение"
        home = 0
        stages = {"Новая" = "NEW", "В работе" = "GONE"}
        """
    )
    assert check(rules, schema_of(partner), schema_of(home)) == (
        Finding("ASSIGNED_BY_ID", "link", "ASSIGNED_BY_ID"),
        Finding("DATE_CREATE", "read_only"),
        Finding("STAGE_ID", "home_stage", "GONE"),
        Finding("STAGE_ID", "stage", "C1:EXECUTING"),
        Finding("STAGE_ID", "stage", "C1:LOSE"),
        Finding("STAGE_ID", "stage", "C1:PREPARATION"),
        Finding("STAGE_ID", "stage", "C1:WON"),
        Finding("TITLE", "no_source_field", "UF_CRM_NONE"),
        Finding("UF_CRM_PROGRAMME", "choice", "Аналитик"),
        Finding("UNKNOWN", "no_field"),
    )


def test_a_portals_answers_of_another_shape_are_no_schema() -> None:
    for fields, categories, statuses in (
        ("text", {"categories": []}, []),
        ({"TITLE": "text"}, {"categories": []}, []),
        ({}, None, []),
        ({}, {"categories": [{"id": "x"}]}, []),
        ({}, {"categories": []}, [3]),
    ):
        with pytest.raises(ValueError, match=r"no (map|whole number)"):
            PortalSchema.of(fields, categories, statuses)


def test_php_writes_empty_maps_as_lists_and_the_first_funnel_is_there_in_any_case() -> None:
    schema = PortalSchema.of([], [], [])
    assert schema.fields == {}
    assert list(schema.funnels) == [0]


def test_of_sources_that_differ_a_field_is_made_that_holds_what_all_have() -> None:
    rule = mapping_of("[fields.UF_CRM_X]\nsource = 'UF_CRM_Y'").rules["UF_CRM_X"]
    lists = [FieldType("UF_CRM_Y", "enumeration", items={"1": a, "2": b}) for a, b in ("AB", "BC")]
    made = missing_field(rule, lists) or {}
    assert [one["VALUE"] for one in made["LIST"]] == ["A", "B", "C"]
    many = FieldType("UF_CRM_Y", "double", is_multiple=True, title="Amount")
    made = missing_field(rule, [many, lists[0]]) or {}
    assert (made["USER_TYPE_ID"], made["MULTIPLE"], made["EDIT_FORM_LABEL"]["en"]) == (
        "string",
        "Y",
        "Amount",
    )


@pytest.mark.parametrize("name", ["UF_CRM_NAMED_TOO_LONG", "UF_CRM_", "UF_CRM_small", "UF_CRM_Ж", "MY_FIELD"])
def test_what_the_portal_takes_as_no_name_is_offered_by_nobody(name: str) -> None:
    assert missing_field(Rule(name, value=1), []) is None


@pytest.mark.parametrize(
    ("value", "kind", "many"),
    [
        ("2026-03-01", "date", "N"),
        ("2026-03-01T10:00:00+03:00", "datetime", "N"),
        ("2026-03-01T10:00:00Z", "datetime", "N"),
        ("true", "boolean", "N"),
        ("1.5", "double", "N"),
        ("'20260301'", "string", "N"),
        ("'2026-03-01T10:00:00'", "string", "N"),
        ("[1, 2]", "integer", "Y"),
        ("[2026-03-01, 2026-03-02]", "date", "Y"),
        ("[1, 'two']", "string", "Y"),
        ("[]", "string", "Y"),
    ],
)
def test_a_constants_field_is_made_as_the_constant_is(value: str, kind: str, many: str) -> None:
    made = missing_field(mapping_of(f"[fields.UF_CRM_X]\nvalue = {value}").rules["UF_CRM_X"], []) or {}
    assert (made["USER_TYPE_ID"], made["MULTIPLE"]) == (kind, many)
