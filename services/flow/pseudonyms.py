"""A pseudonym in the place of whatever names a person: numbers, names, phones and e-mails in any spelling."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from services.flow.contacts import LONGEST_PHONE, email_of, phone_of, spellings_of

PREFIX = "forgotten-"
FIRST_NUMBER = 2**52  # Telegram's own numbers are smaller; up to twice as large every JSON reader knows them
LONGEST_SPELLING, EXTENSION = 60, 3  # characters of a phone, and letters in it
_NAMING = re.compile(
    r"^(?:name|by|who|asker|(?:.*_)?(?:name|username)|(?:first|last|second|full|user)name|fio)$",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"e-?mail|phone|vcard", re.IGNORECASE)
_PERSONS = frozenset({"user_id", "chat_id", "asker", "user", "chat", "decided_by", "by", "who", "added_by"})
_SHAPE = frozenset({"first_name", "is_bot", "type"})  # one of which a Telegram user or chat has beside its id
_GAP = r"(?:[\s()./\-‐-―\u00a0]|%20|%28|%29|%2D){0,3}"
_SAID = ("text", "caption")  # of a message, with what Telegram marks in it


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """Drawn for one person at one time, and kept nowhere else: nobody can tell whose it is."""

    name: str
    number: int

    @classmethod
    def drawn(cls, random: Random) -> "Pseudonym":
        """A new one."""
        return cls(f"{PREFIX}{random.getrandbits(40):010x}", FIRST_NUMBER + random.getrandbits(51))


@dataclass(slots=True)
class Known:
    """By what a person is known. Phones and e-mails in the spelling of services/flow/contacts.py."""

    user_id: int | None = None
    phones: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)  # full ones, and Telegram's without its @
    jobs: set[str] = field(default_factory=set)  # keys of those that are about nobody else

    def bears(self, text: str) -> bool:
        """Whether a text is the person's phone or e-mail and nothing else."""
        is_dialled = len(text) <= LONGEST_SPELLING and sum(map(str.isalpha, text)) <= EXTENSION
        return (is_dialled and phone_of(text) in self.phones) or email_of(text) in self.emails


class Pseudonyms:
    """Rewrites texts and JSON."""

    def __init__(self, known: Known, pseudonym: Pseudonym) -> None:
        self._known = known
        self._new = pseudonym

    @property
    def name(self) -> str:
        """What stands where a name stood."""
        return self._new.name

    def text(self, text: str) -> str:
        """The text without the person."""
        if self._known.bears(text):
            return self._new.name
        for pattern in self._patterns:
            text = pattern.sub(self._new.name, text)
        return self._number.sub(str(self._new.number), text) if self._number else text

    def number(self, number: int) -> int:
        """Somebody's number, the new one if it is the person's."""
        return self._new.number if number == self._known.user_id else number

    def of_name(self, text: str) -> str:
        """What stands where people are named: a name of one word counts there, and nowhere else."""
        return self._new.name if text.casefold().lstrip("@") in self._names else self.text(text)

    def said(self, text: str, column: str) -> str:
        """See storage.forgetting.Rewriting: in another person's row a name of one word is theirs."""
        return self.of_name(text) if names_people(column) else self.text(text)

    def document(self, text: str) -> str:
        """JSON as text, or any other text; unchanged to the last blank where nothing names the person."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        new = self.value(value)
        return text if new == value else json.dumps(new, ensure_ascii=False)

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value that stands under a name."""
        match value:
            case str():
                return self.of_name(value) if names_people(name) else self.text(value)
            case bool():
                return value
            case int():
                if name in _PERSONS:
                    return self.number(value)
                return self._new.name if self._known.bears(_dialled(value)) else value
            case list():
                return [self.value(each, name) for each in value]
            case Mapping():
                return self._object(value)
        return value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        new = {self.text(name): self.value(each, name) for name, each in value.items()}
        if self._is_about(value):
            told = {
                name for name, each in new.items() if _tells(name) and isinstance(each, str | int) and each
            }
            new |= dict.fromkeys(told, self._new.name)
            if value.get("id") == self._known.user_id:
                new["id"] = self._new.number
        if isinstance(sender := value.get("from"), Mapping) and self._is_about(sender):
            new |= {name: self._new.name for name in _SAID if name in new}
            new |= {name: [] for name in ("entities", "caption_entities") if name in new}
        return new

    def _is_about(self, value: Mapping[str, Any]) -> bool:
        """Whether an object describes the person: as Telegram does, or by a phone or an e-mail."""
        user = self._known.user_id
        if user is not None and (
            value.get("user_id") == user or (value.get("id") == user and _SHAPE & value.keys())
        ):
            return True
        said = (each for each in _leaves(value.values()) if isinstance(each, str | int))
        return any(self._known.bears(str(each)) for each in said) or self._is_named(value)

    def _is_named(self, value: Mapping[str, Any]) -> bool:
        """Whether the parts of one of the person's names stand side by side."""
        parts = " ".join(each for name, each in value.items() if names_people(name) and isinstance(each, str))
        words = set(parts.casefold().split())
        return any(len(own) > 1 and own <= words for own in self._words)

    @cached_property
    def _names(self) -> set[str]:
        return {name.casefold() for name in self._known.names}

    @cached_property
    def _words(self) -> list[set[str]]:
        return [set(name.split()) for name in self._names]

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        patterns = [*map(_phone_pattern, self._known.phones), *map(_email_pattern, self._known.emails)]
        return patterns + [_name_pattern(name) for name in self._known.names]

    @cached_property
    def _number(self) -> re.Pattern[str] | None:
        user = self._known.user_id
        # Neither within other numbers nor where a portal's own stands: `deal:<domain>:5`, `<domain>/5`.
        before = r"(?:^|(?<=user:)|(?<=chat:)|(?<=id=)|(?<=\d\.)|(?<=[a-z]\.)|(?<=[\s\"'(,;#№@]))"
        return re.compile(rf"{before}{user}(?![0-9A-Za-z])") if user is not None else None


