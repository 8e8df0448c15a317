"""Entities that Telegram's clients and servers find in plain text by themselves."""

import re
from collections.abc import Iterator

from sandbox.telegram.wire import Json, utf16_length

_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")
_MENTION = re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")
_HASHTAG = re.compile(r"(?<![\w#])#(?=\w*[^\W\d_])\w{1,256}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?!\w)", re.ASCII)
_TLDS = "com|org|net|me|ru|io|dev|app|info|by|kz|de|uk|eu|ai|tv|cc|xyz|site|online|shop|pro|test|example|рф"
_URL = re.compile(
    rf"(?:(?:https?|ftp|tg)://[^\s<>\"«»]+)|(?<![\w@.-])(?:[\w-]+\.)+(?:{_TLDS})(?![\w-])(?:[/?#][^\s<>\"«»]*)?",
    re.IGNORECASE,
)
# Earlier patterns win where two of them match the same characters.
_PATTERNS = (
    ("email", _EMAIL),
    ("url", _URL),
    ("bot_command", _COMMAND),
    ("mention", _MENTION),
    ("hashtag", _HASHTAG),
)
_OPAQUE = frozenset({"code", "pre", "text_link", "text_mention"})


def find_entities(text: str, formatted: list[Json] | None = None) -> list[Json]:
    """All entities of a text: the given formatting plus what can be seen in the plain text.

    Offsets are UTF-16 units. Nothing is found inside code and links, as on Telegram's servers.
    """
    entities = list(formatted or [])
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in _OPAQUE]
    for entity in _found(text):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if all(end <= first or start >= last for first, last in taken):
            taken.append((start, end))
            entities.append(entity)
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _found(text: str) -> Iterator[Json]:
    if not any(mark in text for mark in "/@#."):
        return
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            value = match.group().rstrip(".,:;!?'\")]}") if kind == "url" else match.group()
            yield {"offset": utf16_length(text[: match.start()]), "length": utf16_length(value), "type": kind}
