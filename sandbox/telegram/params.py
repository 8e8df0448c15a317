"""Parameters of a call: query, form, multipart or JSON, read as leniently as the server does."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from sandbox.telegram.wire import ApiError, Json, bad_request

_JSON = (
    "reply_markup reply_parameters reaction entities caption_entities allowed_updates commands scope"
    " link_preview_options custom_emoji_ids"
)
_INTEGERS = (
    "chat_id message_id message_thread_id user_id offset limit timeout max_connections reply_to_message_id"
    " cache_time"
)
_INTEGER = re.compile(r"\s*-?[0-9]{1,18}\s*")
_BOOLEANS = (
    "is_big show_alert drop_pending_updates disable_notification protect_content allow_sending_without_reply"
    " disable_web_page_preview return_bots has_spoiler"
)


@dataclass(slots=True)
class Upload:
    """A file of a multipart body."""

    name: str
    content: bytes


@dataclass(slots=True)
class Params:
    """The values by name, numbers and JSON decoded where they could be; `files` holds uploads."""

    values: Json
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string, empty when absent."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; text that is none counts as 0, as on the server."""
        value = self.values.get(name, default)
        return value if isinstance(value, int) else 0

    def clamped(self, name: str, default: int, low: int, high: int) -> int:
        """A number moved into its bounds."""
        return min(max(self.integer(name, default), low), high)

    def flag(self, name: str) -> bool:
        """True for true, yes and 1."""
        return self.values.get(name) is True

    def json(self, name: str) -> Any:
        """A nested value, None when absent or empty. Raises ApiError 400 when it is no JSON."""
        value = self.values.get(name)
        if isinstance(value, str) and value:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object")
        return None if value == "" else value

    @property
    def chat_id(self) -> int | None:
        """The chat's id when it is a number."""
        value = self.values.get("chat_id")
        return value if isinstance(value, int) else None


def read_params(query: str, content_type: str, body: bytes) -> Params:
    """Everything a request carries; the body wins over the query. Raises ApiError 400 for a broken body."""
    params = Params(dict(parse_qsl(query, keep_blank_values=True)))
    if body:
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/json":
            params.values |= _json_body(body)
        elif kind == "multipart/form-data":
            _multipart(content_type, body, params)
        elif kind in ("application/x-www-form-urlencoded", ""):
            params.values |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    params.values = _all_decoded(params.values)
    return params


def from_json(values: Json) -> Params:
    """Parameters of a call that came as JSON, such as a webhook's answer."""
    return Params(_all_decoded(values))


def _all_decoded(values: Json) -> Json:
    return {name: _decoded(name, value) for name, value in values.items() if value is not None}


def _json_body(body: bytes) -> Json:
    try:
        values = json.loads(body)
    except ValueError as error:
        raise ApiError(400, "Bad Request: can't parse JSON object") from error
    if not isinstance(values, dict):
        raise bad_request("object expected")
    return values


def _multipart(content_type: str, body: bytes, params: Params) -> None:
    header = f"Content-Type: {content_type}\r\n\r\n".encode()
    for part in message_from_bytes(header + body, policy=HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        if (file_name := part.get_filename()) is not None:
            params.files[name] = Upload(file_name, content)
        else:
            params.values[name] = content.decode("utf-8", "replace")


def _decoded(name: str, value: Any) -> Any:
    return _READERS.get(name, _decoded_text)(value)


def _decoded_text(value: Any) -> Any:
    return value if isinstance(value, str | dict | list) else str(value)


def _decoded_flag(value: Any) -> Any:
    return str(value).lower() in ("true", "yes", "1")


def _decoded_json(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _decoded_integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


_READERS: Mapping[str, Callable[[Any], Any]] = (
    dict.fromkeys(_JSON.split(), _decoded_json)
    | dict.fromkeys(_INTEGERS.split(), _decoded_integer)
    | dict.fromkeys(_BOOLEANS.split(), _decoded_flag)
)
