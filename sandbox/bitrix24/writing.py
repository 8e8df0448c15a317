"""Adding, changing and deleting records, with the rules and the silences of a real portal."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.bitrix24 import binding, multifields
from sandbox.bitrix24.entities import CONTACT, DEAL, Entity
from sandbox.bitrix24.fields import stored, whole
from sandbox.bitrix24.wire import Json

if TYPE_CHECKING:
    from sandbox.bitrix24.portal import Portal

_CLOSES_AFTER = timedelta(days=7)
_SEMANTICS = {None: "P", "S": "S", "F": "F"}


def add(portal: "Portal", entity: Entity, fields: Mapping[str, Any], user_id: int) -> int:
    """A new record's id. Unknown and read-only fields are dropped silently. Raises RestError."""
    record = entity.defaults() | _born(portal, entity, user_id)
    written = _written(portal, entity, fields, record, new=True)
    record |= written
    record["ID"] = str(number := entity.rows.new_id())
    if not record.get("TITLE") and "TITLE" in entity.fields:
        record["TITLE"] = f"{entity.title} #{number}"
    entity.rows[number] = record
    if entity.type_id == DEAL:
        binding.bind_written(portal, number, fields)
    _tell(portal, entity, "ADD", number)
    return number


def update(
    portal: "Portal",
    entity: Entity,
    number: int,
    fields: Mapping[str, Any],
    user_id: int,
    *,
    modern: bool = False,
) -> None:
    """Change a record. The classic way always tells of it; the modern one only of what really changed.

    Only the modern way moves a deal to another funnel, of which ONCRMDEALUPDATE does not tell. Raises
    RestError.
    """
    record = entity.rows[number]
    written = _written(portal, entity, fields, record, new=modern and "CATEGORY_ID" in fields)
    changed = {name: value for name, value in written.items() if record.get(name) != value}
    bound = entity.type_id == DEAL and binding.bind_written(portal, number, fields)
    if modern and not changed and not bound:
        return
    if "STAGE_ID" in changed:
        changed |= {"MOVED_BY_ID": str(user_id), "MOVED_TIME": portal.now()} if "MOVED_TIME" in record else {}
    record |= changed | {"MODIFY_BY_ID": str(user_id), "DATE_MODIFY": portal.now()}
    moved = entity.type_id == DEAL and "CATEGORY_ID" in changed
    _tell(portal, entity, "MOVETOCATEGORY" if moved else "UPDATE", number)


def delete(portal: "Portal", entity: Entity, number: int) -> None:
    """Take a record away, and what hangs on it."""
    del entity.rows[number]
    if entity.type_id == DEAL:
        portal.bindings.pop(number, None)
        portal.product_rows.pop(number, None)
    elif entity.type_id == CONTACT:
        binding.forget_contact(portal, number)
    _tell(portal, entity, "DELETE", number)


def _tell(portal: "Portal", entity: Entity, what: str, number: int) -> None:
    if entity.event:
        portal.events.fire(f"ONCRM{entity.event}{what}", number)
    portal.touch()


def _born(portal: "Portal", entity: Entity, user_id: int) -> Json:
    """The fields that a portal fills by itself."""
    today, user = portal.clock.now().astimezone(portal.zone).date(), str(user_id)
    known: Json = {
        "ASSIGNED_BY_ID": user,
        "CREATED_BY_ID": user,
        "MODIFY_BY_ID": user,
        "MOVED_BY_ID": user,
        "DATE_CREATE": portal.now(),
        "DATE_MODIFY": portal.now(),
        "MOVED_TIME": portal.now(),
        "OPENED": "Y",
        "EXPORT": "Y",
        "HAS_PHONE": "N",
        "HAS_EMAIL": "N",
        "IS_NEW": "Y",
        "CLOSED": "N",
        "TYPE_ID": "SALE" if entity.type_id == DEAL else None,
        "CATEGORY_ID": "0",
        "STAGE_SEMANTIC_ID": "P",
        "CURRENCY_ID": "RUB",
        "IS_MANUAL_OPPORTUNITY": "N",
        "COMPANY_ID": "0" if entity.type_id == DEAL else None,
        "CONTACT_ID": None,
        "BEGINDATE": today.isoformat(),
        "CLOSEDATE": (today + _CLOSES_AFTER).isoformat(),
    }
    return {name: value for name, value in known.items() if name in entity.fields}


def _written(portal: "Portal", entity: Entity, fields: Mapping[str, Any], record: Json, *, new: bool) -> Json:
    """What a write makes of a record, by field."""
    written: Json = {}
    for name, value in fields.items():
        known = entity.fields.get(name)
        if known is None or known.read_only or (known.immutable and not new):
            continue
        if known.type == "crm_multifield":
            written[name] = multifields.merged(name, record.get(name) or [], value, portal.numbers)
        elif name != "CONTACT_ID" or entity.type_id != DEAL:
            written[name] = portal.spelling(known, stored(known, value, portal.zone))
    if entity.type_id == DEAL:
        _settle_stage(portal, record, written, new=new)
    for name in set(written) & {"PHONE", "EMAIL"}:
        written[f"HAS_{name}"] = "Y" if written[name] else "N"
    return written


def _settle_stage(portal: "Portal", record: Json, written: Json, *, new: bool) -> None:
    """An unknown funnel becomes the first; an unknown stage its first one for a new deal, else is ignored."""
    known = portal.dictionaries
    if new:
        funnel = whole(written.get("CATEGORY_ID", record.get("CATEGORY_ID")))
        written["CATEGORY_ID"] = str(funnel if funnel in known.funnels else 0)
    funnel = whole(written.get("CATEGORY_ID", record.get("CATEGORY_ID")))
    asked = written.pop("STAGE_ID", None) or (record.get("STAGE_ID") if new else None)
    stage = known.stage(funnel, str(asked)) or (known.stages(funnel)[0] if new else None)
    if stage is not None:
        written["STAGE_ID"] = stage.status_id
        written["STAGE_SEMANTIC_ID"] = _SEMANTICS[stage.semantics]
        written["CLOSED"] = "Y" if stage.semantics else "N"
