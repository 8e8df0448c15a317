"""What is asked about a deal, what is not, and what answers make of it."""

from dataclasses import replace

import msgspec
import pytest

from sandbox.bitrix24.portal import Portal
from services.deals.asking import MAPPING, Questions, digest, field_key, value_key
from services.deals.looking import Look
from services.deals.mapping.applying import apply
from services.deals.mapping.changes import changes
from services.deals.mapping.converting import NOTHING
from services.deals.mapping.model import Edit, LinkValues, Mapped, Mapping
from services.deals.mapping.unknown import is_unknown, offered
from services.deals.model import DealKey, Order, Ruled, Verdict
from services.flow.inquiries import Ask
from tests.services.deals.portals import NOON, PARTNER, deal_of, mapping_of, new_portal, schema_of, with_field

HOME = "home.bitrix24.ru"
COURSE = "[fields.UF_CRM_COURSE]\nsource = 'UF_CRM_COURSE'\n"
STAGES = """
[fields.STAGE_ID]
source = "STAGE_ID"
[[funnels]]
source = "Обучение"
home = "Лагерь"
stages = {"Новая" = "Новая", "В работе" = "нет такой"}
"""


@pytest.fixture
def partner() -> Portal:
    made = new_portal()
    made.dictionaries.add_funnel(1, "Обучение")
    with_field(made, "UF_CRM_COURSE", "enumeration", "Аналитик", "Python", "Дизайн", many=True)
    return made


@pytest.fixture
def home() -> Portal:
    made = new_portal(HOME)
    made.dictionaries.add_funnel(7, "Лагерь")
    with_field(made, "UF_CRM_COURSE", "enumeration", "Python", "Аналитик данных", many=True)
    return made


def look_at(
    partner: Portal,
    home: Portal,
    rules: Mapping,
    answers: dict[tuple[str, str], str] | None = None,
    **fields: object,
) -> Look:
    """At a deal that the partner's portal has so."""
    deal, there = deal_of(fields), schema_of(partner)
    mapped = apply(rules, deal, there, schema_of(home), answers=answers or {}, now=NOON)
    return Look(deal, rules, mapped, mapped.values, there, answers or {})


def asked(look: Look) -> list[Ask]:
    return list(Questions(look.deal.key, HOME).values(look))


def items(portal: Portal, *texts: str) -> list[int]:
    field = schema_of(portal).fields["UF_CRM_COURSE"]
    return [int(field.choice(text) or 0) for text in texts]


def test_a_stage_offers_first_the_funnel_where_its_own_funnel_leads(partner: Portal, home: Portal) -> None:
    rules = mapping_of(STAGES)
    [ask] = asked(look_at(partner, home, rules, STAGE_ID="C1:WON", TITLE="Курс"))
    assert (ask.kind, ask.key) == (MAPPING, f"{PARTNER}|STAGE_ID|C1:WON")
    labels = [choice.label.partition(":")[0] for choice in ask.choices]
    own = [label == "Лагерь" for label in labels[:-1]]
    assert own == sorted(own, reverse=True)
    assert (len(own), ask.choices[-1].value) == (len(schema_of(home).stages), NOTHING)


@pytest.mark.parametrize("stage", ["C1:NEW", "C1:EXECUTING"])
def test_what_the_file_names_is_never_asked_nor_answered(partner: Portal, home: Portal, stage: str) -> None:
    rules = mapping_of(STAGES)
    answers = {("STAGE_ID", stage): "WON"}
    look = look_at(partner, home, rules, answers, STAGE_ID=stage)
    assert asked(look) == []
    assert look.mapped.values.get("STAGE_ID") == ("C7:NEW" if stage == "C1:NEW" else None)


def test_a_choice_offers_the_homes_items_and_nothing(partner: Portal, home: Portal) -> None:
    look = look_at(partner, home, mapping_of(COURSE), UF_CRM_COURSE=items(partner, "Python", "Дизайн"))
    [ask] = asked(look)
    assert ask.details == {
        "domain": PARTNER,
        "field": "UF_CRM_COURSE",
        "value": "Дизайн",
        "outdated": None,
    }
    assert [choice.label for choice in ask.choices[:-1]] == ["Python", "Аналитик данных"]


