"""Texts with placeholders: `Import from {source_domain}`, `{UF_CRM_CITY}, {UF_CRM_STREET}`."""

import re
from collections.abc import Callable
from string import Formatter

OF_THE_DEAL = frozenset({"source_domain", "source_id"})  # beside the fields of the source
FIELD_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,99}")


def parts(pattern: str) -> list[tuple[str, str]]:
    """Pairs of a literal text and the placeholder behind it, if any. Raises ValueError, which says why."""
    try:
        parsed = list(Formatter().parse(pattern))
    except ValueError:
        raise ValueError("has a brace without its partner; a brace itself is written twice") from None
    for _, name, specification, conversion in parsed:
        if name is None:
            continue
        if specification or conversion or not (name in OF_THE_DEAL or FIELD_NAME.fullmatch(name)):
            raise ValueError("holds a placeholder that is neither a field nor source_domain nor source_id")
    return [(literal, name or "") for literal, name, _, _ in parsed]


def filled(pattern: str, value_of: Callable[[str], str | None]) -> str:
    """The text with its placeholders put in; empty when it has some and none of them says anything."""
    pairs = parts(pattern)
    given = [value_of(name) or "" if name else "" for _, name in pairs]
    if any(name for _, name in pairs) and not any(given):
        return ""
    return "".join(literal + value for (literal, _), value in zip(pairs, given, strict=True))
