"""Audit: the journal told to people, one thing's story in order or the last that happened at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from services.engine.observability import MASK
from services.flow.excerpts import Excerpt
from services.flow.items import Items
from services.flow.messages import Content, Text
from services.flow.paging import moves
from storage import journal, people
from storage.database import Database, Transaction
from storage.journal import Subject
from storage.records import JournalEntry

PAGE = 8  # entries at most
ROOM = (
    3600  # units that a page's entries may take, so that it is one message: turned, it could not be several
)
INDENT = 6  # before a line that says what changed, and its end
LINE = 80  # units that words, moments and actions take in a line at most
LATEST = 20
CHANGE = 160  # characters of one
KIND, KEY, ACTOR = 40, 200, 120  # and of what else a machine may have written
HARMLESS = "harmless"
NOTHING = "–"
# What a story can be told of besides items, by the word before its number or name.
KINDS = ("job", "user", "key", "chat", "switch", "backup", "region")
# What a text is there for; the journal may hold other words, which are shown as they are.
ACTIONS = frozenset(
    (
        "add",
        "alive",
        "answer",
        "approve",
        "ask",
        "backup",
        "change",
        "choose",
        "claim",
        "conflict",
        "create",
        "dead",
        "delete",
        "expire",
        "explain",
        "forget",
        "gone",
        "ignored",
        "inquire",
        "invalidate",
        "link",
        "omit",
        "overwrite",
        "pause",
        "refused",
        "reload",
        "reject",
        "remove",
        "replay",
        "restored",
        "resume",
        "revoke",
        "role",
        "settle",
        "settings",
    )
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of a story, and who the actors are."""

    entries: Sequence[JournalEntry]
    total: int
    names: Mapping[str, str]


class Audit:
    """Reads the journal for people."""

    def __init__(self, database: Database, items: Items, excerpt: Excerpt) -> None:
        self._database = database
        self._items = items
        self._excerpt = excerpt

    async def subject(self, words: Sequence[str]) -> Subject | None:
        """What somebody asks about: `job 12`, `user 5` or alike, or an item as /check recognises it."""
        if len(words) == 2 and words[0].lower() in KINDS:
            return subject_of(words[0].lower(), words[1])
        found = await self._items.recognise(" ".join(words), asked=True)
        return subject_of(found.kind, found.key) if found else None

    async def story(self, of: Subject, after: int = 0) -> Content:
        """The entries of its story that follow so many, as far as one message goes."""
        first = max(after - PAGE, 0)
        most = after - first + PAGE
        told = await self._database.read(
            lambda tx: _chapter(tx, journal.story(tx, of, most=most, after=first), journal.length(tx, of))
        )
        facts = self._named(of.kind, of.key)
        if not told.total:
            return Content((Text("audit-none", facts),))
        if after >= told.total:  # there are fewer by now
            return await self.story(of)
        entries = [self._entry(entry, told.names, of) for entry in told.entries]
        before, following = entries[: after - first], entries[after - first :]
        shown = following[: _fitting(following)]
        end = after + len(shown)
        texts = [Text("audit-title", facts | {"count": told.total, "of": {"kind": of.kind, "key": of.key}})]
        if after or end < told.total:
            texts.append(Text("audit-range", {"first": after + 1, "last": end, "count": told.total}))
        earlier = after - _fitting(before[::-1]) if before else None
        actions = moves("audit", earlier, end if end < told.total else None)
        return Content((*texts, *(text for entry in shown for text in entry)), actions=actions)

    async def latest(self) -> Content:
        """The last that happened to anything."""
        told = await self._database.read(lambda tx: _chapter(tx, journal.newest(tx, most=LATEST), 0))
        if not told.entries:
            return Content((Text("audit-empty"),))
        texts = [text for entry in told.entries for text in self._entry(entry, told.names)]
        return Content((Text("audit-latest"), *texts))

    def _entry(self, entry: JournalEntry, names: Mapping[str, str], of: Subject | None = None) -> list[Text]:
        facts = {
            "at": {"moment": entry.at.isoformat()},
            "actor": self._excerpt(names.get(entry.actor, entry.actor), ACTOR) or NOTHING,
            "action": self._action(entry.action),
            **self._named(entry.kind, entry.key),
        }
        is_itself = of is not None and (of.kind, of.key.casefold()) == (entry.kind, entry.key.casefold())
        head = Text("audit-entry" if is_itself else "audit-entry-of", facts)
        changes = [
            Text("audit-change-line", {"change": change})
            for change in self._changes(entry.before, entry.after)
        ]
        source = {"job": entry.job_id or NOTHING, "correlation_id": entry.correlation_id}
        trace = [Text("audit-trace", source)] if entry.correlation_id else []
        return [head, *_shortened(changes, ROOM - _width([head, *trace])), *trace]

    def _named(self, kind: str, key: str) -> dict[str, str]:
        """A thing as people may read it."""
        return {"kind": self._excerpt(kind, KIND) or NOTHING, "key": self._excerpt(key, KEY) or NOTHING}

    def _action(self, action: str) -> Any:
        return {"text": f"audit-{action}"} if action in ACTIONS else self._excerpt(action, KIND)

    def _changes(self, before: Any, after: Any) -> list[str]:
        """What differs, a line each, without what secret fields hold."""
        return [self._excerpt(line, CHANGE) for line in _differences(self._open(before), self._open(after))]

    def _open(self, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: MASK if self._is_secret(name) else value for name, value in fields.items()}

    def _is_secret(self, name: str) -> bool:
        """Whether a field of this name is one whose value is taken out of every text."""
        return HARMLESS not in self._excerpt(f'"{name}": "{HARMLESS}"', CHANGE)


