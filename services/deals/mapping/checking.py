"""A mapping held against the portals that it is about: what will be left out, and what would help."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from services.deals.mapping.model import STAGE, Mapping, Rule
from services.deals.mapping.schema import FieldType, PortalSchema, spoken
from services.deals.mapping.stages import has_table, home_stage, leads_nowhere

_USER_FIELD = "UF_CRM_"
_NAME = re.compile(
    rf"{_USER_FIELD}[A-Z0-9_]{{1,13}}"
)  # the portal takes 20 characters, its own seven among them
_TYPES = frozenset(
    {"string", "integer", "double", "boolean", "enumeration", "date", "datetime", "money", "url", "address"}
)  # that crm.deal.userfield.add makes
_CONSTANTS = {bool: "boolean", int: "integer", float: "double"}

Lack = Literal["no_field", "read_only", "no_source_field", "link", "home_stage", "stage", "choice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What will not go as the file says.

    `field` is the twin's; `value` the source's field, stage or choice (the home portal's of `home_stage`).
    `create`: the fields of crm.deal.userfield.add that would help, for a user field that is missing.
    """

    field: str
    kind: Lack
    value: str = ""
    create: Map[str, Any] | None = None


def check(mapping: Mapping, source: PortalSchema, home: PortalSchema) -> tuple[Finding, ...]:
    """All findings for one source, by field. None of them keeps deals from being transferred."""
    found = [
        one for rule in mapping.rules.values() if rule.when != "never" for one in _of(rule, source, home)
    ]
    if STAGE in mapping.rules and mapping.rules[STAGE].when != "never":
        found += _stages(mapping, source, home)
    return tuple(sorted(found, key=lambda one: (one.field, one.kind, one.value)))


def missing_field(rule: Rule, known: Sequence[FieldType]) -> Map[str, Any] | None:
    """What crm.deal.userfield.add would make the rule's field of; None for one that it cannot make.

    `known`: the field as sources have it that the rule takes. Where they differ, it becomes what holds all.
    https://apidocs.bitrix24.com/api-reference/crm/deals/user-defined-fields/crm-deal-userfield-add.html
    """
    if not _NAME.fullmatch(rule.target):
        return None
    is_list = isinstance(rule.value, list)
    found = known or [FieldType(rule.source, _kind_of(rule), is_multiple=is_list, title=rule.target)]
    kinds, title = {one.type for one in found}, found[0].title
    kind = kinds.pop() if len(kinds) == 1 else "string"
    kind = kind if kind in _TYPES else "string"
    made = {
        "FIELD_NAME": rule.target.removeprefix(_USER_FIELD),
        "USER_TYPE_ID": kind,
        "MULTIPLE": "Y" if any(one.is_multiple for one in found) else "N",
        "EDIT_FORM_LABEL": {"ru": title, "en": title},
    }
    if kind != "enumeration":
        return made
    names = (name for one in found for name in one.items.values())
    texts = dict.fromkeys(rule.values.get(spoken(name), name) for name in names)
    return made | {"LIST": [{"VALUE": name, "SORT": 10 * place} for place, name in enumerate(texts, 1)]}


def _kind_of(rule: Rule) -> str:
    """Of a list what all in it are, else a text."""
    if rule.now:
        return "datetime"
    kinds = {_constant(one) for one in (rule.value if isinstance(rule.value, list) else [rule.value])}
    return kinds.pop() if len(kinds) == 1 else "string"


def _constant(value: Any) -> str:
    """A mapping holds days, and moments with their offset, as texts that only they are written as."""
    if not isinstance(value, str):
        return _CONSTANTS.get(type(value), "string")
    if _is_written_by(date, value):
        return "date"
    return (
        "datetime" if _is_written_by(datetime, value) and datetime.fromisoformat(value).tzinfo else "string"
    )


def _is_written_by(kind: type[date], text: str) -> bool:
    try:
        return kind.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _of(rule: Rule, source: PortalSchema, home: PortalSchema) -> Iterator[Finding]:
    target = home.fields.get(rule.target)
    if target is None:
        known = source.fields.get(rule.source)
        yield Finding(rule.target, "no_field", create=missing_field(rule, [known] if known else []))
        return
    if target.is_read_only:
        yield Finding(rule.target, "read_only")
    if not rule.source or rule.target == STAGE:
        return
    known = source.fields.get(rule.source)
    if known is None:
        yield Finding(rule.target, "no_source_field", rule.source)
    elif target.is_link and not rule.values:
        yield Finding(rule.target, "link", rule.source)
    elif target.is_chosen and known.is_chosen:
        yield from _choices(rule, known, target)


def _choices(rule: Rule, source: FieldType, home: FieldType) -> Iterator[Finding]:
    for name in source.items.values():
        named = rule.values.get(spoken(name), name)
        if home.choice(named) is None and named not in home.items:
            yield Finding(rule.target, "choice", name)


def _stages(mapping: Mapping, source: PortalSchema, home: PortalSchema) -> Iterator[Finding]:
    rule = mapping.rules[STAGE]
    if not rule.source:
        if str(rule.value) not in home.stages:
            yield Finding(STAGE, "home_stage", str(rule.value))
        return
    for target in leads_nowhere(mapping, home):
        yield Finding(STAGE, "home_stage", target)
    for stage in source.stages.values():
        if has_table(mapping, stage, source) and home_stage(mapping, stage.id, source, home) is None:
            yield Finding(STAGE, "stage", stage.id)
