"""Fields of CRM objects: what they are, and what becomes of a value that is written or read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bitrix24.php import as_list, is_true
from sandbox.bitrix24.wire import Json

_NUMBER = re.compile(r"\s*[+-]?\d+")
_DATES = (
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)"), (1, 2, 3)),
    (re.compile(r"(\d\d)\.(\d\d)\.(\d{4})"), (3, 2, 1)),
)
IDS = frozenset({"integer", "user", "crm_company", "crm_contact", "crm_lead", "crm_category", "crm_entity"})
STATUSES = frozenset({"crm_status", "crm_currency"})
LINKS = frozenset({"crm_company", "crm_contact", "crm_status"})  # LIKE does not work on them


@dataclass(frozen=True, slots=True)
class Field:
    """One field under its classic name. `choices` are an enumeration's: id → text."""

    name: str
    type: str
    title: str
    read_only: bool = False
    immutable: bool = False
    multiple: bool = False
    status_type: str | None = None
    choices: Mapping[str, str] | None = None

    @property
    def is_dynamic(self) -> bool:
        """A user field."""
        return self.name.startswith("UF_")

    def api(self) -> Json:
        """The shape of crm.*.fields."""
        shape: Json = {
            "type": self.type,
            "isRequired": False,
            "isReadOnly": self.read_only,
            "isImmutable": self.immutable,
            "isMultiple": self.multiple,
            "isDynamic": self.is_dynamic,
        }
        if self.status_type:
            shape["statusType"] = self.status_type
        if self.choices is not None:
            shape["items"] = [{"ID": key, "VALUE": text} for key, text in self.choices.items()]
        if self.is_dynamic:
            return shape | {"title": self.name, "listLabel": self.title, "formLabel": self.title}
        return shape | {"title": self.title}


def stored(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """What a written value is kept as: text as classic reads give it, dates as YYYY-MM-DD."""
    if field.multiple:
        found = (_one(field, one, zone) for one in as_list(value))
        return [one for one in found if one not in (None, "")]
    return _one(field, value, zone)


def _one(field: Field, value: Any, zone: ZoneInfo) -> Any:
    kind = field.type
    if isinstance(value, dict | list):
        # PHP counts an array that is not empty as 1: so does a contact that an unresolved reference named.
        return str(int(bool(value))) if kind in IDS else None
    if value is None or value == "":
        return "0" if kind in ("crm_company", "crm_contact") else None
    if kind in IDS:
        return str(whole(value))
    if kind == "enumeration":
        return str(value) if field.choices and str(value) in field.choices else None
    readers = {"double": _amount, "char": _flag, "boolean": _bit, "date": _day}
    if kind in readers:
        return readers[kind](value)
    return _moment(value, zone) if kind == "datetime" else _text(value)


def whole(value: Any) -> int:
    """PHP's (int): the digits that a text begins with, else 0."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, bool | int | float):
        return int(value)
    if isinstance(value, dict | list):
        return int(bool(value))
    found = _NUMBER.match(str(value or ""))
    return int(found[0]) if found else 0


def _text(value: Any) -> str:
    return str(int(value)) if value is True else "" if value is False else str(value)


def _amount(value: Any) -> str:
    try:
        amount = Decimal(str(value).replace(",", "."))
    except InvalidOperation:
        return "0.00"
    return f"{amount:.2f}" if amount.is_finite() else "0.00"


def _flag(value: Any) -> str:
    return "Y" if value is True or value == "Y" else "N"


def _bit(value: Any) -> str:
    return "1" if is_true(value) and value != "N" else "0"


def _day(value: Any) -> str | None:
    for pattern, order in _DATES:
        if found := pattern.match(str(value)):
            year, month, day = (int(found[place]) for place in order)
            try:
                return date(year, month, day).isoformat()
            except ValueError:
                return None
    return None


def _moment(value: Any, zone: ZoneInfo) -> str | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return wire_moment(moment, zone)


def wire_moment(moment: datetime, zone: ZoneInfo) -> str:
    """ISO 8601 in whole seconds with the portal's offset."""
    return moment.astimezone(zone).isoformat(timespec="seconds")


def wire_day(day: str, zone: ZoneInfo) -> str:
    """A date as it is read: midnight in UTC, told in the portal's zone (so perhaps the day before)."""
    return wire_moment(datetime.combine(date.fromisoformat(day), time(), UTC), zone)


def classic_read(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """A kept value as the older methods give it."""
    if field.type == "date" and isinstance(value, str):
        return wire_day(value, zone)
    if field.multiple and value is None:
        return []
    return value


def modern_read(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """A kept value as crm.item.* gives it: ids and money are numbers, user flags are Y and N."""
    if field.multiple:
        return [modern_read_one(field, one, zone) for one in value or []]
    return modern_read_one(field, value, zone)


def modern_read_one(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """One value of it."""
    kind = field.type
    if kind in IDS:
        return int(value) if value not in (None, "") else 0 if kind != "crm_entity" else None
    if kind == "double":
        return _number(value or "0")
    if kind == "enumeration":
        return None if value is None else int(value)
    if kind == "boolean":
        return "Y" if value == "1" else "N"
    return classic_read(field, value, zone)


def _number(text: str) -> int | float:
    amount = Decimal(text)
    return int(amount) if amount == amount.to_integral_value() else float(amount)
