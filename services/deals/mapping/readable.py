"""Values as people read them: choices, stages and funnels by their names."""

from typing import Any

from services.deals.mapping.converting import LeftOut, told
from services.deals.mapping.model import FUNNEL, STAGE
from services.deals.mapping.schema import FieldType, PortalSchema
from services.deals.mapping.unknown import stage_title


def readable(schema: PortalSchema, name: str, value: Any) -> str:
    """A canonical value of a portal's field; "" for nothing."""
    field = schema.fields.get(name) or FieldType(name)
    parts = value if isinstance(value, list) else [value]
    return ", ".join(_one(schema, field, part) for part in parts if part is not None)


def readable_source(schema: PortalSchema, name: str, raw: Any) -> str:
    """The same for what a portal itself says of one of its fields."""
    if name == STAGE:
        return readable(schema, name, raw)
    if name == FUNNEL and str(raw).isascii() and str(raw).isdigit():
        return readable(schema, name, int(raw))
    try:
        return told(schema.fields.get(name) or FieldType(name), raw)
    except LeftOut:
        return str(raw)


def _one(schema: PortalSchema, field: FieldType, part: Any) -> str:
    if isinstance(part, bool):
        return "Y" if part else "N"
    if field.name == STAGE and (stage := schema.stages.get(str(part))):
        return stage_title(schema, stage)
    if field.name == FUNNEL and (funnel := schema.funnels.get(part)) and funnel.name:
        return funnel.name
    if field.type == "money":
        return str(part).replace("|", " ")
    return field.items.get(str(part), str(part)) if field.is_chosen else str(part)
