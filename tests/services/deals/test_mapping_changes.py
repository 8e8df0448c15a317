"""What has to be written to a twin: changed fields alone, home edits as their owner says."""

from collections.abc import Mapping as Map
from typing import Any

import pytest

from services.deals.mapping.applying import apply
from services.deals.mapping.changes import changes
from services.deals.mapping.model import Changes, Edit, LinkValues, Mapped, Mapping
from services.deals.mapping.schema import FieldType, PortalSchema
from storage.forgotten_links import FORGOTTEN
from tests.services.deals.portals import (
    NOON,
    deal_of,
    mapping_of,
    new_portal,
    schema_of,
)

OWNED = """
[fields.TITLE]
source = "TITLE"
[fields.COMMENTS]
source = "COMMENTS"
owner = "home"
[fields.ADDITIONAL_INFO]
source = "ADDITIONAL_INFO"
owner = "ask"
[fields.UTM_TERM]
source = "UTM_TERM"
when = "if_empty"
[fields.UTM_SOURCE]
source = "UTM_SOURCE"
when = "on_add"
[fields.UTM_MEDIUM]
source = "UTM_MEDIUM"
when = "never"
"""
NAMES = ("TITLE", "COMMENTS", "ADDITIONAL_INFO", "UTM_TERM", "UTM_SOURCE", "UTM_MEDIUM")
HOME = PortalSchema({name: FieldType(name) for name in NAMES}, {})
RULES = mapping_of(OWNED)


def of(values: Map[str, Any], mapping: Mapping = RULES) -> Mapped:
    return apply(mapping, deal_of(values), HOME, HOME, answers={}, now=NOON)


def linked(values: Map[str, Any]) -> LinkValues:
    """The source's values and the twin's were these after the last transfer."""
    return LinkValues(of(values).values, of(values).values)


BEFORE = dict.fromkeys(NAMES, "old")
LINK = linked(BEFORE)


def test_a_new_twin_gets_what_says_something() -> None:
    found = changes(RULES, of(BEFORE | {"COMMENTS": ""}), None, None)
    assert found == Changes(
        {"TITLE": "old", "ADDITIONAL_INFO": "old", "UTM_TERM": "old", "UTM_SOURCE": "old"}
    )


def test_a_twin_that_is_as_it_should_be_is_left_alone() -> None:
    for link in (LINK, None):
        found = changes(RULES, of(BEFORE), link, of(BEFORE).values)
        assert (found.write, found.overwritten, found.kept, found.asked) == ({}, (), (), ())


def test_only_what_the_source_changed_is_written() -> None:
    found = changes(RULES, of(dict.fromkeys(NAMES, "new")), LINK, of(BEFORE).values)
    assert found.write == {"TITLE": "new", "COMMENTS": "new", "ADDITIONAL_INFO": "new"}
    assert found.overwritten == found.kept == found.asked == ()


def test_what_the_source_emptied_is_emptied() -> None:
    found = changes(RULES, of(BEFORE | {"TITLE": None}), LINK, of(BEFORE).values)
    assert found.write == {"TITLE": ""}


def test_a_home_edit_is_overwritten_kept_or_asked_about() -> None:
    twin = of(dict.fromkeys(NAMES, "mine")).values
    found = changes(RULES, of(BEFORE), LINK, twin)
    assert found.write == {"TITLE": "old"}
    assert found.overwritten == (Edit("TITLE", "mine", "old"),)
    assert found.kept == (Edit("COMMENTS", "mine", "old"),)
    assert found.asked == (Edit("ADDITIONAL_INFO", "mine", "old"),)


def test_a_home_edit_that_says_the_same_as_the_source_is_none() -> None:
    same = dict.fromkeys(NAMES, "new")
    found = changes(RULES, of(same), LINK, of(same).values)
    assert (found.write, found.overwritten, found.kept, found.asked) == ({}, (), (), ())


def test_a_kept_edit_stays_kept_whatever_the_source_does_later() -> None:
    values = dict.fromkeys(NAMES, "old")
    twin, link = {**of(values).values, "COMMENTS": "mine"}, LINK
    for text in ("second", "third"):
        mapped = of(values | {"COMMENTS": text})
        found = changes(RULES, mapped, link, twin)
        assert found.write == {}
        assert found.kept == (Edit("COMMENTS", "mine", text),)
        link = LinkValues(mapped.values, found.remember(twin))
    assert changes(RULES, mapped, link, {**twin, "COMMENTS": "old"}).write == {}
    assert changes(RULES, of(values | {"COMMENTS": "4th"}), link, {**twin, "COMMENTS": "old"}).write == {
        "COMMENTS": "4th"
    }


def test_an_edit_that_was_asked_about_stays_until_somebody_decides() -> None:
    twin = {**of(BEFORE).values, "ADDITIONAL_INFO": "mine"}
    first = changes(RULES, of(BEFORE), LINK, twin)
    link = LinkValues(of(BEFORE).values, first.remember(twin))
    assert changes(RULES, of(BEFORE), link, twin).asked == first.asked
    taken = changes(RULES, of(BEFORE), link, twin, taken=["ADDITIONAL_INFO"])
    assert taken.write == {"ADDITIONAL_INFO": "old"}
    assert taken.overwritten == first.asked
    settled = LinkValues(link.source, {**link.target, "ADDITIONAL_INFO": "mine"})
    assert changes(RULES, of(BEFORE), settled, twin).asked == ()


