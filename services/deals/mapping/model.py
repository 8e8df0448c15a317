"""Rules, what they make of a deal, and what of it has to be written."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from services.deals.mapping.canonical import sent
from services.deals.mapping.concat import parts
from services.deals.mapping.schema import FieldType, PortalSchema
from storage.texts import storable

STAGE, FUNNEL = "STAGE_ID", "CATEGORY_ID"
LONGEST_VALUE = 255  # characters of a value that somebody was asked about

When = Literal["always", "on_add", "if_empty", "never"]
Owner = Literal["source", "home", "ask"]
Trouble = Literal["no_field", "read_only", "link", "stage", "choice", "value"]
Values = Map[str, Any]
"""Canonical values by the twin's field: what JSON knows, with one spelling each."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field of the twin is made: of exactly one of `source`, `value`, `concat` and `now`.

    `concat`: a text with `{FIELD}`, `{source_domain}` and `{source_id}` in it. `values`: the source's text →
    the twin's, before anything else. `default` is for when nothing came.
    """

    target: str
    source: str = ""
    value: Any = None
    concat: str = ""
    now: bool = False
    default: Any = None
    values: Map[str, str] = field(default_factory=dict)
    when: When = "always"
    owner: Owner = "source"


@dataclass(frozen=True, slots=True)
class StageTable:
    """Stages of one source funnel → stages of one home funnel, each by number and ids or by names."""

    source: int | str
    home: int | str
    stages: Map[str, str]


@dataclass(frozen=True)
class Mapping:
    """A file of rules. `digest`: SHA-256 of the file's bytes, in hex."""

    version: int
    digest: str
    rules: Map[str, Rule]
    funnels: tuple[StageTable, ...] = ()

    @property
    def label(self) -> str:
        """The version with the beginning of the digest, as links and logs have it; at most 64 characters."""
        return f"{self.version}:{self.digest[:16]}"

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The twin's fields that the rules are about, with the funnel when stages are mapped."""
        named = [name for name, rule in self.rules.items() if rule.when != "never"]
        return tuple(sorted({*named, FUNNEL} if STAGE in named else named))

    @cached_property
    def sources(self) -> frozenset[str]:
        """The source's fields that some rule takes."""
        rules = self.rules.values()
        placed = {name for rule in rules for _, name in parts(rule.concat)}
        return frozenset({rule.source for rule in rules} | placed)

    def rule_of(self, target: str) -> Rule:
        """A field's rule; the funnel goes with the stage."""
        return self.rules[STAGE if target == FUNNEL and FUNNEL not in self.rules else target]


def answer_key(target: str, value: str) -> tuple[str, str]:
    """By which an answer is found about a source's value."""
    return target, storable(value)[:LONGEST_VALUE]


@dataclass(frozen=True, slots=True)
class Problem:
    """A field of the twin that was left out.

    `value` is the source's, as `mapping_answers` keeps it (a stage's id, a choice's text); `title` is for
    people. `is_open`: nothing but an answer is missing.
    """

    field: str
    kind: Trouble
    value: str = ""
    title: str = ""
    is_open: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """By which an answer is found."""
        return answer_key(self.field, self.value)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a deal comes to. `stamps` are moments of `now`: no change by themselves, so not in `values`."""

    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()
    stamps: dict[str, Any] = field(default_factory=dict)
    home: PortalSchema = field(default_factory=lambda: PortalSchema({}, {}), repr=False)

    def sent(self, target: str) -> Any:
        """A field's value as the home portal takes it in writing."""
        value = self.stamps[target] if target in self.stamps else self.values[target]
        return sent(self.type_of(target), value)

    def type_of(self, target: str) -> FieldType:
        """The home portal's field."""
        return self.home.fields.get(target) or FieldType(target)


@dataclass(frozen=True, slots=True)
class LinkValues:
    """What was mapped at the last transfer, and what the twin was to hold after it (`Changes.remember`)."""

    source: Values
    target: Values


@dataclass(frozen=True, slots=True)
class Edit:
    """A field whose twin was edited at home: `before` is the home portal's value, `after` the source's."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be done to the twin.

    `write`: fields with values as the portal takes them, for crm.deal.add or crm.deal.update. `overwritten`:
    home edits that `write` undoes, for the journal. `kept`: home edits that stay, and why the twin differs;
    `asked`: those that somebody has to decide. `known`: what the twin was to hold before; of `unjudged`
    fields nothing could be said, as the source's value is unknown.
    """

    write: dict[str, Any] = field(default_factory=dict)
    overwritten: tuple[Edit, ...] = ()
    kept: tuple[Edit, ...] = ()
    asked: tuple[Edit, ...] = ()
    known: Values = field(default_factory=dict, repr=False)
    unjudged: frozenset[str] = frozenset()

    def remember(self, read_back: Values) -> dict[str, Any]:
        """`LinkValues.target` of the next time: the twin as read back, but home edits stay known as such."""
        edited = {edit.field for edit in (*self.kept, *self.asked)} | self.unjudged
        return {
            **{name: value for name, value in read_back.items() if name not in edited},
            **{name: self.known[name] for name in edited if name in self.known},
        }
