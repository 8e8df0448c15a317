"""Which fields tell who somebody is, by their names: for what masks them and for what rewrites them."""

import re

_NAMES = re.compile(
    r"(?:^|[_.])(?:name|(?:first|last|second|middle|full|user|contact|display)_?name|surname|fio)$"
    r"|^(?:by|who|asker)$",
    re.IGNORECASE,
)
_EMAILS = re.compile(r"e-?mail", re.IGNORECASE)
_PHONES = re.compile(r"phone", re.IGNORECASE)
_CARDS = re.compile(r"vcard", re.IGNORECASE)


def names_people(field: str) -> bool:
    """Whether what bears this name holds names of people."""
    return bool(_NAMES.search(field))


def holds_email(field: str) -> bool:
    """Whether what bears this name holds e-mail addresses."""
    return bool(_EMAILS.search(field))


def holds_phone(field: str) -> bool:
    """Whether what bears this name holds phone numbers."""
    return bool(_PHONES.search(field))


def tells_who(field: str) -> bool:
    """Whether what bears this name tells who somebody is, in one way or another."""
    return names_people(field) or holds_email(field) or holds_phone(field) or bool(_CARDS.search(field))
