"""What PHP makes of queries and answers: https://www.php.net/parse_str, http_build_query, json_encode."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

MAX_INPUT_VARS = 1000
_MAX_NESTING = 64
_MAX_INTEGER = 2**63 - 1
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_SPACES = " \t\n\r\v\f"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_UNFIT = str.maketrans(" .[", "___")


class JsonObject(dict[str, Any]):
    """A mapping that stays `{}` when it is empty: an object of PHP's, not an array."""


class _Array(dict[int | str, Any]):
    """A PHP array: numeric text is a number as a key, and what has no key goes behind the highest number."""

    free = 0

    def put(self, key: str | None, value: Any) -> None:
        if key is None:
            if self.free <= _MAX_INTEGER:
                self[self.free] = value
                self.free += 1
            return
        place = _key(key)
        self[place] = value
        if isinstance(place, int):
            self.free = max(self.free, place + 1)


def parse_str(query: str, most: int = MAX_INPUT_VARS) -> Any:
    """The variables of a query, at most `most` of them. Keys from 0 on make a list, also at the top."""
    return shaped(read_variables((_decoded(one) for one in _pairs(query)), most))


def read_variables(pairs: Iterable[tuple[bytes, bytes]], most: int = MAX_INPUT_VARS) -> dict[int | str, Any]:
    """Variables of decoded names and values, as PHP registers those of a form. Text may be no UTF-8."""
    found = _Array()
    for count, (name, value) in enumerate(pairs):
        if count == most:
            break
        _register(found, name.decode("latin-1"), value.decode("utf-8", "replace"))
    return found


def _pairs(query: str) -> Iterable[tuple[bytes, bytes]]:
    raw = query.encode("utf-8", "replace").split(b"\0", 1)[0]
    for part in raw.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            yield name, value


def _decoded(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = (unquote_to_bytes(one.replace(b"+", b" ")) for one in pair)
    return name, value


def _register(found: _Array, name: str, value: str) -> None:
    keys = _keys(name.split("\0", 1)[0].lstrip(" "))
    if not keys or len(keys) > _MAX_NESTING + 1:
        return
    target = found
    for key, _ in pairwise(keys):
        child = None if key is None else target.get(_key(key))
        if not isinstance(child, _Array):
            child = _Array()
            target.put(key, child)
        target = child
    target.put(keys[-1], value)


def _keys(name: str) -> list[str | None]:
    """The path a variable's name says; None is a place of its own, as in `a[]`."""
    head = name.partition("[")[0]
    if not head:
        return []
    keys: list[str | None] = [head.translate(_UNFIT)]
    rest = name[len(head) :]
    while rest.startswith("["):
        blank = 2 if rest[1:2] and rest[1:2] in _SPACES else 1
        end = rest.find("]", blank)
        if end < 0:
            return keys if len(keys) > 1 else [name.translate(_UNFIT)]
        keys.append(None if end == blank else rest[1:end])
        rest = rest[end + 1 :]
    return keys


def _key(text: str) -> int | str:
    if _INTEGER.fullmatch(text) and -_MAX_INTEGER <= int(text) <= _MAX_INTEGER:
        return int(text)
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def shaped(value: Any) -> Any:
    """The value as json_encode and a reader give it: an empty map is a list, keys 0…n-1 are one too."""
    if isinstance(value, JsonObject):
        return value
    if isinstance(value, Mapping):
        values = [shaped(one) for one in value.values()]
        if all(str(key) == str(place) for place, key in enumerate(value)):
            return values
        return dict(zip(map(str, value), values, strict=True))
    if isinstance(value, list | tuple):
        return [shaped(one) for one in value]
    return value


def http_build_query(values: Mapping[str, Any]) -> str:
    """The query of nested values; null and empty arrays vanish, true and false become 1 and 0."""
    return "&".join(f"{_quoted(name)}={_quoted(text)}" for name, text in _leaves("", values))


def _leaves(prefix: str, values: Mapping[Any, Any] | list[Any]) -> Iterable[tuple[str, str]]:
    for key, value in enumerate(values) if isinstance(values, list) else values.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(value, Mapping | list):
            yield from _leaves(name, value)
        elif value is not None:
            yield name, str(int(value)) if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    return quote_plus(text).replace("~", "%7E")


def split_command(command: str) -> tuple[str, str]:
    """Method and query of a batch's command, as parse_url cuts it: `#` ends it, controls become `_`."""
    path, _, query = command.partition("#")[0].partition("?")
    return _CONTROLS.sub("_", path), _CONTROLS.sub("_", query)


def is_true(value: Any) -> bool:
    """PHP's truth: only "", "0", 0, null, false and an empty array are not."""
    return bool(value) and value != "0"


def as_map(value: Any) -> dict[str, Any]:
    """An array with its keys as text, whichever shape it came in; {} for what is no array."""
    if isinstance(value, list):
        return {str(place): one for place, one in enumerate(value)}
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """An array's values; a scalar counts as an array of one, null as none."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else [] if value is None else [value]
