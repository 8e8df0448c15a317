"""Parameters on the wire: JSON for a plain call, PHP's query string for a command inside a batch.

The portal takes a batch's command apart with `parse_url` and `parse_str`, then replaces `$result[…]` in the
values (https://www.php.net/parse_str, https://www.php.net/http_build_query). What that would change on the
way has to travel as a plain call: see `travels_alone`.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from services.bitrix24.commands import Command, Reference

MOST_VARIABLES = 900  # PHP drops what is beyond max_input_vars (1000) without a word
LONGEST_TEXT = 40_000  # bytes of all texts of one command inside a batch; a query triples them at most

# The portal's own pattern is \$(result|…)\S*\[, on bytes, so only ASCII spaces end a token. In two parts it
# needs one look at a text; in one, a look at all the rest for each of many `$result` that no bracket follows.
_TOKENS_BEGINNING = re.compile(r"\$(?:result|next|total|time|error)", re.IGNORECASE | re.ASCII)
_SPACES = re.compile(r"\s+", re.ASCII)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CHANGED_IN_KEYS = re.compile(r"[\[\]\x00]")
_CHANGED_IN_FIRST_KEYS = re.compile(r"[. ]")  # parse_str makes underscores of them


def plain(value: Any) -> Any:
    """`value` as JSON knows it, one meaning for both ways; references stay. Raises ValueError, TypeError."""
    match value:
        case str():
            return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)
        case None:
            return ""
        case bool():
            return int(value)
        case int() | Reference():
            return value
        case dict() | Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case Decimal() | float() | date():
            return _as_text(value)
    raise TypeError(f"a portal's parameters cannot hold {type(value).__name__}")


def _as_text(value: Decimal | float | date) -> str | float:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment without its offset means another one in the portal")
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if not math.isfinite(value):
        raise ValueError("no number")
    return f"{value:f}" if isinstance(value, Decimal) else value


def json_body(body: Mapping[str, Any]) -> bytes:
    """The only way a body is made: the portal runs a call without any parameters when it cannot read it."""
    if not isinstance(body, dict):
        raise TypeError("the body of a call is an object")
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def http_build_query(params: Mapping[str, Any]) -> str:
    """What PHP's function of this name gives. None and empty lists and maps are left out, as there."""
    return "&".join(f"{_quoted_key(key)}={_quoted(text)}" for key, text in _pairs(params))


def _quoted(text: str) -> str:
    return quote_plus(text).replace("~", "%7E")  # PHP's urlencode spares one character less


_quoted_key = lru_cache(maxsize=1000)(_quoted)  # the same few, command after command


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        yield from _leaves(str(key), value)


def _leaves(key: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case Mapping():
            for name, one in value.items():
                yield from _leaves(f"{key}[{name}]", one)
        case list():
            for number, one in enumerate(value):
                yield from _leaves(f"{key}[{number}]", one)
        case bool():
            yield key, str(int(value))
        case Reference():
            yield key, token(value)
        case _:
            yield key, str(value)


def token(reference: Reference) -> str:
    """How a batch names what an earlier command gave."""
    return f"$result[{reference.command}]" + "".join(f"[{step}]" for step in reference.path)


def in_batch(command: Command) -> str:
    """The command as a batch holds it. An empty list is sent as one with an empty text, which is PHP's."""
    query = http_build_query(_with_empty_lists(plain(command.params)))
    return f"{command.method}?{query}" if query else command.method


def _with_empty_lists(value: Any) -> Any:
    match value:
        case dict():
            return {key: _with_empty_lists(one) for key, one in value.items()}
        case list():
            return [_with_empty_lists(one) for one in value] or [""]
    return value


def travels_alone(command: Command) -> bool:
    """Whether a batch would change what the command says, cut it short, or not take it at all."""
    if command.method.lower() in ("batch", "upload", "download"):
        return True
    params = plain(command.params)
    if any(_CHANGED_IN_FIRST_KEYS.search(key) or value == [] for key, value in params.items()):
        return True  # a list of rows with an empty text in it has a row
    leaves = list(_pairs(_with_empty_lists(params)))
    if (
        len(leaves) > MOST_VARIABLES
        or sum(len(key) + len(text.encode()) for key, text in leaves) > LONGEST_TEXT
    ):
        return True
    return any(map(_holds_token, _texts(params)))


def _holds_token(text: str) -> bool:
    if "$" not in text or "[" not in text:
        return False
    beginnings = ((word, _TOKENS_BEGINNING.search(word)) for word in _SPACES.split(text))
    return any(found and word.find("[", found.end()) >= 0 for word, found in beginnings)


def _texts(value: Any) -> Iterator[str]:
    """Every text in it, keys too; a key that brackets would tear apart counts as a token."""
    match value:
        case dict():
            for key, one in value.items():
                yield "$result[" if _CHANGED_IN_KEYS.search(key) else key
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
        case str():
            yield value
