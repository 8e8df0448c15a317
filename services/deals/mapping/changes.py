"""What has to be written to a twin, so that only changed fields are, and home edits are known as such."""

from collections.abc import Collection
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any, Literal

from services.deals.mapping.canonical import is_empty, seen
from services.deals.mapping.model import (
    FUNNEL,
    STAGE,
    Changes,
    Edit,
    LinkValues,
    Mapped,
    Mapping,
    Owner,
    Values,
    When,
)
from services.deals.mapping.schema import PortalSchema
from storage.forgotten_links import FORGOTTEN

_NONE = object()
_Verdict = Literal["quiet", "written", "overwritten", "kept", "asked"]
_WRITTEN = ("written", "overwritten")
_OWNERS: Map[Owner, _Verdict] = {"source": "overwritten", "home": "kept", "ask": "asked"}


def twin_values(mapping: Mapping, home: PortalSchema, fields: Map[str, Any]) -> dict[str, Any]:
    """The twin's canonical values of the mapped fields, from what crm.deal.get or crm.deal.list gave."""
    return {
        name: seen(home.fields[name], fields[name])
        for name in mapping.targets
        if name in fields and name in home.fields
    }


def changes(
    mapping: Mapping,
    mapped: Mapped,
    link: LinkValues | None,
    twin: Values | None,
    *,
    taken: Collection[str] = (),
    settled: Collection[str] = (),
) -> Changes:
    """What to do, `twin` being None for a deal that is still to be added.

    A field is written when the source's value is another one than at the last transfer, or the twin's is
    another one than was read back then; what the home portal made of a value is no change. Without a link
    everything that differs is written. `owner` decides about what was edited at home; for the fields in
    `taken` somebody has decided that the source's value is to hold, for those in `settled` that home's is, as
    if it had never been another.
    """
    if twin is None:
        return Changes(_added(mapped))
    judging = _Judging(mapping, mapped, link or LinkValues({}, {}), twin, taken, settled)
    judged = [(judging.verdict(name), judging.edit(name)) for name in sorted(mapped.values)]
    write = {edit.field: mapped.sent(edit.field) for verdict, edit in judged if verdict in _WRITTEN}
    write |= _stamped(mapping, mapped, twin, changed=bool(write))
    return Changes(
        write,
        tuple(edit for verdict, edit in judged if verdict == "overwritten"),
        tuple(edit for verdict, edit in judged if verdict == "kept"),
        tuple(edit for verdict, edit in judged if verdict == "asked"),
        known=dict(link.target) if link else {},
        unjudged=_unjudged(mapped, link),
    )


def _unjudged(mapped: Mapped, link: LinkValues | None) -> frozenset[str]:
    """Fields that the twin is known to hold and that the source says nothing of now."""
    known = link.target.keys() - {FORGOTTEN} if link else frozenset[str]()
    return frozenset(known - mapped.values.keys() - mapped.stamps.keys())


@dataclass(frozen=True, slots=True)
class _Judging:
    mapping: Mapping
    mapped: Mapped
    link: LinkValues
    twin: Values
    taken: Collection[str]
    settled: Collection[str]

    def edit(self, name: str) -> Edit:
        return Edit(name, self.twin.get(name), self.mapped.values[name])

    def verdict(self, name: str) -> _Verdict:
        edit, when = self.edit(name), self._when(name)
        if edit.before == edit.after or when == "on_add":
            return "quiet"
        if name == FUNNEL and STAGE in self.mapped.values:
            return self.verdict(STAGE)
        if when == "if_empty":
            news = self._is_empty(name, edit.before) and not self._is_empty(name, edit.after)
            return "written" if news else "quiet"
        if self._is_edited(edit):
            if name in self.settled:
                return "quiet"
            return "overwritten" if name in self.taken else _OWNERS[self.mapping.rule_of(name).owner]
        return "written" if self._is_news(edit) else "quiet"

    def _when(self, name: str) -> When:
        fixed = self.mapped.type_of(name).is_immutable and name != FUNNEL
        return "on_add" if fixed else self.mapping.rule_of(name).when

    def _is_empty(self, name: str, value: Any) -> bool:
        return is_empty(self.mapped.type_of(name), value)

    def _is_edited(self, edit: Edit) -> bool:
        """At home, since the last transfer; what was there before the first one counts, too.

        What the twin held of somebody who was forgotten since is not known: that is no edit.
        """
        if edit.field in self.link.target.get(FORGOTTEN, ()):
            return False
        if edit.field in self.link.target:
            return bool(self.link.target[edit.field] != edit.before)
        return not self._is_empty(edit.field, edit.before)

    def _is_news(self, edit: Edit) -> bool:
        return bool(self.link.source.get(edit.field, _NONE) != edit.after)


def _added(mapped: Mapped) -> dict[str, Any]:
    given = mapped.values | mapped.stamps
    return {name: mapped.sent(name) for name, value in given.items() if value not in (None, [])}


def _stamped(mapping: Mapping, mapped: Mapped, twin: Values, *, changed: bool) -> dict[str, Any]:
    """Moments go with other changes, or where there is none yet."""
    due = {
        "always": lambda name: changed,
        "if_empty": lambda name: is_empty(mapped.type_of(name), twin.get(name)),
    }
    rules = {name: mapping.rule_of(name).when for name in mapped.stamps}
    return {name: mapped.sent(name) for name, when in rules.items() if when in due and due[when](name)}
