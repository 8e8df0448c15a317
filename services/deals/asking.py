"""What a transfer asks people: about unknown values, edits on both sides, and what was deleted on one."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.deals.item import PAGE
from services.deals.looking import LEFT_OUT, Look
from services.deals.mapping.canonical import fingerprint
from services.deals.mapping.converting import NOTHING
from services.deals.mapping.model import FUNNEL, STAGE, Changes, Edit, Problem
from services.deals.mapping.model import Mapping as Rules
from services.deals.mapping.readable import readable
from services.deals.mapping.unknown import is_unknown, offered, stage_title
from services.deals.model import DealKey
from services.flow.batches import shortened
from services.flow.inquiries import Ask, Choice
from services.flow.items import Link
from services.flow.messages import Text
from storage.deal_links import DealLink

MAPPING, CONFLICT, DELETED, GONE = "mapping", "conflict", "deleted", "gone"  # kinds of inquiries
TAKE, KEEP, DELETE, LEAVE, ANEW = "take", "keep", "delete", "leave", "anew"  # answers
LONGEST_KEY = 200  # characters of an inquiry's key
SHOWN = 150  # characters of a value

Subject = tuple[str, str]  # an inquiry's kind and key


def digest(edit: Edit) -> str:
    """What a field's two values are known by, so that nobody's answer holds for others."""
    return fingerprint({"field": edit.field, "home": edit.before, "source": edit.after})


def fitting(key: str) -> str:
    """A key that there is room for."""
    return key if len(key) <= LONGEST_KEY else sha256(key.encode()).hexdigest()


def value_key(domain: str, target: str, value: str) -> str:
    """One inquiry for a value of a source, whichever deals show it."""
    return fitting(f"{domain}|{target}|{value}")


def field_key(key: DealKey, target: str) -> str:
    """One inquiry for a field of a deal."""
    return fitting(f"{key.text}|{target}")


@dataclass(frozen=True, slots=True)
class Questions:
    """Words the questions about one deal. `home` is the home portal's domain."""

    key: DealKey
    home: str

    def values(self, look: Look) -> Iterator[Ask]:
        """What neither the file nor an answer knows."""
        for problem in look.mapped.problems:
            there, home = look.there, look.mapped.home
            choices = (
                offered(look.rules, there, home, problem.field, problem.value) if problem.is_open else []
            )
            if choices:
                yield self._value(look, problem, [Choice(value, label) for value, label in choices])

    def _value(self, look: Look, problem: Problem, choices: list[Choice]) -> Ask:
        domain, (target, value) = self.key.domain, problem.key
        leave = Choice(NOTHING, text=Text("inquiry-leave-out"))
        details = {
            "domain": domain,
            "field": target,
            "value": value,
            "outdated": look.answers.get(problem.key),  # an answer that the home portal knows no more
        }
        return Ask(
            MAPPING,
            value_key(domain, target, value),
            (_unknown(look, problem, domain), self._shown_by(look)),
            (*choices, leave),
            details,
            self._page(domain, self.key.id),
        )

    def _shown_by(self, look: Look) -> Text:
        title = _cut(look.deal.deal.title or "–")
        return Text("inquiry-shown-by", {"title": title, "id": self.key.id})

    def conflicts(self, look: Look, todo: Changes, target: int) -> Iterator[Ask]:
        """Fields that were edited at home while the file says `ask`; the funnel goes with its stage."""
        names = {edit.field for edit in todo.asked}
        for edit in todo.asked:
            if edit.field != FUNNEL or STAGE not in names:
                yield self._conflict(look, edit, target)

    def _conflict(self, look: Look, edit: Edit, target: int) -> Ask:
        home, name = look.mapped.home, edit.field
        theirs, ours = (_cut(readable(home, name, value)) or "–" for value in (edit.after, edit.before))
        about = self._about(look.deal.deal.title) | {"field": look.mapped.type_of(name).title or name}
        return Ask(
            CONFLICT,
            field_key(self.key, name),
            (Text("inquiry-conflict", about), Text("inquiry-values", {"theirs": theirs, "ours": ours})),
            (
                Choice(TAKE, text=Text("inquiry-take", {"value": theirs})),
                Choice(KEEP, text=Text("inquiry-keep", {"value": ours})),
            ),
            self._details() | {"field": name, "shown": digest(edit)},
            self._page(self.home, target),
        )

    def deleted(self, link: DealLink) -> Ask:
        """The source's deal is gone, and its twin is there."""
        return Ask(
            DELETED,
            fitting(self.key.text),
            (Text("inquiry-deleted", self._about(link.target_values.get("TITLE"))),),
            (
                Choice(LEAVE, text=Text("inquiry-leave-twin")),
                Choice(DELETE, text=Text("inquiry-delete-twin")),
            ),
            self._details(),
            self._page(self.home, link.target_deal_id),
        )

    def gone(self, look: Look) -> Ask:
        """Somebody has deleted the twin of a deal that is there."""
        return Ask(
            GONE,
            fitting(self.key.text),
            (Text("inquiry-gone", self._about(look.deal.deal.title)),),
            (Choice(ANEW, text=Text("inquiry-anew")), Choice(LEAVE, text=Text("inquiry-leave-gone"))),
            self._details(),
            self._page(self.key.domain, self.key.id),
        )

    def _about(self, title: Any) -> dict[str, Any]:
        return {"deal": self.key.text, "title": _cut(str(title or "–"))}

    def _details(self) -> dict[str, Any]:
        return {"domain": self.key.domain, "id": self.key.id}

    def _page(self, domain: str, number: int) -> Link:
        return Link("button-open-portal", PAGE.format(domain=domain, id=number))

    def former(self, rules: Rules, link: DealLink, look: Look | None) -> Iterator[Subject]:
        """What may have been asked by the time of a link, and what is known by now of values asked about."""
        if link.deleted_at:
            yield DELETED, fitting(self.key.text)
        if link.is_lost:
            yield GONE, fitting(self.key.text)
        elif fingerprint(link.target_values) != link.target_fingerprint:  # some edits at home stayed
            yield from ((CONFLICT, field_key(self.key, name)) for name in _may_be_asked(rules, link))
        if look:
            yield from self._known_now(look, link)

    def _known_now(self, look: Look, link: DealLink) -> Iterator[Subject]:
        for target, value in link.source_values.get(LEFT_OUT, ()):
            if value and not is_unknown(look.rules, look.there, look.mapped.home, target, value):
                yield MAPPING, value_key(self.key.domain, target, value)


def _may_be_asked(rules: Rules, link: DealLink) -> list[str]:
    """Fields of which both sides may have been shown to somebody; by other rules than now any of them."""
    if link.mapping_version != rules.label:
        return sorted({*link.source_values, *link.target_values, *rules.rules})
    return [name for name, rule in rules.rules.items() if rule.owner == "ask"]


def _unknown(look: Look, problem: Problem, domain: str) -> Text:
    if problem.field != STAGE:
        title = look.mapped.type_of(problem.field).title or problem.field
        return Text("inquiry-choice", {"domain": domain, "field": title, "value": _cut(problem.value)})
    stage = look.there.stages.get(problem.value)
    name = stage_title(look.there, stage) if stage else problem.value
    return Text("inquiry-stage", {"domain": domain, "stage": _cut(name)})


def _cut(text: str) -> str:
    return shortened(" ".join(text.split()), SHOWN)
