"""User fields: those that a portal's people have added to its records."""

import re
from typing import TYPE_CHECKING, Any

from sandbox.bitrix24.entities import CONTACT, DEAL
from sandbox.bitrix24.fields import Field
from sandbox.bitrix24.php import as_list, as_map
from sandbox.bitrix24.wire import Json, classic

if TYPE_CHECKING:
    from sandbox.bitrix24.portal import Portal

LONGEST_NAME = 20  # characters, the prefix among them
_NAME = re.compile("[A-Z0-9_]+")
_ENTITIES = {DEAL: "CRM_DEAL", CONTACT: "CRM_CONTACT"}


def add_user_field(portal: "Portal", given: Json, type_id: int = DEAL) -> int:
    """A new field of deals (or others), described as in crm.deal.userfield.add. Raises RestError."""
    name = _name(str(given.get("FIELD_NAME") or ""))
    entity = portal.entities[type_id]
    if len(name) > LONGEST_NAME:
        raise classic(f"Код поля {name} длиннее {LONGEST_NAME} символов.")
    if not _NAME.fullmatch(name):
        raise classic(f"Код поля {name} содержит недопустимые символы.")
    if name in entity.fields:
        raise classic(f"Поле {name} уже существует.")
    kind, label = str(given.get("USER_TYPE_ID") or "string"), given.get("EDIT_FORM_LABEL")
    title = str(next(iter(label.values()), name) if isinstance(label, dict) else label or name)
    choices = [_choice(portal, place, one) for place, one in enumerate(as_list(given.get("LIST")))]
    multiple = given.get("MULTIPLE") == "Y"
    enumeration = {one["ID"]: one["VALUE"] for one in choices} if kind == "enumeration" else None
    entity.fields[name] = Field(name, kind, title, multiple=multiple, choices=enumeration)
    _fill(portal, type_id, name, [] if multiple else None)
    number = next(portal.numbers)
    row = _row(number, given, name, kind, title) | {"ENTITY_ID": _ENTITIES.get(type_id, f"CRM_{type_id}")}
    portal.user_fields.append(row | ({"LIST": choices} if kind == "enumeration" else {}))
    portal.touch()
    return number


def _name(name: str) -> str:
    upper = name.upper()
    return upper if upper.startswith("UF_CRM_") else f"UF_CRM_{upper}"


def _fill(portal: "Portal", type_id: int, name: str, value: Any) -> None:
    for record in portal.entities[type_id].rows.values():
        record.setdefault(name, value)


def _choice(portal: "Portal", place: int, given: Any) -> Json:
    one = as_map(given)
    return {
        "ID": str(next(portal.numbers)),
        "SORT": str(one.get("SORT", 10 * (place + 1))),
        "VALUE": str(one.get("VALUE", "")),
        "DEF": str(one.get("DEF", "N")),
        "XML_ID": one.get("XML_ID"),
    }


def _row(number: int, given: Json, name: str, kind: str, title: str) -> Json:
    return {
        "ID": str(number),
        "FIELD_NAME": name,
        "USER_TYPE_ID": kind,
        "XML_ID": given.get("XML_ID"),
        "SORT": str(given.get("SORT", 100)),
        "MULTIPLE": "Y" if given.get("MULTIPLE") == "Y" else "N",
        "MANDATORY": "Y" if given.get("MANDATORY") == "Y" else "N",
        "EDIT_FORM_LABEL": title,
    }