def names_people(column: str) -> bool:
    """Whether what bears this name holds names of people."""
    return bool(_NAMING.match(column))


def _tells(name: str) -> bool:
    return names_people(name) or bool(_CONTACT.search(name))


def _leaves(values: Any) -> list[Any]:
    """What stands in an object itself or in a list of it, as portals give phones."""
    found: list[Any] = []
    for value in values:
        found += (
            [each.get("VALUE", each.get("value")) if isinstance(each, Mapping) else each for each in value]
            if (isinstance(value, list))
            else [value]
        )
    return found


def _dialled(number: int) -> str:
    text = str(number)
    return text if 10 <= len(text) <= LONGEST_PHONE else ""


def _phone_pattern(phone: str) -> re.Pattern[str]:
    """The digits with anything that people put between them, with or without what is dialled before."""
    numbers = {spelling.lstrip("+") for spelling in spellings_of(phone)}
    spelled = "|".join(_GAP.join(map(_digit, number)) for number in sorted(numbers, key=len, reverse=True))
    return re.compile(rf"(?<![0-9])(?:(?:\+|%2B|00|011|8{_GAP}10){_GAP})?(?:{spelled})(?!\d)", re.IGNORECASE)


def _digit(digit: str) -> str:
    """A digit in any of the scripts in which one is written with a plain keyboard."""
    return f"[{digit}{chr(0x660 + int(digit))}{chr(0x6F0 + int(digit))}{chr(0xFF10 + int(digit))}]"


def _email_pattern(email: str) -> re.Pattern[str]:
    spelled = re.escape(email).replace("@", "(?:@|%40)")
    return re.compile(rf"(?<![\w.+-]){spelled}(?![\w-])", re.IGNORECASE)


def _name_pattern(name: str) -> re.Pattern[str]:
    """A name of several words, in this order or the other way round; one word only where it is a link."""
    words = list(map(re.escape, name.split()))
    if len(words) == 1:
        return re.compile(rf"(?<=@){words[0]}(?!\w)|(?<=t\.me/){words[0]}(?!\w)", re.IGNORECASE)
    either = r"\s+".join(words), r",?\s+".join([words[-1], *words[:-1]])
    return re.compile(rf"(?<!\w)(?:{'|'.join(either)})(?!\w)", re.IGNORECASE)
