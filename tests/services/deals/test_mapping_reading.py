"""A mapping's file: what it may say, and how everything wrong with it is told at once."""

import math
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.deals.mapping.faults import MappingFaults
from services.deals.mapping.reading import DEFAULT, LARGEST, read, read_file


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(MappingFaults) as caught:
        read(text.encode())
    return caught.value.faults


def test_the_built_in_mapping_is_the_one_that_was_agreed() -> None:
    mapping = read_file(None)
    plain = {name: rule.source for name, rule in mapping.rules.items() if rule.source}
    assert plain == {
        "TITLE": "TITLE",
        "OPPORTUNITY": "OPPORTUNITY",
        "CURRENCY_ID": "CURRENCY_ID",
        "STAGE_ID": "STAGE_ID",
        "UF_CRM_PARTNER_ID": "UF_CRM_SOURCE_ID",
        "UF_CRM_ESB_CONTRACT": "UF_CRM_CONTRACT",
    }
    assert mapping.rules["SOURCE_DESCRIPTION"].concat == "Import from {source_domain}"
    assert (mapping.rules["UF_CRM_IMPORT_DATE"].now, mapping.rules["UF_CRM_IMPORT_DATE"].when) == (
        True,
        "on_add",
    )
    [table] = mapping.funnels
    assert (table.source, table.home, dict(table.stages)) == (
        1,
        0,
        {
            "C1:NEW": "NEW",
            "C1:PREPARATION": "PREPARATION",
            "C1:PREPAYMENT_INVOICE": "PREPAYMENT",
            "C1:EXECUTING": "EXECUTING",
            "C1:FINAL_INVOICE": "FINAL",
            "C1:WON": "WON",
            "C1:LOSE": "LOSE",
        },
    )


def test_the_label_tells_files_apart_that_bear_one_version() -> None:
    data = DEFAULT.read_bytes()
    one, other = read(data), read(data + b"# edited\n")
    assert one.version == other.version == 1
    assert one.label != other.label == read(data + b"# edited\n").label
    assert len(one.label) <= 64


def test_all_faults_are_told_at_once_each_with_its_place() -> None:
    text = """
        version = 0
        spelling = "error"
        [fields.TITLE]
        source = "title"
        when = "sometimes"
        colour = "red"
        [fields.COMMENTS]
        source = "COMMENTS"
        value = "both"
        [fields.UF_CRM_A]
        now = false
        default = 1
        [fields.UF_CRM_B]
        concat = "{0.__class__}"
        owner = "partner"
        [fields.UF_CRM_C]
        source = "UF_CRM_C"
        values = {"Да" = "Yes", "ДА " = "No"}
        [fields.ORIGIN_ID]
        value = "x"
        [fields.comments]
        value = nan
        [fields.UF_CRM_D]
        value = 2026-01-01T10:00:00
        [[funnels]]
        source = 1
        home = true
        stages = {"NEW" = "NEW"}
    """
    told = faults_of(text)
    expected = [
        "version: is no whole number",
        "spelling: is unknown; there are fields, funnels, version",
        "fields.TITLE.source: is no name of a field",
        "fields.TITLE.when: is none of always, on_add, if_empty, never",
        "fields.TITLE.colour: is unknown",
        "fields.COMMENTS: needs exactly one of source, value, concat, now",
        "fields.UF_CRM_A.now: may only be true",
        "fields.UF_CRM_A.default: is only for what has source or concat",
        "fields.UF_CRM_B.concat: holds a placeholder that is neither a field",
        "fields.UF_CRM_B.owner: is none of source, home, ask",
        "fields.UF_CRM_C.values: names one value twice",
        "fields.ORIGIN_ID: is set by the hub itself",
        "fields.comments: is no name of a field",
        "fields.comments.value: is no number",
        "fields.UF_CRM_D.value: is a moment without its offset",
        "funnels[1].home: is neither a funnel's number nor its name",
        "funnels[1].stages.NEW: is no stage of its funnel: ids of stages in funnel 1 begin with C1:",
        "funnels: is only for a field STAGE_ID whose source is STAGE_ID",
    ]
    for start in expected:
        assert any(one.startswith(start) for one in told), (start, told)
    assert len(told) == len(expected), told


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "version: "),
        ("version = true\n[fields.TITLE]\nsource = 'TITLE'", "version: "),
        ("version = 1", "fields: names no field"),
        ("version = 1\nfields = 3", "fields: is no table"),
        ("version = 1\n[fields]\nTITLE = 'TITLE'", "fields.TITLE: is no table"),
        ("version = 1\n[fields.TITLE]\nsource = ''", "fields.TITLE.source: is empty"),
        ("version = 1\n[fields.TITLE]\nconcat = 'a { b'", "fields.TITLE.concat: has a brace"),
        ("version = 1\n[fields.TITLE]\nvalue = {a = 1}", "fields.TITLE.value: is no text"),
        ("version = 1\n[fields.TITLE]\nvalue = [[1]]", "fields.TITLE.value: is no text"),
        ("version = 1\n[fields.TITLE]\nvalues = {a='b'}\nvalue = 1", "fields.TITLE.values: is only for"),
        ("version = 1\n[fields.TITLE]\nsource = 'TITLE'\nvalues = {}", "fields.TITLE.values: is empty"),
        ("version = 1\n[fields.STAGE_ID]\nsource = 'STAGE_ID'", "fields.STAGE_ID: needs a table [[funnels]]"),
        ("version = 1\n[fields.STAGE_ID]\nnow = true", "fields.STAGE_ID: is made of"),
        (
            "version = 1\n[fields.CATEGORY_ID]\nsource = 'CATEGORY_ID'",
            "fields.CATEGORY_ID: may only be a value",
        ),
        ("version = 1\nfunnels = 3\n[fields.TITLE]\nsource = 'TITLE'", "funnels: is no list"),
        ("version = 1\n[fields.TITLE", "the file is no TOML"),
        ("version = " + "9" * 5000, "the file is no TOML"),
        ("version = " + "[" * 50_000, "the file is no TOML"),
        ("#" * (LARGEST + 1), "the file is longer than"),
    ],
)
def test_each_fault_says_where_and_what(text: str, start: str) -> None:
    assert faults_of(text)[0].startswith(start)


