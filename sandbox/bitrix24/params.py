"""The parameters of a request as the portal reads them: query and body together, the body first."""

import json
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from sandbox.bitrix24.php import as_map, parse_str, read_variables, shaped
from sandbox.bitrix24.wire import Json


def read_params(query: str, content_type: str, body: bytes) -> Json:
    """Everything a request carries. A JSON body that is none counts as no body at all, as in a portal."""
    kind = content_type.partition(";")[0].strip().lower()
    found = as_map(parse_str(query))
    if kind == "application/json":
        return found | as_map(_json(body))
    if kind == "multipart/form-data":
        return found | as_map(shaped(read_variables(_parts(content_type, body))))
    if kind == "application/x-www-form-urlencoded":
        return found | as_map(parse_str(body.decode("utf-8", "replace")))
    return found


def _json(body: bytes) -> Any:
    try:
        return shaped(json.loads(body))
    except ValueError:
        return None


def _parts(content_type: str, body: bytes) -> Iterable[tuple[bytes, bytes]]:
    header = f"Content-Type: {content_type}\r\n\r\n".encode()
    for part in message_from_bytes(header + body, policy=HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and part.get_filename() is None:
            yield name.encode("utf-8", "replace"), content


def param(params: Mapping[str, Any], name: str) -> Any:
    """A parameter in whatever letters its name is written; the name as given here wins."""
    if name in params:
        return params[name]
    return next((value for key, value in params.items() if key.lower() == name.lower()), None)
