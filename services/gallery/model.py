"""Sticker sets: their names, their links, and what the gallery knows about one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

STICKER_SET = "stickerset"  # the kind's name, that of its cache region, and what the journal calls it
# core.telegram.org/bots/api#createnewstickerset: letters, digits, underscores; starts with a letter.
# Sets made by people may hold two underscores in a row, so that rule is not ours to enforce.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_BOT_MADE = re.compile(r".+_by_[A-Za-z0-9_]+", re.IGNORECASE)
_DIVIDERS = re.compile(r"[\s,;]+")
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


def names_in_links(text: str) -> list[str]:
    """The set names of all sticker links in a text, in order, each once in any case."""
    found = (match.group(1) or match.group(2) for match in _LINK.finditer(text))
    return folded(name for name in found if NAME.fullmatch(name))


def names_listed(text: str, *, any_word: bool) -> list[str]:
    """The names in a text that is a list of names and links and nothing else; none for any other text.

    White space, commas and semicolons divide. Without `any_word` bare names must be such as bots make.
    """
    names: list[str] = []
    for word in filter(None, _DIVIDERS.split(text)):
        is_name = NAME.fullmatch(word) and (any_word or is_bot_made(word))
        found = [word] if is_name else names_in_links(word)
        if not found:
            return []
        names += found
    return folded(names)


def folded(names: Iterable[str]) -> list[str]:
    """Names that differ in case alone become one, as first written; the order stays."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.lower(), name)
    return list(found.values())


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
