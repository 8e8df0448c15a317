"""Whatever fields a deal has, a twin that holds what was sent needs nothing, and one behind catches up."""

from collections.abc import Mapping as Map
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.bitrix24.portal import Portal
from services.deals.mapping.applying import apply
from services.deals.mapping.canonical import canonical, fingerprint
from services.deals.mapping.changes import changes, twin_values
from services.deals.mapping.model import LinkValues, Mapped
from services.deals.model import SourceDeal
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

KINDS = ("string", "double", "money", "integer", "boolean", "date", "datetime", "enumeration", "url")
NAMES_OF = {f"UF_CRM_{kind.upper()}{'S' * many}": (kind, many) for kind in KINDS for many in (False, True)}
EVERY = "".join(f"[fields.{name}]\nsource = '{name}'\n" for name in NAMES_OF)
EVERY_RULE = mapping_of(EVERY + "[fields.TITLE]\nsource = 'TITLE'\n[fields.UF_CRM_AT]\nnow = true\n")


def every_kind(domain: str, zone: str) -> Portal:
    portal = new_portal(domain, zone)
    texts = ("a", "b", "c") if zone == "Europe/Moscow" else ("c", "x", "b", "A")
    for name, (kind, many) in NAMES_OF.items():
        with_field(portal, name, kind, *(texts if kind == "enumeration" else ()), many=many)
    with_field(portal, "UF_CRM_AT", "datetime")
    return portal


SOURCE = every_kind("partner1.bitrix24.ru", "Europe/Moscow")
SOURCE_SCHEMA = schema_of(SOURCE)
TWINS_SCHEMA = schema_of(every_kind("home.bitrix24.ru", "America/New_York"))
CHOICES = [int(key) for key in SOURCE_SCHEMA.fields["UF_CRM_ENUMERATION"].items]
MOSCOW = timezone(timedelta(hours=3))
ONE = {
    "string": st.text(max_size=8),
    "url": st.sampled_from(["https://example.com/", " x ", ""]),
    "double": st.decimals(places=2, min_value=-(10**9), max_value=10**9).map(str),
    "money": st.decimals(places=2, min_value=0, max_value=10**9).map(lambda one: f"{one}|RUB"),
    "integer": st.integers(-(10**9), 10**9),
    "boolean": st.sampled_from(["Y", "N", "1", "0", 1, 0, True, False]),
    "date": st.dates().map(str),
    "datetime": st.integers(0, 2**32).map(lambda one: datetime.fromtimestamp(one, MOSCOW).isoformat()),
    "enumeration": st.sampled_from(CHOICES),
}
WRITTEN = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.lists(ONE[kind], max_size=3) if many else ONE[kind]
            for name, (kind, many) in NAMES_OF.items()
        },
        "TITLE": st.text(min_size=1, max_size=10).filter(str.strip),  # the portal makes up one for none
    },
)


def source_deal(fields: Map[str, Any]) -> SourceDeal:
    return deal_of(shown(SOURCE, write(SOURCE, fields)))


def every(deal: SourceDeal) -> Mapped:
    return apply(EVERY_RULE, deal, SOURCE_SCHEMA, TWINS_SCHEMA, answers={}, now=NOON)


@given(WRITTEN)
def test_a_mapping_gives_the_same_each_time_in_its_canonical_spelling(fields: Map[str, Any]) -> None:
    deal = source_deal(fields)
    mapped = every(deal)
    assert mapped == every(deal)
    assert fingerprint(mapped.values) == fingerprint(dict(reversed(every(deal).values.items())))
    for name, value in mapped.values.items():
        assert canonical(TWINS_SCHEMA.fields[name], value) == value


@given(WRITTEN)
def test_a_twin_that_holds_what_was_sent_needs_nothing(fields: Map[str, Any]) -> None:
    """Kept and read by the stand-in, in another zone, with other ids for the same choices."""
    home = every_kind("home.bitrix24.ru", "America/New_York")
    mapped = every(source_deal(fields))
    number = write(home, changes(EVERY_RULE, mapped, None, None).write)
    twin = twin_values(EVERY_RULE, TWINS_SCHEMA, shown(home, number))
    found = changes(EVERY_RULE, mapped, None, twin)
    assert found.write == {}
    link = LinkValues(mapped.values, found.remember(twin))
    assert changes(EVERY_RULE, mapped, link, twin).write == {}


@given(WRITTEN, WRITTEN)
def test_after_an_update_the_twin_is_as_the_source_and_quiet(
    before: Map[str, Any], after: Map[str, Any]
) -> None:
    home = every_kind("home.bitrix24.ru", "America/New_York")
    first, second = every(source_deal(before)), every(source_deal(after))
    number = write(home, changes(EVERY_RULE, first, None, None).write)
    twin = twin_values(EVERY_RULE, TWINS_SCHEMA, shown(home, number))
    found = changes(EVERY_RULE, second, LinkValues(first.values, twin), twin)
    write(home, found.write, number)
    read_back = twin_values(EVERY_RULE, TWINS_SCHEMA, shown(home, number))
    assert found.overwritten == ()
    link = LinkValues(second.values, found.remember(read_back))
    assert changes(EVERY_RULE, second, link, read_back).write == {}
    assert {name: read_back[name] for name in second.values} == second.values
