"""Phones, addresses and the like of contacts and companies: several values each, with ids of their own."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.bitrix24.php import as_map
from sandbox.bitrix24.wire import Json, RestError

_ATOM = r"[\w=+~'!$&*^`|#%/?{}-]+"  # of Latin letters
_EMAIL = re.compile(rf"(?a:{_ATOM}(\.{_ATOM})*)@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
_KINDS = {"WORK": "Рабочий", "HOME": "Частный", "MAILING": "Для рассылок"}


def merged(name: str, kept: list[Json], written: Any, ids: Iterator[int]) -> list[Json]:
    """The values after a write: with a known ID one is changed or (emptied) deleted, without one it is added.

    `name` is the field's. What is no array is not looked at. Raises RestError for an address that is none.
    """
    values = [dict(one) for one in kept]
    for element in as_map(written).values():
        given = {key.upper(): value for key, value in as_map(element).items()}
        if given:
            _apply(name, values, given, ids)
    return values


def _apply(name: str, values: list[Json], given: Json, ids: Iterator[int]) -> None:
    text = str(given.get("VALUE") or "").strip()
    known = next((one for one in values if one["ID"] == str(given.get("ID"))), None)
    if known is not None and (given.get("DELETE") == "Y" or ("VALUE" in given and not text)):
        values.remove(known)
        return
    kind = str(given.get("VALUE_TYPE") or (known or {}).get("VALUE_TYPE") or "WORK")
    if name == "EMAIL" and text and not _EMAIL.fullmatch(text):
        raise _bad_address(kind)
    if known is not None:
        known.update(VALUE=text or known["VALUE"], VALUE_TYPE=kind)
    elif text:
        values.append({"ID": str(next(ids)), "VALUE_TYPE": kind, "VALUE": text, "TYPE_ID": name})


def _bad_address(kind: str) -> RestError:
    text = f"Поле «{_KINDS.get(kind, 'Другой')} e-mail» содержит некорректный адрес"
    return RestError("ERROR_CORE", text)


def modern(record: Json, names: list[str]) -> list[Json]:
    """All values of a record as crm.item.* gives them under `fm`."""
    return [
        {
            "id": int(one["ID"]),
            "valueType": one["VALUE_TYPE"],
            "value": one["VALUE"],
            "typeId": one["TYPE_ID"],
        }
        for name in names
        for one in record.get(name) or []
    ]


def from_modern(written: Any) -> dict[str, list[Json]]:
    """`fm` of crm.item.* by field; an element without typeId changes nothing and is not refused."""
    found: dict[str, list[Json]] = {}
    for key, element in as_map(written).items():
        given = {name.lower(): value for name, value in as_map(element).items()}
        kind = str(given.get("typeid") or "").upper()
        if not kind:
            continue
        number = given.get("id", key if isinstance(written, dict) else None)
        one = {"ID": str(number), "VALUE": given.get("value"), "VALUE_TYPE": given.get("valuetype")}
        found.setdefault(kind, []).append({name: value for name, value in one.items() if value is not None})
    return found
