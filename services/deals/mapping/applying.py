"""A mapping applied to a deal: what its twin is to hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.deals.mapping.concat import filled
from services.deals.mapping.converting import NOTHING, Answers, LeftAlone, LeftOut, constant, converted, told
from services.deals.mapping.model import FUNNEL, STAGE, Mapped, Mapping, Problem, Rule, answer_key
from services.deals.mapping.schema import FieldType, PortalSchema, Stage
from services.deals.mapping.stages import home_stage, is_named
from services.deals.model import SourceDeal

_CURRENCY = "CURRENCY_ID"


def apply(
    mapping: Mapping,
    deal: SourceDeal,
    source: PortalSchema,
    home: PortalSchema,
    *,
    answers: Answers,
    now: datetime,
) -> Mapped:
    """The twin's canonical values, and what had to be left out. Raises nothing of its own.

    `answers`: (the twin's field, the source's value) → what the twin gets, or NOTHING; used where the file
    says nothing.
    A field that the source does not have, or does not show, is left as it is, without a problem.
    """
    making = _Making(mapping, deal, source, home, answers, now)
    made: dict[str, Any] = {}
    stamps: dict[str, Any] = {}
    problems: list[Problem] = []
    for target in sorted(mapping.rules):
        rule = mapping.rules[target]
        try:
            if rule.when != "never":
                (stamps if rule.now else made).update(making.of(rule))
        except LeftAlone:
            continue
        except LeftOut as left:
            problems.append(left.of(target))
    return Mapped(made, tuple(problems), stamps, home)


@dataclass(frozen=True, slots=True)
class _Making:
    mapping: Mapping
    deal: SourceDeal
    source: PortalSchema
    home: PortalSchema
    answers: Answers
    now: datetime

    def of(self, rule: Rule) -> dict[str, Any]:
        """The fields that a rule makes: none, one, or a stage with its funnel. Raises LeftOut, LeftAlone."""
        field = self.home.fields.get(rule.target)
        if field is None:
            raise LeftOut("no_field")
        if field.is_read_only:
            raise LeftOut("read_only")
        if rule.target == STAGE:
            return self._stage(rule)
        if rule.source and rule.source not in self.deal.fields and rule.default is None:
            return {}
        made = self._made(rule, field)
        return {rule.target: constant(field, rule.default) if made is None else made}

    def _made(self, rule: Rule, field: FieldType) -> Any:
        if rule.source:
            raw, kind = self.deal.fields.get(rule.source), self._source_type(rule.source)
            return converted(rule, kind, field, raw, currency=self._currency(), answers=self.answers)
        if rule.concat:
            text = filled(rule.concat, self._placed)
            return constant(field, text) if text else None
        if rule.now:
            return constant(field, self.now.isoformat())
        return constant(field, rule.value)

    def _placed(self, name: str) -> str:
        key = self.deal.key
        if name == "source_domain":
            return key.domain
        if name == "source_id":
            return str(key.id)
        return told(self._source_type(name), self.deal.fields.get(name))

    def _source_type(self, name: str) -> FieldType:
        return self.source.fields.get(name) or FieldType(name)

    def _currency(self) -> str:
        return str(self.deal.fields.get(_CURRENCY) or "")

    def _stage(self, rule: Rule) -> dict[str, Any]:
        stage_id = str((self.deal.fields.get(STAGE) if rule.source else rule.value) or "")
        is_open = bool(rule.source) and not is_named(self.mapping, stage_id, self.source)
        found = self._answered(stage_id) if is_open else self._of_file(rule, stage_id)
        if found:
            return {STAGE: found.id, FUNNEL: found.funnel}
        if not stage_id:
            return {}
        known = self.source.stages.get(stage_id)
        raise LeftOut("stage", stage_id, known.name if known else "", is_open=is_open)

    def _of_file(self, rule: Rule, stage_id: str) -> Stage | None:
        if not rule.source:
            return self.home.stages.get(stage_id)
        return home_stage(self.mapping, stage_id, self.source, self.home)

    def _answered(self, stage_id: str) -> Stage | None:
        answer = self.answers.get(answer_key(STAGE, stage_id))
        if answer == NOTHING:
            raise LeftAlone
        return self.home.stages.get(answer) if answer else None
