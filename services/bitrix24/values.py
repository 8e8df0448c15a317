"""The portal's values as everybody else means them: converted once, where they come in.

Numbers come as texts, texts as numbers, an empty map as `[]`, and a date as midnight in UTC, shown in
whatever zone the portal is in. What is no value of its kind raises ValueError; what is empty is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_TRUE, _FALSE = frozenset({"Y", "1", "TRUE"}), frozenset({"N", "0", "FALSE", ""})


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as money fields of one's own have it (`1000.00|RUB`)."""

    amount: Decimal
    currency: str


def identity(value: Any) -> int | None:
    """An object's id; None for none, which the portal writes as null, "", "0" or 0."""
    number = whole(value)
    return number or None


def whole(value: Any) -> int | None:
    """A whole number."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (text := value.strip()).isascii() and text.removeprefix("-").isdigit():
        return int(text)
    raise ValueError(f"no whole number: {type(value).__name__}")


def amount(value: Any) -> Decimal | None:
    """An amount without its currency. A fraction of JSON is taken as it was written, not as it is stored."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"no amount: {type(value).__name__}")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("no amount") from None
    if not number.is_finite():
        raise ValueError("no amount")
    return number


def money(value: Any) -> Money | None:
    """An amount with its currency."""
    if value is None or value == "":
        return None
    number, _, currency = str(value).partition("|")
    found = amount(number)
    return None if found is None else Money(found, currency.strip())


def flag(value: Any) -> bool | None:
    """Y and N, 1 and 0, true and false; None when there is nothing at all."""
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().upper()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("neither yes nor no")


def moment(value: Any) -> datetime | None:
    """A moment, aware, in UTC."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("no moment")
    found = datetime.fromisoformat(value.strip())
    if found.tzinfo is None:
        raise ValueError("a moment without its offset")
    return found.astimezone(UTC)


def day(value: Any) -> date | None:
    """A date. In the portal's own zone its first ten characters may be the day before."""
    if isinstance(value, str) and len(value.strip()) == 10:
        return date.fromisoformat(value.strip())
    found = moment(value)
    return found.date() if found else None


def mapping(value: Any) -> dict[str, Any]:
    """A map; PHP writes an empty one as `[]`, and one whose keys are 0, 1, … as a list."""
    if isinstance(value, Mapping):
        return {str(key): one for key, one in value.items()}
    if isinstance(value, list):
        return {str(number): one for number, one in enumerate(value)}
    raise ValueError(f"no map: {type(value).__name__}")
