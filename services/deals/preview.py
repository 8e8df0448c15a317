"""What a transfer would write to a deal's twin now. Nothing is written, here or in any portal."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from services.bitrix24.errors import PortalUnavailable
from services.deals.looking import Look, Looking
from services.deals.mapping.changes import changes, twin_values
from services.deals.mapping.model import FUNNEL, STAGE, Changes, LinkValues, Rule, Values
from services.deals.mapping.readable import readable, readable_source
from services.deals.model import DealKey
from services.deals.reading import Fields
from services.deals.twins import Twins
from storage import deal_links
from storage.deal_links import DealLink

Verdict = Literal["written", "overwritten", "kept", "asked", "left_out", "stays", "unchanged", "nothing"]
NEWS: frozenset[Verdict] = frozenset({"written", "overwritten", "kept", "asked", "left_out"})


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the twin, its values as people read them; "" is nothing.

    `overwritten`: an edit at home would be undone. `stays`: the values differ, and `why` (the rule's `when`)
    leaves it so, "always" meaning that the home portal made of it what it is. `nothing`: the source has
    nothing for it. Of `left_out` `why` is the Problem's kind.
    """

    field: str
    source: str
    planned: str
    present: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transfer would come to by the mapping `label`; `twin` is None when it would be made anew.

    `gone`: the twin that it had, when somebody deleted that at home. Nothing is written then unless somebody
    asks for a transfer, and that is what the rest is about.
    `bound`: which of contacts, company and product rows would be brought over, as `looking` names them.
    `passed_by`: the source's own fields and links to items that hold something and that no rule takes.
    """

    key: DealKey
    twin: int | None
    label: str
    lines: tuple[Line, ...]
    bound: frozenset[str]
    passed_by: tuple[str, ...] = ()
    gone: int | None = None

    @property
    def news(self) -> tuple[Line, ...]:
        """The fields that differ, and those of which that is not known."""
        return tuple(line for line in self.lines if line.verdict in NEWS)

    @property
    def writes(self) -> int:
        """How many fields would be written."""
        return sum(line.verdict in ("written", "overwritten") for line in self.lines)


@dataclass(frozen=True, slots=True)
class Preview:
    """Makes plans."""

    looking: Looking
    twins: Twins

    async def of(self, key: DealKey) -> Plan | None:
        """The plan for a source's deal; None: there is no such deal. Raises KeyError, what portals raise."""
        look = await self.looking.at(key, urgent=True)
        if look is None:
            return None
        link = await self.looking.database.read(lambda tx: deal_links.of_source(tx, key.domain, key.id))
        linked, target, twin = await self._twin(key, link)
        lines = _Drawing(look, linked, twin).lines()
        bound, passed_by = look.bound_otherwise(linked), _passed_by(look)
        gone = link.target_deal_id if link and not linked else None
        return Plan(key, target, look.rules.label, tuple(lines), bound, tuple(passed_by), gone)

    async def _twin(
        self, key: DealKey, link: DealLink | None
    ) -> tuple[DealLink | None, int | None, Fields | None]:
        """By the link, which is given back while its twin is there; else by its origin."""
        if link and (twin := await self.twins.read(link.target_deal_id, urgent=True)) is not None:
            return link, link.target_deal_id, twin
        target = await self.twins.of_origin(key, urgent=True)
        if target is None:
            return None, None, None
        return None, target, await self.twins.read(target, urgent=True)


class _Drawing:
    """One deal's lines."""

    def __init__(self, look: Look, link: DealLink | None, twin: Fields | None) -> None:
        self._look = look
        self._home = look.mapped.home
        self._is_new = twin is None
        self._present: Values = twin_values(look.rules, self._home, twin or {})
        known = LinkValues(link.source_values, link.target_values) if link else None
        self._todo: Changes = changes(look.rules, look.mapped, known, None if twin is None else self._present)
        self._edits = dict(_edits(self._todo))
        self._problems = {problem.field: problem for problem in look.mapped.problems}

    def lines(self) -> Iterator[Line]:
        """In the file's order, the funnel behind its stage."""
        for name, rule in self._look.rules.rules.items():
            yield self._line(name, rule)
            if name == STAGE and FUNNEL in self._look.mapped.values and FUNNEL not in self._look.rules.rules:
                yield self._line(FUNNEL, rule)

    def _line(self, name: str, rule: Rule) -> Line:
        verdict, why = self._verdict(name, rule)
        return Line(
            name,
            self._said(name, rule),
            readable(self._home, name, self._planned(name)),
            readable(self._home, name, self._present.get(name)),
            verdict,
            why,
        )

    def _planned(self, name: str) -> Any:
        mapped = self._look.mapped
        return mapped.values.get(name, mapped.stamps.get(name))

    def _verdict(self, name: str, rule: Rule) -> tuple[Verdict, str]:
        if name in self._problems:
            return "left_out", self._problems[name].kind
        if name in self._edits:
            return self._edits[name], ""
        if name in self._todo.write:
            return "written", ""
        if rule.when == "never":
            return "stays", rule.when
        planned = self._planned(name)
        if planned is None and (self._is_new or name not in self._look.mapped.values):
            return "nothing", ""
        return ("unchanged", "") if planned == self._present.get(name) else ("stays", rule.when)

    def _said(self, name: str, rule: Rule) -> str:
        """What the source has; of what is made otherwise, how."""
        if not rule.source:
            return rule.concat
        source = FUNNEL if name == FUNNEL else rule.source
        return readable_source(self._look.there, source, self._look.deal.fields.get(source))


def _passed_by(look: Look) -> list[str]:
    deal = look.deal.deal
    try:
        filled = {*deal.own_fields, *deal.parents}
    except ValueError as error:
        raise PortalUnavailable(f"a deal in another shape: {error}") from error
    return sorted(filled - look.rules.sources)


def _edits(todo: Changes) -> Iterator[tuple[str, Verdict]]:
    """What becomes of the fields that were edited at home."""
    yield from ((edit.field, "overwritten") for edit in todo.overwritten)
    yield from ((edit.field, "kept") for edit in todo.kept)
    yield from ((edit.field, "asked") for edit in todo.asked)
