"""A job's payload as it may be shown: what tells who somebody is, and every secret, is taken out."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from services.engine.observability import MASK
from services.flow.excerpts import MORE
from services.flow.naming import tells_who

MOST = 600  # characters
_EMAIL = re.compile(r"[^\s@<>\"'(),;:\\\[\]=]{1,64}@(?:[^\s@<>\"'(),;:\\\[\]./=]{1,63}\.)+\w{2,63}")

Masked = Callable[[str], str]
"""A payload → what may be shown of it."""


def masking(redact: Callable[[str], str]) -> Masked:
    """`redact` takes secrets and phone numbers out of a text; names and e-mails go here."""

    def masked(payload: str) -> str:
        try:
            shown = json.dumps(_anonymous(json.loads(payload)), ensure_ascii=False, indent=1)
        except (ValueError, RecursionError):
            shown = _EMAIL.sub(MASK, payload)
        return _cut(redact(shown))  # before anything is cut, for half a secret is not known

    return masked


def _anonymous(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            _EMAIL.sub(MASK, name): MASK if each and tells_who(name) else _anonymous(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_anonymous(each) for each in value]
    return _EMAIL.sub(MASK, value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    return text if len(text) <= MOST else text[: MOST - 1].rstrip() + MORE
