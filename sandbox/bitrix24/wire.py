"""What every part of the stand-in shares about the wire: JSON, refusals and phones."""

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_EXTENSION = re.compile(r"[;#].*", re.DOTALL)
_NOT_DIGITS = re.compile(r"\D")
_FOREIGN_EIGHTS = ("80", "81", "82")
_LONG_PHONE = 10


class RestError(Exception):
    """A refusal. `code` is text, empty text or a number; `status` that of a call made directly."""

    def __init__(self, code: str | int, description: str, status: int = 400, **more: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status
        self.more = more

    def body(self) -> Json:
        """The JSON of the refusal, alone or inside a batch's answer."""
        return {"error": self.code, "error_description": self.description, **self.more}


class PageError(ValueError):
    """The page asked for what there is not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method gives. `total` and `next` are there for lists only."""

    result: Any
    total: int | None = None
    next: int | None = None


def classic(text: str) -> RestError:
    """A refusal of the older CRM methods: without any code."""
    return RestError("", text)


def not_found() -> RestError:
    """What the older CRM methods say of an id that is not there."""
    return classic("Not found")


def item_not_found() -> RestError:
    """The same from crm.item.*, in the portal's language."""
    return RestError("NOT_FOUND", "Элемент не найден")


def missing(name: str) -> RestError:
    """crm.item.* without a parameter that it needs."""
    return RestError("100", f"Could not find value for parameter {{{name}}}")


def method_not_found() -> RestError:
    """No such method."""
    return RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def operating_limit() -> RestError:
    """The method has used up its time."""
    return RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


def query_limit() -> RestError:
    """The bucket is full."""
    return RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def normal_phone(text: str) -> str:
    """The portal's own form of a phone, by which it finds duplicates: digits alone."""
    cut = _EXTENSION.sub("", text.strip())
    digits = _NOT_DIGITS.sub("", cut)
    if len(digits) < _LONG_PHONE or cut.startswith("+8"):
        return digits
    if digits.startswith("8") and not digits.startswith(_FOREIGN_EIGHTS):
        return "7" + digits[1:]
    return _without_prefix(digits)


def _without_prefix(digits: str) -> str:
    for prefix in ("00", "011", "0"):
        if digits.startswith(prefix):
            return digits[len(prefix) :]
    return digits