def test_what_is_forgotten_is_no_edit_at_home_and_the_source_erases_it() -> None:
    named, kept = ["TITLE", "COMMENTS", "ADDITIONAL_INFO"], {"UTM_TERM": "old"}
    link = LinkValues(kept, {**kept, FORGOTTEN: named})
    same = changes(RULES, of(BEFORE), link, of(BEFORE).values)
    assert (same.write, same.overwritten, same.kept, same.asked) == ({}, (), (), ())
    erased = changes(RULES, of(BEFORE | dict.fromkeys(named, "")), link, of(BEFORE).values)
    assert erased.write == dict.fromkeys(named, "")
    assert erased.overwritten == erased.kept == erased.asked == ()
    read_back = of(BEFORE).values
    known = LinkValues(read_back, same.remember(read_back))
    assert known.target == read_back  # from then on an edit at home is one again
    later = changes(RULES, of(BEFORE), known, read_back | {"TITLE": "mine"})
    assert later.overwritten == (Edit("TITLE", "mine", "old"),)


def test_without_a_link_what_home_has_counts_as_an_edit_and_what_is_empty_does_not() -> None:
    found = changes(RULES, of(BEFORE), None, dict.fromkeys(NAMES, "mine"))
    assert found.write == {"TITLE": "old"}
    assert found.overwritten == (Edit("TITLE", "mine", "old"),)
    assert [edit.field for edit in found.kept + found.asked] == ["COMMENTS", "ADDITIONAL_INFO"]
    remembered = LinkValues(of(BEFORE).values, found.remember(dict.fromkeys(NAMES, "mine")))
    again = changes(RULES, of(BEFORE), remembered, dict.fromkeys(NAMES, "mine"))
    assert (again.kept, again.asked) == (found.kept, found.asked)
    blank = changes(RULES, of(BEFORE), None, {})
    assert blank.write == dict.fromkeys(("TITLE", "COMMENTS", "ADDITIONAL_INFO", "UTM_TERM"), "old")
    assert blank.overwritten == ()


def test_what_home_makes_of_a_value_is_no_change() -> None:
    link = LinkValues(of(BEFORE).values, {**of(BEFORE).values, "TITLE": "OLD!"})
    assert changes(RULES, of(BEFORE), link, link.target).write == {}


def test_a_field_that_is_only_for_empty_ones_is_filled_once_it_is_empty() -> None:
    twin = {**of(BEFORE).values, "UTM_TERM": None}
    assert changes(RULES, of(BEFORE), LINK, twin).write == {"UTM_TERM": "old"}
    assert changes(RULES, of(BEFORE | {"UTM_TERM": ""}), LINK, twin).write == {}


@pytest.mark.parametrize(
    ("when", "moved", "expected"),
    [
        ("on_add", {"TITLE": "new"}, {"TITLE"}),
        ("always", {"TITLE": "new"}, {"TITLE", "UTM_TERM"}),
        ("always", {}, set()),
        ("if_empty", {}, {"UTM_TERM"}),
    ],
)
def test_a_moment_is_no_change_by_itself(when: str, moved: dict[str, str], expected: set[str]) -> None:
    rules = mapping_of(f"[fields.TITLE]\nsource = 'TITLE'\n[fields.UTM_TERM]\nnow = true\nwhen = '{when}'")
    mapped = of(BEFORE | moved, rules)
    assert "UTM_TERM" not in mapped.values
    assert changes(rules, mapped, LINK, {"TITLE": "old"}).write.keys() == expected
    assert "UTM_TERM" in changes(rules, mapped, None, None).write


def test_a_field_that_cannot_change_is_written_with_the_new_twin_alone() -> None:
    fixed = PortalSchema({"TITLE": FieldType("TITLE", is_immutable=True)}, {})
    rules = mapping_of("[fields.TITLE]\nsource = 'TITLE'")
    mapped = apply(rules, deal_of({"TITLE": "new"}), HOME, fixed, answers={}, now=NOON)
    assert changes(rules, mapped, None, None).write == {"TITLE": "new"}
    assert changes(rules, mapped, None, {"TITLE": "old"}).write == {}


STAGES = """
[fields.STAGE_ID]
source = "STAGE_ID"
owner = "OWNER"
[[funnels]]
source = 0
home = 4
stages = {NEW = "C4:NEW", WON = "C4:WON"}
"""


def staged(stage: str, owner: str) -> tuple[Mapping, Mapped]:
    portal = new_portal()
    portal.dictionaries.add_funnel(4, "Партнёры")
    rules, schema = mapping_of(STAGES.replace("OWNER", owner)), schema_of(portal)
    return rules, apply(rules, deal_of({"STAGE_ID": stage}), schema, schema, answers={}, now=NOON)


def test_a_deal_that_was_moved_to_another_funnel_at_home_is_moved_back() -> None:
    rules, mapped = staged("NEW", "source")
    link = LinkValues(mapped.values, mapped.values)
    found = changes(rules, mapped, link, {"STAGE_ID": "NEW", "CATEGORY_ID": 0})
    assert found.write == {"STAGE_ID": "C4:NEW", "CATEGORY_ID": 4}
    assert {edit.field for edit in found.overwritten} == {"STAGE_ID", "CATEGORY_ID"}


def test_a_funnel_is_never_written_without_its_stage() -> None:
    rules, mapped = staged("WON", "home")
    link = LinkValues({"STAGE_ID": "C4:NEW", "CATEGORY_ID": 4}, {"STAGE_ID": "C4:NEW", "CATEGORY_ID": 4})
    found = changes(rules, mapped, link, {"STAGE_ID": "NEW", "CATEGORY_ID": 0})
    assert found.write == {}
    assert {edit.field for edit in found.kept} == {"STAGE_ID", "CATEGORY_ID"}
    link = LinkValues({"STAGE_ID": "NEW", "CATEGORY_ID": 0}, {"STAGE_ID": "NEW", "CATEGORY_ID": 0})
    assert changes(rules, mapped, link, {"STAGE_ID": "LOSE", "CATEGORY_ID": 0}).write == {}