def test_a_stage_and_its_funnel_come_together() -> None:
    told = faults_of(
        DEFAULT.read_text("utf-8").replace(
            "[fields.TITLE]", "[fields.CATEGORY_ID]\nvalue = 2\n[fields.TITLE]"
        )
    )
    assert told == ("fields.CATEGORY_ID: comes with STAGE_ID",)


def test_one_funnel_has_one_table() -> None:
    table = "[[funnels]]\nsource = 'Обучение'\nhome = 0\nstages = {'Новая' = 'NEW'}\n"
    told = faults_of(f"{DEFAULT.read_text('utf-8')}{table}{table.replace('Обучение', 'обучение')}")
    assert told == ("funnels: have two tables for one source funnel",)


def test_what_is_no_text_at_all_is_refused_and_a_byte_order_mark_is_not() -> None:
    with pytest.raises(MappingFaults, match="no UTF-8"):
        read(b"\xff\xfe")
    assert read(b"\xef\xbb\xbf" + DEFAULT.read_bytes()).version == 1


def test_a_file_that_is_not_there_is_a_fault_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(MappingFaults) as caught:
        read_file(tmp_path / "secret-name.toml")
    assert "secret-name" not in str(caught.value)


WORDS = st.sampled_from(
    [
        "version",
        "fields",
        "funnels",
        "TITLE",
        "STAGE_ID",
        "CATEGORY_ID",
        "source",
        "value",
        "values",
        "concat",
        "now",
        "default",
        "when",
        "owner",
        "home",
        "stages",
        "always",
        "ask",
        "C1:NEW",
        "NEW",
        "{TITLE}",
        "{",
    ]
)
SCALARS = st.one_of(
    WORDS,
    st.text(max_size=5),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.times(),
    st.datetimes(),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=25,
)


def as_toml(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{as_toml(key)} = {as_toml(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_toml, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(one):08x}" for one in value) + '"'
        case bool():
            return str(value).lower()
        case float() if not math.isfinite(value):
            return "nan" if math.isnan(value) else "inf"
        case float():
            return f"{value:.6f}"
        case date() | time():
            return value.isoformat()
    return str(value)


@given(st.dictionaries(WORDS, DOCUMENTS, max_size=4))
@example({"version": 1, "fields": {"TITLE": {"value": datetime(2026, 1, 1, tzinfo=UTC)}}})
def test_any_toml_is_a_mapping_or_has_faults(document: dict[str, Any]) -> None:
    text = "\n".join(f"{as_toml(key)} = {as_toml(value)}" for key, value in document.items())
    faults: tuple[str, ...] = ()
    rules = 0
    try:
        rules = len(read(text.encode()).rules)
    except MappingFaults as found:
        faults = found.faults
    assert bool(rules) is not bool(faults)
    assert all(": " in one for one in faults)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_mapping_or_have_faults(data: bytes) -> None:
    with pytest.raises(MappingFaults):
        read(data)
