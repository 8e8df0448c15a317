"""What of a source neither the file nor the home portal knows, and what it may be."""

from collections.abc import Iterator

from services.deals.mapping.model import STAGE, Mapping
from services.deals.mapping.schema import PortalSchema, Stage, spoken
from services.deals.mapping.stages import is_named, led_to


def is_unknown(mapping: Mapping, source: PortalSchema, home: PortalSchema, target: str, value: str) -> bool:
    """Whether somebody has to say what a source's value is in the twin's field."""
    rule, field = mapping.rules.get(target), home.fields.get(target)
    if rule is None or rule.when == "never" or not rule.source or field is None:
        return False
    if target == STAGE:
        return not is_named(mapping, value, source)
    return spoken(value) not in rule.values and field.choice(value) is None


def offered(
    mapping: Mapping, source: PortalSchema, home: PortalSchema, target: str, value: str
) -> list[tuple[str, str]]:
    """What a source's value may be in the twin's field: pairs of an id and what people call it, or none."""
    if target == STAGE:
        return [(stage.id, stage_title(home, stage)) for stage in _stages(mapping, source, home, value)]
    field = home.fields.get(target)
    return list(field.items.items()) if field and field.is_chosen else []


def _stages(mapping: Mapping, source: PortalSchema, home: PortalSchema, stage_id: str) -> Iterator[Stage]:
    """All at home; first those of the funnels where the file leads the stage's own funnel."""
    stage = source.stages.get(stage_id)
    near = led_to(mapping, stage, source, home) if stage else frozenset()
    for funnel in sorted(home.funnels.values(), key=lambda one: one.id not in near):
        yield from funnel.stages


def stage_title(schema: PortalSchema, stage: Stage) -> str:
    """A stage with its funnel, as people call them."""
    return ": ".join(filter(None, (schema.funnels[stage.funnel].name, stage.name)))
