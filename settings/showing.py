"""Settings as people may see them."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from settings.declaring import Row


def many(value: Any) -> tuple[Any, ...]:
    """A value as a row of values."""
    return value if isinstance(value, tuple) else (value,)


def secrets_in(value: Any) -> tuple[SecretStr, ...]:
    """The secrets of a value: one, several, or those of each source portal."""
    if isinstance(value, Mapping):
        return tuple(secret for source in value.values() for secret in source.secrets)
    return many(value)


def shown(value: Any, row: Row) -> str:
    """A value as one would write it; of a secret only whether it is set and how long it is."""
    if row.secret:
        return _shown_secret([len(one) for one in secrets_in(value) if one])
    if row.credential:
        masked = re.sub(r"(://[^/@:]*:)[^/@]*@", r"\1***@", value)
        return re.sub(r"([?&]password=)[^&]*", r"\1***", masked) or "not set"
    if isinstance(value, Mapping):
        return json.dumps(dict(value)) if set(value) != {"default"} else str(value["default"])
    return ",".join(_text(item) for item in many(value)) or "not set"


def password_in(url: str) -> str | None:
    """The password that an address holds, as it is sent; None without one."""
    parts = urlsplit(url)
    named = parse_qs(parts.query).get("password", [""])[-1]  # libpq's other way to say it
    return unquote(parts.password or "") or named or None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown_secret(lengths: list[int]) -> str:
    count = f"{len(lengths)} " if len(lengths) > 1 else ""
    return f"{count}set, {', '.join(map(str, lengths))} characters" if lengths else "not set"
