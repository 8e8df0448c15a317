"""From a source's field to the twin's: types, choices and stages are other ones in each portal."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.deals.mapping.canonical import canonical, each, text
from services.deals.mapping.model import LONGEST_VALUE, Problem, Rule, Trouble, answer_key
from services.deals.mapping.schema import FieldType, spoken
from storage.texts import storable

Answers = Mapping[tuple[str, str], str]
_TEXTS = frozenset({"string", "text", "url", "address"})
_MIDNIGHT = "T00:00:00+00:00"
NOTHING = ""  # the answer that leaves a value out


class LeftOut(Exception):
    """The field cannot be made. For this package alone: it ends as a Problem."""

    def __init__(self, kind: Trouble, value: str = "", title: str = "", *, is_open: bool = False) -> None:
        super().__init__(kind)
        self._kind, self._title = kind, title[:LONGEST_VALUE]
        self._value = storable(value)[:LONGEST_VALUE]
        self._is_open = is_open

    def of(self, target: str) -> Problem:
        """What is told of it."""
        return Problem(target, self._kind, self._value, self._title, self._is_open)


class LeftAlone(Exception):
    """Somebody has answered that nothing of it goes into the field. For this package alone."""


def converted(
    rule: Rule, source: FieldType, home: FieldType, raw: Any, *, currency: str, answers: Answers
) -> Any:
    """The twin's canonical value; None when the source says nothing. Raises LeftOut, LeftAlone."""
    made = [
        _chosen(rule, home, said, answers)
        if home.is_chosen or rule.values or home.is_link
        else _typed(source, home, part, said, currency)
        for part, said in _told(source, raw)
    ]
    taken = [one for one in made if one is not None]
    if made and not taken:
        raise LeftAlone
    return _together(home, taken) if taken else None


def constant(home: FieldType, raw: Any) -> Any:
    """The twin's canonical value of what stands in the file: a choice by its text or id. Raises LeftOut.

    None and "" are the field's own nothing.
    """
    given = [one for one in (raw if isinstance(raw, list) else [raw]) if one is not None and one != ""]
    return _together(home, [_picked(home, str(one)) if home.is_chosen else one for one in given])


def told(source: FieldType, raw: Any) -> str:
    """A source's value as people read it. Raises LeftOut."""
    return ", ".join(said for _, said in _told(source, raw))


def _told(source: FieldType, raw: Any) -> Iterator[tuple[Any, str]]:
    try:
        parts = each(source, raw)
    except ValueError:
        raise LeftOut("value", _shown(raw)) from None
    if source.type == "datetime" and not source.is_multiple:
        parts = [str(raw).strip() for _ in parts]  # with the offset of the people there
    return ((part, _said(source, part)) for part in parts)


def _shown(raw: Any) -> str:
    try:
        return text(raw) or ""
    except ValueError:
        return type(raw).__name__


def _said(source: FieldType, part: Any) -> str:
    if isinstance(part, bool):
        return "Y" if part else "N"
    if not source.is_chosen:
        return str(part)
    if (name := source.items.get(str(part))) is None:
        raise LeftOut("choice", str(part))
    return name


def _chosen(rule: Rule, home: FieldType, said: str, answers: Answers) -> Any:
    """What a text is at home; None when somebody has answered that it is nothing there."""
    if (named := rule.values.get(spoken(said))) is not None:
        return _picked(home, named) if home.is_chosen else named
    if home.is_chosen and (found := home.choice(said)) is not None:
        return found
    if not home.is_chosen and not home.is_link:
        return said
    answer = answers.get(answer_key(rule.target, said))
    if answer == NOTHING:
        return None
    if answer is not None and (found := _answered(home, answer)) is not None:
        return found
    raise LeftOut("choice" if home.is_chosen or rule.values else "link", said, said, is_open=True)


def _answered(home: FieldType, answer: str) -> str | None:
    """What an answer names; None when the home portal has it no more."""
    return answer if not home.is_chosen or answer in home.items else home.choice(answer)


def _picked(home: FieldType, named: str) -> str:
    found = home.choice(named)
    if found is None and named in home.items:
        found = named
    if found is None:
        raise LeftOut("choice", named, named)
    return found


def _typed(source: FieldType, home: FieldType, part: Any, said: str, currency: str) -> Any:
    if source.is_chosen:
        return said
    match home.type:
        case "date" if source.type == "datetime":
            return str(part)[:10]
        case "datetime" if source.type == "date":
            return f"{part}{_MIDNIGHT}"
        case "money" if "|" not in said:
            return f"{said}|{currency}"
        case "boolean" | "char" | "double":
            return part
    return said


def _together(home: FieldType, made: list[Any]) -> Any:
    if home.type in _TEXTS and not home.is_multiple and len(made) > 1:
        made = [", ".join(map(str, made))]
    if len(made) > 1 and not home.is_multiple:
        raise LeftOut("value", ", ".join(map(str, made)))
    try:
        return canonical(home, made if home.is_multiple else made[0] if made else None)
    except ValueError:
        raise LeftOut("value", ", ".join(map(_shown, made))) from None
