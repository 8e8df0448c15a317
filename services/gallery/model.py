"""Sticker sets: their names, their links, and what the gallery knows about one."""

import re
from dataclasses import dataclass

# core.telegram.org/bots/api#createnewstickerset: letters, digits, underscores; starts with a letter.
# Sets made by people may hold two underscores in a row, so that rule is not ours to enforce.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_BOT_MADE = re.compile(r".+_by_[A-Za-z0-9_]+", re.IGNORECASE)
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:addstickers|addemoji)/([A-Za-z0-9_]+)"
    r"|tg://(?:addstickers|addemoji)\?set=([A-Za-z0-9_]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StickerSetFacts:
    """A set as Telegram describes it: canonical name, title, kind (regular, mask, custom_emoji), count."""

    name: str
    title: str
    kind: str
    count: int | None


def name_in_link(text: str) -> str | None:
    """The set name of the first sticker link in a text."""
    for match in _LINK.finditer(text):
        name = match.group(1) or match.group(2)
        if NAME.fullmatch(name):
            return name
    return None


def name_alone(text: str) -> str | None:
    """The text itself, when all of it has the shape of a set name."""
    word = text.strip()
    return word if NAME.fullmatch(word) else None


def is_bot_made(name: str) -> bool:
    """Whether a name ends as only sets made by bots do."""
    return bool(_BOT_MADE.fullmatch(name))


def link_to(name: str, kind: str) -> str:
    """The public address of a set."""
    return f"https://t.me/{'addemoji' if kind == 'custom_emoji' else 'addstickers'}/{name}"
