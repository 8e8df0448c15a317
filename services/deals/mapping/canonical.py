"""One spelling for each value, whatever a portal wrote: equal things are equal, and a digest says so."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from services.bitrix24 import values
from services.deals.mapping.schema import FieldType
from storage.texts import storable

Time = TypeVar("Time", bound=date)
MOST_DIGITS = 40  # before or behind the point; 1e999999 is a number too
_FLAGS = frozenset({"boolean", "char"})
_AMOUNTS = frozenset({"double", "money"})
_NUMBERS = frozenset({"integer", "crm_category"})
_IDS = frozenset(
    {"user", "employee", "crm_company", "crm_contact", "crm_entity", "crm_lead", "crm_quote", "enumeration"}
)


def canonical(field: FieldType, raw: Any) -> Any:
    """A field's value as JSON knows it; what is canonical already stays as it is. Raises ValueError.

    Amounts are texts of their digits, money `1000|RUB`, days `2024-08-30`, moments ISO 8601 in UTC and whole
    seconds, flags true or false (nothing is false), ids numbers; nothing is null. A multiple field is a
    sorted list.
    """
    if not field.is_multiple:
        return _one(field, raw)
    return sorted(each(field, raw), key=_sorted_as)


def each(field: FieldType, raw: Any) -> list[Any]:
    """The values that say something, one by one, in their order; those of a single field are one or none."""
    if not field.is_multiple:
        parts = [raw]
    elif isinstance(raw, list | dict):
        parts = list(values.mapping(raw).values())
    else:
        parts = [] if raw is False else [raw]  # the portal writes false for none
    made = [_one(field, part) for part in parts if part is not None and part != ""]
    return [one for one in made if one is not None]


def seen(field: FieldType, raw: Any) -> Any:
    """The same for what a portal holds already: a value that is none of its kind is compared as its text."""
    try:
        return canonical(field, raw)
    except ValueError:
        return storable(json.dumps(raw, sort_keys=True, default=str))


def is_empty(field: FieldType, value: Any) -> bool:
    """Whether a canonical value is nothing, which for flags is false and for amounts zero."""
    if field.type in _AMOUNTS and isinstance(value, str):
        return value.partition("|")[0] == "0"
    return value is None or value is False or value == []


def fingerprint(found: Mapping[str, Any]) -> str:
    """The digest of canonical values: SHA-256 in hex over their sorted JSON."""
    return sha256(_json(dict(found)).encode()).hexdigest()


def sent(field: FieldType, value: Any) -> Any:
    """A canonical value as a portal takes it in writing; "" empties a field."""
    if isinstance(value, list):
        return [sent(field, one) for one in value] or [""]  # an empty list is lost on the way
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("Y" if value else "N") if field.type == "char" else int(value)
    return value


def plain(number: Decimal) -> str:
    """An amount's digits without needless zeros. Raises ValueError for endless ones."""
    if number and not -MOST_DIGITS < number.adjusted() < MOST_DIGITS:
        raise ValueError("no amount of this world")
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-", "-0", "0") or not number else text


def text(value: Any) -> str | None:
    """A text: line ends alike, nothing around it; numbers as they are written. Raises ValueError."""
    if value is None or value is False:
        return None
    if isinstance(value, bool):
        return "1"
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"no text: {type(value).__name__}")
    return storable(str(value)).replace("\r\n", "\n").replace("\r", "\n").strip() or None


def _one(field: FieldType, raw: Any) -> Any:
    kind = field.type
    if kind in _FLAGS:
        return values.flag(raw) or False
    if raw is False or raw is None or raw == "":
        return None
    if kind in _NUMBERS:
        return values.whole(raw)
    if kind in _IDS:
        return values.identity(raw)
    readers = {"double": _double, "money": _money, "date": _day, "datetime": _moment}
    return readers.get(kind, text)(raw)


def _double(raw: Any) -> str | None:
    found = values.amount(raw.partition("|")[0] if isinstance(raw, str) else raw)
    return None if found is None else plain(found)


def _money(raw: Any) -> str | None:
    found = values.money(raw)
    return None if found is None else f"{plain(found.amount)}|{found.currency.upper()}"


def _day(raw: Any) -> str | None:
    found = _in_time(values.day, raw)
    return found.isoformat() if found else None


def _moment(raw: Any) -> str | None:
    found = _in_time(values.moment, raw)
    return found.replace(microsecond=0).isoformat() if found else None


def _in_time(read: Callable[[Any], Time | None], raw: Any) -> Time | None:
    try:
        return read(raw)
    except OverflowError:  # the first and the last day of all calendars have no other zones
        raise ValueError("a moment out of time") from None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _sorted_as(value: Any) -> tuple[int, Any, str]:
    return (0, value, "") if isinstance(value, int) else (1, 0, str(value))
