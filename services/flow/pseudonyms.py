"""A pseudonym in the place of whatever names a person: numbers, names, phones and e-mails in any spelling."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from services.flow.contacts import COUNTED, LONGEST_PHONE, email_of, phone_of, spellings_of
from services.flow.naming import holds_email, holds_phone, names_people, tells_who

PREFIX = "forgotten-"
FIRST_NUMBER = 2**52  # Telegram's own numbers are smaller; up to twice as large every JSON reader knows them
LONGEST_SPELLING, EXTENSION = 60, 3  # characters of a phone, and letters in it
LONGEST_MARK = 200  # characters of a key or an actor, such as `user:5`
_PERSONS = frozenset({"user_id", "chat_id", "asker", "user", "chat", "decided_by", "by", "who", "added_by"})
_SHAPE = frozenset({"first_name", "is_bot", "type"})  # one of which a Telegram user or chat has beside its id
_GAP = r"(?:[\s()./\-‐-―\u00a0]|%20|%28|%29|%2D){0,3}"
_SAID = ("text", "caption")  # of a message, with what Telegram marks in it
# What a number stands behind that is a deal's, a job's or a Telegram id, although it may look like a phone.
_NUMBERED = re.compile(
    r"(?:\b(?:deal|deals|lead|details|show|job|jobs|user|chat|id)|(?<!\bwa)\.[a-z]{2,})[:/=]$", re.IGNORECASE
)


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
    names: set[str] = field(default_factory=set)  # as they call themselves, of one word or several
    handles: set[str] = field(default_factory=set)  # Telegram's names, without their @
    jobs: set[str] = field(default_factory=set)  # keys of those that are about nobody else
    told_by: set[int] = field(default_factory=set)  # jobs that tell of the person, by number

    def bears(self, text: str, column: str = "") -> bool:
        """Whether a text is the person's phone or e-mail and nothing else.

        A phone without its city counts only where phones stand, for any number may be so short.
        """
        if email_of(text) in self.emails:
            return True
        is_dialled = len(text) <= LONGEST_SPELLING and sum(map(str.isalpha, text)) <= EXTENSION
        phone = phone_of(text) if is_dialled else None
        return phone in self.phones and (len(phone or "") >= COUNTED or holds_phone(column))


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
        for pattern in self._phones:
            text = pattern.sub(self._instead, text)
        for pattern in self._patterns:
            text = pattern.sub(self._new.name, text)
        return self._number.sub(str(self._new.number), text) if self._number else text

    def tells(self, job_id: int | None) -> bool:
        """Whether the job tells of the person."""
        return job_id in self._known.told_by

    def number(self, number: int) -> int:
        """Somebody's number, the new one if it is the person's."""
        return self._new.number if number == self._known.user_id else number

    def said(self, text: str, column: str, whose: bool | None) -> str:
        """See storage.forgetting.Rewriting: what many people are called counts only beside the person.

        An e-mail that others share stays with them.
        """
        if whose is False and holds_email(column):
            return text
        is_mine = whose and names_people(column) and text.casefold().lstrip("@") in self._called
        return self._new.name if is_mine or self._known.bears(text, column) else self.text(text)

    def document(self, text: str, whose: bool | None) -> str:
        """JSON as text, or any other text; unchanged to the last blank where nothing names the person."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        new = self.value(value, whose)
        return text if new == value else json.dumps(new, ensure_ascii=False)

    def value(self, value: Any, whose: bool | None, name: str = "") -> Any:
        """A JSON value that stands under a name in what is the person's, another's (False) or nobody's."""
        match value:
            case str():
                return self.said(value, name, whose)
            case bool():
                return value
            case int():
                return self._figure(value, name)
            case list():
                return [self.value(each, whose, name) for each in value]
            case Mapping():
                return self._object(value, whose, name)
        return value

    def whose(self, value: Mapping[str, Any]) -> bool | None:
        """Whether an object or a row describes the person, or somebody else: a phone of theirs says so."""
        if self._is_user(value):
            return True
        if self._known.user_id is not None and {"first_name", "is_bot"} & value.keys() and "id" in value:
            return False
        given = {
            phone_of(str(each))
            for name, leaf in value.items()
            if holds_phone(name)
            for each in _leaves([leaf])
        } - {None}
        if given:
            return bool(given & self._known.phones)
        said = [str(each) for each in _leaves(value.values()) if isinstance(each, str | int)]
        return True if any(map(self._marks, said)) or self._is_named(value) else None

    def _instead(self, found: re.Match[str]) -> str:
        before = found.string[max(found.start() - LONGEST_SPELLING, 0) : found.start()]
        is_other = found[0][0].isdigit() and _NUMBERED.search(before)
        return found[0] if is_other else self._new.name

    def _figure(self, value: int, name: str) -> int | str:
        if name in _PERSONS:
            return self.number(value)
        is_number = name.lower() == "id" or name.lower().endswith("_id")
        return self._new.name if not is_number and self._known.bears(_dialled(value)) else value

    def _object(self, value: Mapping[str, Any], outer: bool | None, name: str) -> dict[str, Any]:
        own = self.whose(value)
        whose = outer if own is None or (outer is False and not self._is_user(value)) else own
        new = {
            self.text(key): self.value(each, whose, name if key.lower() == "value" else key)
            for key, each in value.items()
        }
        if whose and own:
            told = {
                key for key, each in new.items() if tells_who(key) and isinstance(each, str | int) and each
            }
            new |= dict.fromkeys(told, self._new.name)
            if self._is_user(value) and value.get("id") == self._known.user_id:
                new["id"] = self._new.number
        if isinstance(sender := value.get("from"), Mapping) and self._is_user(sender):
            new |= {key: self._new.name for key in _SAID if key in new}
            new |= {key: [] for key in ("entities", "caption_entities") if key in new}
        return new

    def _is_user(self, value: Mapping[str, Any]) -> bool:
        """Whether an object describes the person as Telegram does."""
        user = self._known.user_id
        is_shaped = bool(_SHAPE & value.keys())
        return user is not None and (value.get("user_id") == user or (is_shaped and value.get("id") == user))

    def _marks(self, text: str) -> bool:
        """Whether a text is the person's phone or e-mail, or a key or an actor made of their number."""
        is_key = len(text) <= LONGEST_MARK and " " not in text and self._number is not None
        return self._known.bears(text) or bool(is_key and self._number and self._number.search(text))

    def _is_named(self, value: Mapping[str, Any]) -> bool:
        """Whether the parts of one of the person's names stand side by side."""
        parts = " ".join(each for name, each in value.items() if names_people(name) and isinstance(each, str))
        words = set(parts.casefold().split())
        return any(len(own) > 1 and own <= words for own in self._words)

    @cached_property
    def _called(self) -> set[str]:
        return {name.casefold() for name in self._known.names | self._known.handles}

    @cached_property
    def _words(self) -> list[set[str]]:
        return [set(name.casefold().split()) for name in self._known.names]

    @cached_property
    def _phones(self) -> list[re.Pattern[str]]:
        return [_phone_pattern(phone) for phone in self._known.phones if len(phone) >= COUNTED]

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        full = [name for name in self._known.names if len(name.split()) > 1]
        known = self._known
        return [
            *map(_email_pattern, known.emails),
            *map(_name_pattern, full),
            *map(_handle_pattern, known.handles),
        ]

    @cached_property
    def _number(self) -> re.Pattern[str] | None:
        user = self._known.user_id
        # Neither within other numbers nor where a portal's own stands: `deal:<domain>:5`, `<domain>/5`.
        before = r"(?:^|(?<=user:)|(?<=chat:)|(?<=id=)|(?<=\d\.)|(?<=[a-z]\.)|(?<=[\s\"'(,;#№@]))"
        return re.compile(rf"{before}{user}(?![0-9A-Za-z])") if user is not None else None


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
    return re.compile(rf"(?<!\d)(?:(?:\+|%2B|00|011|8{_GAP}10){_GAP})?(?:{spelled})(?!\d)", re.IGNORECASE)


def _digit(digit: str) -> str:
    """A digit in any of the scripts in which one is written with a plain keyboard."""
    return f"[{digit}{chr(0x660 + int(digit))}{chr(0x6F0 + int(digit))}{chr(0xFF10 + int(digit))}]"


def _email_pattern(email: str) -> re.Pattern[str]:
    spelled = re.escape(email).replace("@", "(?:@|%40)")
    return re.compile(rf"(?<![\w.+-]){spelled}(?![\w-])", re.IGNORECASE)


def _name_pattern(name: str) -> re.Pattern[str]:
    """A name of several words, in this order or the other way round."""
    words = list(map(re.escape, name.split()))
    either = r"\s+".join(words), r",?\s+".join([words[-1], *words[:-1]])
    return re.compile(rf"(?<!\w)(?:{'|'.join(either)})(?!\w)", re.IGNORECASE)


def _handle_pattern(handle: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?<=@)|(?<=t\.me/)){re.escape(handle)}(?!\w)", re.IGNORECASE)
