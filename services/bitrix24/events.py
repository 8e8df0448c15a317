"""What portals post when something changed: events of outgoing webhooks, calls of robots, the same as JSON.

Everything in a body is a claim of whoever sent it. No address in it is ever called, and of its tokens
nothing is kept. Shapes: apidocs.bitrix24.com, events; robots' bodies come from business processes' webhooks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec

DEAL_EVENTS = frozenset(
    {"ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE", "ONCRMDEALMOVETOCATEGORY"}
)  # the last one comes to applications only
ROBOT = "ROBOT"  # stands for the event's name, which robots do not send
LARGEST = 2**53  # a larger number is not one in every JSON reader
MOST_FIELDS = 1000  # of a form
DEEPEST = 8  # brackets of one field's name
LONGEST_NAME = 100  # characters of an event's name
LONGEST_DOMAIN = 255
LONGEST_TIME = 20

_FIELD = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_DOCUMENT = re.compile(r"([A-Z]+)_([0-9]+)")  # DEAL_12; those of smart processes have two numbers

Kind = Literal["event", "robot", "json"]


class ShapeError(Exception):
    """The body is none of those. `where` names the place; the message has nothing of the body in it."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True, slots=True)
class PortalEvent:
    """What a body claims. `domain` in small letters, `event` in capitals (ROBOT for robots).

    `id` is that of a deal when `is_deal` says so, else of whatever the event is about. `hash` tells the same
    event from others; None when nothing in the body does. `token` is the application token as it came.
    """

    domain: str
    event: str
    id: int
    is_deal: bool
    kind: Kind
    token: str = field(repr=False)
    hash: str | None = None


def portal_event(body: bytes, content_type: str = "") -> PortalEvent:
    """Read a body; one that is announced as JSON or begins like it is that. Raises ShapeError."""
    is_json = "json" in content_type.lower() or body.lstrip()[:1] == b"{"
    given = _json(body) if is_json else _form(body)
    auth = _part(given, "auth")
    if "document_id" in given and "event" not in given:
        return _of_robot(given, auth)
    name = _text(given, "event", LONGEST_NAME)
    if not name:
        raise ShapeError("event", "is missing")
    data = _part(given, "data")
    return PortalEvent(
        _domain(auth),
        name.upper(),
        _number("data.FIELDS.ID", _part(data, "FIELDS", "data.").get("ID")),
        name.upper() in DEAL_EVENTS,
        "json" if is_json else "event",
        _text(auth, "application_token", None, "auth."),
        _hash(_domain(auth), name.upper(), data, given),
    )


def _of_robot(given: Mapping[str, Any], auth: Mapping[str, Any]) -> PortalEvent:
    parts = _row("document_id", given["document_id"])
    found = _DOCUMENT.fullmatch(str(parts[-1])) if len(parts) == 3 else None
    if not found:
        raise ShapeError("document_id", "should be three texts, the last one such as DEAL_12")
    domain = _domain(auth)
    return PortalEvent(
        domain,
        ROBOT,
        _number("document_id", found[2]),
        found[1] == "DEAL",
        "robot",
        _text(auth, "application_token", None, "auth."),
        _hash(domain, ROBOT, parts, given),
    )


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ShapeError("body", "is not JSON") from None
    if not isinstance(given, dict):
        raise ShapeError("body", "should be a JSON object")
    return given


def _form(body: bytes) -> Mapping[str, Any]:
    """`a[b][c]=d` as nested objects, as PHP reads them: what comes later wins, `[]` counts from 0."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise ShapeError("body", "is neither JSON nor a form of a portal") from None
    whole: dict[str, Any] = {}
    for name, value in pairs:
        if found := _FIELD.fullmatch(name):
            _put(whole, [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])], value)
    return whole


def _put(whole: dict[str, Any], path: list[str], value: str) -> None:
    if len(path) > DEEPEST:
        raise ShapeError("body", "has fields within fields within fields")
    at = whole
    for name in path[:-1]:
        inner = at.get(name or str(len(at)))
        if not isinstance(inner, dict):
            inner = at[name or str(len(at))] = {}
        at = inner
    at[path[-1] or str(len(at))] = value


def _part(whole: Mapping[str, Any], name: str, before: str = "") -> Mapping[str, Any]:
    part = whole.get(name)
    if not isinstance(part, dict):
        raise ShapeError(f"{before}{name}", "is missing or no object")
    return part


def _given(whole: Mapping[str, Any], name: str) -> object:
    """A value; null is as good as nothing."""
    value = whole.get(name)
    return "" if value is None else value


def _text(whole: Mapping[str, Any], name: str, longest: int | None, before: str = "") -> str:
    """A text of a body, empty for none."""
    text = _given(whole, name)
    if not isinstance(text, str) or (longest is not None and len(text) > longest):
        raise ShapeError(f"{before}{name}", "should be a text of usual length")
    return text


def _domain(auth: Mapping[str, Any]) -> str:
    domain = _text(auth, "domain", LONGEST_DOMAIN, "auth.")
    if not domain:
        raise ShapeError("auth.domain", "is missing")
    return domain.lower()


def _number(where: str, value: object) -> int:
    """The number of an object; texts of digits are fine."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST_TIME and 0 < int(text) < LARGEST):
        raise ShapeError(where, "should be a whole number greater than 0")
    return int(text)


def _row(where: str, value: object) -> list[object]:
    """A row of values; parsers of brackets may give `{"0": …, "1": …}` for one."""
    if isinstance(value, dict) and all(key.isascii() and key.isdigit() and len(key) < 10 for key in value):
        return [value[key] for key in sorted(value, key=int)]
    if not isinstance(value, list):
        raise ShapeError(where, "should be a row of texts")
    return value


def _hash(domain: str, event: str, data: object, given: Mapping[str, Any]) -> str | None:
    """The same for the same event, however it was written; None without a time, which tells them apart."""
    time = _given(given, "ts")
    if not isinstance(time, int | str) or isinstance(time, bool) or len(str(time)) > LONGEST_TIME:
        raise ShapeError("ts", "should be a time in seconds")
    if time == "":
        return None
    told = [domain, event, _as_texts(data), str(time)]
    return sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def _as_texts(value: object) -> object:
    match value:
        case dict():
            return {str(key): _as_texts(each) for key, each in value.items()}
        case list():
            return {str(place): _as_texts(each) for place, each in enumerate(value)}
        case None:
            return ""
    return str(value)
