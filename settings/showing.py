"""Settings as people may see them."""

import json
from collections.abc import Mapping
from typing import Any


def many(value: Any) -> tuple[Any, ...]:
    """A value as a row of values."""
    return value if isinstance(value, tuple) else (value,)


def shown(value: Any, secret: bool) -> str:
    """A value as one would write it; of a secret only whether it is set and how long it is."""
    if secret:
        return _shown_secret([len(one) for one in many(value) if one])
    if isinstance(value, Mapping):
        return json.dumps(dict(value)) if set(value) != {"default"} else str(value["default"])
    return ",".join(_text(item) for item in many(value)) or "not set"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown_secret(lengths: list[int]) -> str:
    count = f"{len(lengths)} " if len(lengths) > 1 else ""
    return f"{count}set, {', '.join(map(str, lengths))} characters" if lengths else "not set"