def test_what_no_choice_can_answer_is_not_asked(partner: Portal, home: Portal) -> None:
    rules = mapping_of(
        "[fields.ASSIGNED_BY_ID]\nsource = 'ASSIGNED_BY_ID'\n[fields.TYPE_ID]\nvalue = 'what?'\n"
    )
    look = look_at(partner, home, rules, ASSIGNED_BY_ID="7")
    assert {problem.kind for problem in look.mapped.problems} == {"link", "choice"}
    assert asked(look) == []


def test_of_several_values_only_the_one_is_left_out_that_somebody_said(partner: Portal, home: Portal) -> None:
    answers = {("UF_CRM_COURSE", "Дизайн"): NOTHING}
    both = items(partner, "Python", "Дизайн")
    look = look_at(partner, home, mapping_of(COURSE), answers, UF_CRM_COURSE=both)
    assert (look.mapped.values, look.mapped.problems) == ({"UF_CRM_COURSE": items(home, "Python")}, ())
    alone = look_at(partner, home, mapping_of(COURSE), answers, UF_CRM_COURSE=both[1:])
    assert (alone.mapped.values, alone.mapped.problems) == ({}, ())


def test_an_answer_that_the_home_portal_knows_no_more_is_asked_anew(partner: Portal, home: Portal) -> None:
    answers = {("UF_CRM_COURSE", "Дизайн"): "999999"}
    look = look_at(partner, home, mapping_of(COURSE), answers, UF_CRM_COURSE=items(partner, "Дизайн"))
    [ask] = asked(look)
    assert (ask.details["value"], ask.details["outdated"]) == ("Дизайн", "999999")


def test_what_the_file_or_the_portal_has_learnt_is_unknown_no_more(partner: Portal, home: Portal) -> None:
    there, ours = schema_of(partner), schema_of(home)
    rules = mapping_of(COURSE)
    assert is_unknown(rules, there, ours, "UF_CRM_COURSE", "Дизайн")
    assert not is_unknown(rules, there, ours, "UF_CRM_COURSE", "python")
    listed = mapping_of(COURSE + 'values = {"дизайн" = "Python"}')
    assert not is_unknown(listed, there, ours, "UF_CRM_COURSE", "Дизайн")
    assert not is_unknown(mapping_of(STAGES), there, ours, "UF_CRM_COURSE", "Дизайн")
    assert offered(rules, there, ours, "TITLE", "x") == []


def test_keys_of_inquiries_are_short_and_tell_values_apart() -> None:
    long = "x" * 255
    keys = {value_key(PARTNER, "UF_CRM_A", value) for value in ("a", "b", long, f"{long[1:]}y")}
    assert len(keys) == 4
    assert max(map(len, keys)) <= 200
    assert len(field_key(DealKey("a" * 250, 1), "TITLE")) <= 200


def test_an_edit_is_known_by_both_its_values() -> None:
    edit = Edit("TITLE", "ours", "theirs")
    others = (Edit("TITLE", "theirs", "ours"), replace(edit, before=None), replace(edit, field="COMMENTS"))
    assert digest(edit) == digest(Edit("TITLE", "ours", "theirs"))
    assert digest(edit) not in {digest(each) for each in others}


def test_what_somebody_keeps_is_remembered_as_the_twins_own() -> None:
    rules = mapping_of("[fields.TITLE]\nsource = 'TITLE'\nowner = 'ask'\n")
    mapped, link = Mapped({"TITLE": "theirs"}), LinkValues({"TITLE": "theirs"}, {"TITLE": "theirs"})
    twin = {"TITLE": "ours"}
    assert [edit.field for edit in changes(rules, mapped, link, twin).asked] == ["TITLE"]
    kept = changes(rules, mapped, link, twin, settled=("TITLE",))
    assert (kept.write, kept.asked, kept.remember(twin)) == ({}, (), twin)
    later = LinkValues({"TITLE": "theirs"}, kept.remember(twin))
    assert changes(rules, mapped, later, twin).write == {}
    assert changes(rules, Mapped({"TITLE": "newer"}), later, twin).write == {"TITLE": "newer"}


def test_orders_without_a_verdict_are_stored_as_ever_so_that_they_are_joined() -> None:
    plain = msgspec.json.encode(Order(PARTNER, 12))
    assert plain == b'{"domain":"partner1.bitrix24.ru","id":12,"side":"source","asked":false}'
    assert msgspec.json.decode(plain, type=Ruled).verdict is None
    ruled = Ruled(PARTNER, 12, verdict=Verdict("take", "TITLE", "d"))
    assert msgspec.json.decode(msgspec.json.encode(ruled), type=Ruled) == ruled