def _width(texts: Sequence[Text]) -> int:
    """In UTF-16 units, which Telegram counts; rather more than less."""
    written = (str(value) for text in texts for value in text.params.values() if not isinstance(value, dict))
    wordy = sum(text.key != "audit-change-line" for text in texts)
    return LINE * wordy + sum(
        len(each.encode("utf-16-le", "surrogatepass")) // 2 + INDENT for each in written
    )


def _shortened(changes: list[Text], room: int) -> list[Text]:
    """As many of them as there is room for, and how many more there are."""
    shown = list(changes)
    while shown and _width(shown) > room - LINE:
        shown.pop()
    rest = len(changes) - len(shown)
    return [*shown, Text("audit-more", {"count": rest})] if rest else shown


def _fitting(entries: Sequence[Sequence[Text]]) -> int:
    """How many of the entries, from the first on, are a page; one is at least."""
    widths = accumulate(map(_width, entries[:PAGE]))
    return max(sum(width <= ROOM for width in widths), 1)


def subject_told(shown: Content | None) -> Subject | None:
    """Whose story a message tells; its title may show less of the name."""
    head = shown.texts[0] if shown and shown.texts else None
    of = head.params.get("of") if head and head.key == "audit-title" else None
    return subject_of(str(of["kind"]), str(of["key"])) if of else None


def subject_of(kind: str, key: str) -> Subject:
    """A thing, with what makes its story whole."""
    number = key.lstrip("№#")
    if kind == "job" and number.isascii() and number.isdigit() and int(number) < 2**63:
        return Subject(kind, number, job_id=int(number))
    return Subject(kind, key, actor=f"user:{key}" if kind == "user" else None)


def _chapter(tx: Transaction, entries: list[JournalEntry], total: int) -> Chapter:
    return Chapter(entries, total, {entry.actor: _name(tx, entry.actor) for entry in entries})


def _name(tx: Transaction, actor: str) -> str:
    part, _, number = actor.partition(":")
    person = people.by_id(tx, int(number)) if part == "user" and number.isdigit() else None
    return f"{person.name} ({number})" if person else actor


def _differences(before: Any, after: Any) -> list[str]:
    if not isinstance(before, dict | None) or not isinstance(after, dict | None):
        return [f"{_short(before)} → {_short(after)}"]
    old, new = before or {}, after or {}
    lines = []
    for name in dict.fromkeys([*old, *new]):
        if name in old and name in new:
            if old[name] != new[name]:
                lines.append(f"{name}: {_short(old[name])} → {_short(new[name])}")
        elif before is None or after is None:  # made or gone as a whole
            lines.append(f"{name}: {_short(new[name] if name in new else old[name])}")
        else:
            lines.append(f"{name}: {_short(old.get(name))} → {_short(new.get(name))}")
    return lines


def _short(value: Any) -> str:
    return NOTHING if value is None else str(value)
