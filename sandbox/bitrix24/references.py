"""`$result[name][field]` and its kin in a batch: what earlier commands gave, put into later ones."""

import re
from collections.abc import Mapping
from typing import Any

# The token goes on to the next blank, whatever stands in it; only its bracketed parts count.
_TOKEN = re.compile(r"\$(result|next|total|time|error)(\S*\[\S*)", re.IGNORECASE)
_PART = re.compile(r"\[([^\[\]]+)\]")

Known = Mapping[str, Mapping[str, Any]]


def resolved(value: Any, known: Known) -> Any:
    """A command's parameters with references put in. `known` holds the sections by name.

    A text that is one reference becomes the value itself; inside a text only scalars are put in. What is not
    there is the nearest that is: for an unknown command the whole section.
    """
    if isinstance(value, dict):
        return {key: resolved(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [resolved(one, known) for one in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = _TOKEN.fullmatch(value)
    if whole is not None:
        return _found(whole, known)
    return _TOKEN.sub(lambda token: _spliced(token, known), value)


def _spliced(token: re.Match[str], known: Known) -> str:
    found = _found(token, known)
    if isinstance(found, dict | list):
        return token[0]
    if found is None or isinstance(found, bool):
        return "1" if found else ""
    return str(found)


def _found(token: re.Match[str], known: Known) -> Any:
    place: Any = known.get(token[1])
    for part in _PART.findall(token[2]):
        below = _below(place, part)
        if below is None:
            break
        place = below
    return place


def _below(place: Any, part: str) -> Any:
    if isinstance(place, list):
        return place[int(part)] if part.isdecimal() and int(part) < len(place) else None
    return place.get(part) if isinstance(place, Mapping) else None
